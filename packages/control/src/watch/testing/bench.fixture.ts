import { silentLog } from "@heddle/mesh/base/log.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { AppSpec, Desired, Observed, SocketsBound, WorkloadSpec } from "../../host/link.ts";
import { MemoryStore } from "../../store/memory.ts";
import type { ObjectKey } from "../../store/store.ts";
import { Controller } from "../controller.ts";

/** A controller over a store and a make-believe supervisor that binds what it is told to. */
export class Bench {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  /** Names of workloads whose application is ready. */
  readonly ready = new Set<string>();
  /** Names of workloads that are not ready again once they were restarted. */
  readonly broken = new Set<string>();
  /** Names of workloads in the order in which they were restarted. */
  readonly restarted: string[] = [];
  /** As what applications run, by uid. */
  readonly #running = new Map<string, AppSpec>();
  controller: Controller | null = null;
  desired: Desired = { type: "desired", sockets: [], workloads: [] };
  #uids = 0;

  constructor(store = new MemoryStore("epoch")) {
    this.store = store;
  }

  async open(): Promise<Controller> {
    this.controller = await Controller.open({
      store: this.store,
      clock: this.clock,
      log: silentLog,
      newUid: () => `uid-${this.#uids++}`,
      revision: () => 1,
      endpointsVersion: 0,
      stateDir: "/state",
      hashKey: "0".repeat(32),
      workingDir: "/work",
      events: {
        onDesired: (desired) => {
          this.desired = desired;
          for (const spec of desired.workloads) this.#run(spec);
          this.report();
        },
        onDocuments: () => {},
        onSettled: () => {},
      },
    });
    await this.settle();
    return this.controller;
  }

  /** Lets everything happen that is due, drains included. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const hasStepped = this.clock.step();
      for (let turn = 0; turn < 20; turn++) await null;
      idle = hasStepped ? 0 : idle + 1;
    }
  }

  /** As the supervisor does: what runs runs on until it may restart. */
  #run({ uid, name, app, mayRestart }: WorkloadSpec): void {
    if (app === null || (this.#running.has(uid) && !(mayRestart && this.#isOutdated(uid, app))))
      return;
    if (this.#running.has(uid)) {
      this.restarted.push(name);
      if (this.broken.has(name)) this.ready.delete(name);
    }
    this.#running.set(uid, app);
  }

  #isOutdated(uid: string, app: AppSpec | null): boolean {
    const running = this.#running.get(uid);
    return running !== undefined && running.command.join() !== app?.command.join();
  }

  observed(): Observed {
    return {
      type: "observed",
      workloads: this.desired.workloads.map(({ uid, name, app, drain }) => ({
        uid,
        isOutdated: this.#isOutdated(uid, app),
        app:
          app === null
            ? null
            : {
                phase: drain ? "exited" : "running",
                ready: !drain && this.ready.has(name),
                pid: 1,
                restarts: 0,
                reason: "test",
                sinceWallMs: 0,
                startedMs: null,
              },
        proxy: null,
        ports: { http: 1000 + hash(`${name}/http`) },
      })),
    };
  }

  sockets(): SocketsBound {
    const ports = this.desired.sockets.map(({ name }) => [name, 1000 + hash(name)]);
    return { type: "sockets", ports: Object.fromEntries(ports), failed: {} };
  }

  report(): void {
    this.controller?.bind(this.sockets());
    this.controller?.observe(this.observed());
  }

  /** Every proxy acknowledges what is meant for it. */
  acknowledgeAll(): void {
    const controller = this.controller!;
    for (const uid of controller.views.keys()) {
      controller.acknowledged(uid, controller.snapshotFor(uid)!, new Map());
    }
  }

  async put(collection: string, resource: Resource): Promise<void> {
    const key: ObjectKey = { collection, namespace: "default", name: resource.metadata.name };
    const op = (await this.store.get(key)) === null ? "create" : "update";
    await this.store.commit([{ op, key, object: resource, expect: null }]);
  }

  async remove(collection: string, name: string): Promise<void> {
    const key: ObjectKey = { collection, namespace: "default", name };
    await this.store.commit([{ op: "delete", key, expect: null }]);
  }

  /** All documents of all proxies. */
  documents(): Readonly<Record<string, unknown>> {
    const { views } = this.controller!;
    return Object.fromEntries(
      [...views.values()]
        .map(
          ({ uid, name }) =>
            [name, Object.fromEntries(this.controller!.snapshotFor(uid)!.documents)] as const,
        )
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
}

const meta = (name: string) => ({ name, namespace: "default", uid: `of-${name}` });
export const process = (
  name: string,
  replicas: number,
  calls: readonly string[] = [],
  command = "x",
): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Process",
  metadata: { ...meta(name), labels: { app: name } },
  spec: { replicas, command: [command], ports: [{ name: "http" }], calls },
});
export const service = (name: string, app: string): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta(name),
  spec: { selector: { app }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
});
export const placement = (name: string, target: string, slots: number): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Placement",
  metadata: { ...meta(name), creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    targetRefs: [{ group: "", kind: "Service", name: target }],
    key: { source: true },
    slots,
  },
});
export const route = (name: string, parent: string, backend: string): Resource => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { ...meta(name), creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    parentRefs: [{ group: "", kind: "Service", name: parent }],
    rules: [{ backendRefs: [{ name: backend, port: 80 }] }],
  },
});

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (Math.imul(value, 31) + char.charCodeAt(0)) >>> 0;
  return value % 60_000;
}
