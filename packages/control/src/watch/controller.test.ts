import { silentLog } from "@heddle/mesh/base/log.ts";
import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { ProxyDoc } from "@heddle/mesh/model/document.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import type { Desired, Observed, SocketsBound } from "../host/link.ts";
import { MemoryStore } from "../store/memory.ts";
import type { ObjectKey } from "../store/store.ts";
import { Controller } from "./controller.ts";

/** A controller over a store and a make-believe supervisor that binds what it is told to. */
class Bench {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly ready = new Set<string>();
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
      workingDir: "/work",
      events: {
        onDesired: (desired) => {
          this.desired = desired;
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

  observed(): Observed {
    return {
      type: "observed",
      workloads: this.desired.workloads.map(({ uid, name, app, drain }) => ({
        uid,
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
const process = (name: string, replicas: number, calls: readonly string[] = []): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Process",
  metadata: { ...meta(name), labels: { app: name } },
  spec: { replicas, command: ["x"], ports: [{ name: "http" }], calls },
});
const service = (name: string, app: string): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta(name),
  spec: { selector: { app }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
});
const placement = (name: string, target: string, slots: number): Resource => ({
  apiVersion: "heddle.dev/v1alpha1",
  kind: "Placement",
  metadata: { ...meta(name), creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    targetRefs: [{ group: "", kind: "Service", name: target }],
    key: { source: true },
    slots,
  },
});
const route = (name: string, parent: string, backend: string): Resource => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { ...meta(name), creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    parentRefs: [{ group: "", kind: "Service", name: parent }],
    rules: [{ backendRefs: [{ name: backend, port: 80 }] }],
  },
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "whatever happened, a controller that starts from nothing comes to the same documents (seed %i)",
  async (seed) => {
    const bench = new Bench();
    await bench.open();
    const rng = new SeededRng(seed);
    for (let step = 0; step < 60; step++) {
      await act(bench, rng);
      if (rng.below(3) > 0) await bench.settle();
      if (rng.below(3) > 0) bench.acknowledgeAll();
    }
    await bench.settle();
    bench.acknowledgeAll();
    await bench.settle();

    const fresh = new Bench(bench.store);
    for (const name of bench.ready) fresh.ready.add(name);
    await fresh.open();
    fresh.acknowledgeAll();
    await fresh.settle();
    // What was an endpoint once stays one when it is not ready; a fresh one has not seen it ready.
    expect(withoutAway(fresh.documents())).toEqual(withoutAway(bench.documents()));
    expect(fresh.desired).toEqual(bench.desired);
  },
);

test("nothing is desired twice: a controller that starts again asks for what runs", async () => {
  const bench = new Bench();
  await bench.open();
  await bench.put("processes.heddle.dev", process("kvs", 3));
  await bench.put("services", service("kvs", "kvs"));
  await bench.settle();
  const { desired } = bench;
  bench.controller!.close();
  const again = new Bench(bench.store);
  await again.open();
  expect(again.desired).toEqual(desired);
  expect(desired.workloads.map(({ name }) => name)).toEqual(["kvs-0", "kvs-1", "kvs-2"]);
});

test("another service account is another workload", async () => {
  const bench = new Bench();
  await bench.open();
  await bench.put("processes.heddle.dev", process("kvs", 1));
  await bench.settle();
  const before = [...bench.controller!.views.keys()];
  const changed = process("kvs", 1);
  const spec = { ...(changed.spec as object), serviceAccountName: "other" };
  await bench.put("processes.heddle.dev", { ...changed, spec });
  await bench.settle();
  const after = [...bench.controller!.views.values()];
  expect(after.map(({ name, identity }) => [name, identity])).toEqual([
    ["kvs-0", "spiffe://heddle.local/ns/default/sa/other"],
  ]);
  expect(before).not.toContain(after[0]!.uid);
});

test("a proxy's document tells every visible service, its other documents only what it needs", async () => {
  const bench = new Bench();
  await bench.open();
  for (const name of ["a", "b", "c"]) {
    await bench.put("processes.heddle.dev", process(name, 1, name === "a" ? ["b"] : []));
    await bench.put("services", service(name, name));
  }
  await bench.put("httproutes.gateway.networking.k8s.io", route("b", "b", "c"));
  await bench.settle();
  const documents = bench.documents()["a-0"] as Readonly<Record<string, unknown>>;
  const outbound = (documents["proxy"] as ProxyDoc).outbound.map((one) => one.service);
  expect(outbound).toEqual(["default/a", "default/b", "default/c"]);
  // Its own, the one it calls, and where the route of that one leads.
  const services = Object.keys(documents).filter((key) => key.startsWith("service/"));
  expect(services.sort()).toEqual(["service/default/a", "service/default/b", "service/default/c"]);
  const of = (name: string) => Object.keys(bench.documents()[name] as object).sort();
  expect(of("c-0")).toEqual(["endpoints/default/c", "proxy", "service/default/c"]);
});

async function act(bench: Bench, rng: Rng): Promise<void> {
  const name = ["a", "b", "c"][rng.below(3)]!;
  const other = ["a", "b", "c", "d"][rng.below(4)]!;
  switch (rng.below(8)) {
    case 0:
    case 1:
      return bench.put("processes.heddle.dev", process(name, rng.below(4), [other]));
    case 2:
      return bench.put("services", service(name, other));
    case 3:
      return bench.remove("services", name);
    case 4:
      return bench.put("placements.heddle.dev", placement(name, other, 4 + rng.below(3)));
    case 5:
      return bench.remove("placements.heddle.dev", name);
    case 6:
      return bench.put("httproutes.gateway.networking.k8s.io", route(name, name, other));
    default: {
      const workload = `${name}-${rng.below(3)}`;
      if (rng.below(3) === 0) bench.ready.delete(workload);
      else bench.ready.add(workload);
      bench.report();
    }
  }
}

function withoutAway(documents: unknown): unknown {
  return JSON.parse(JSON.stringify(documents), (key, value) =>
    key === "endpoints" && Array.isArray(value)
      ? value.filter(({ state }) => state.phase !== "away")
      : value,
  );
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (Math.imul(value, 31) + char.charCodeAt(0)) >>> 0;
  return value % 60_000;
}
