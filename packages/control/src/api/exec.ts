import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import { checkResource } from "@heddle/mesh/resource/check.ts";
import { type Workload, workloadKind } from "@heddle/mesh/resource/heddle/workload.ts";
import type { Store } from "../store/store.ts";
import type { Controller } from "../watch/controller.ts";
import { directEnvironmentOf, environmentOf } from "../watch/environment.ts";
import {
  drainFinalizer,
  keyOfWorkload,
  markDeleted,
  timestamp,
  workloadCollection,
} from "../watch/workload-plan.ts";
import type { JsonLines } from "./http.ts";
import { problemOf } from "./resources.ts";
import { ApiError, invalid } from "./status.ts";
import type { ExecGrant, ExecRequest } from "./verbs.ts";

export interface ExecContext {
  readonly store: Store;
  readonly controller: Controller;
  readonly clock: Clock;
  readonly newUid: () => string;
  /** Called back after each pass of the controller; returns how to stop that. */
  readonly onSettled: (callback: () => void) => () => void;
}

/** Marks a workload whose command runs elsewhere; its value is the process that runs it, or `none`. */
export const guestAnnotation = "heddle.dev/guest";
const readyTimeoutMs = 15_000;
const lookMs = 2_000;

/**
 * Gives a command that runs elsewhere a place in the mesh: a workload with a proxy and no process. It lasts as long as
 * the stream.
 */
export async function serveExec(
  request: ExecRequest,
  context: ExecContext,
  lines: JsonLines,
): Promise<void> {
  const { store, controller, clock } = context;
  const workload = guestOf(request, context);
  const key = keyOfWorkload(workload);
  const outcome = await store.commit([{ op: "create", key, object: workload }]);
  if (!outcome.ok) throw problemOf(workloadKind, key, outcome);
  const uid = workload.metadata.uid!;
  try {
    await untilReady(uid, context, lines);
    if (lines.isOpen) {
      const grant: ExecGrant = {
        uid,
        name: key.name,
        namespace: key.namespace,
        env: environment(key, controller),
      };
      lines.write(grant);
    }
    await lines.closed;
  } finally {
    await removeGuest(store, key, clock.wallMs());
  }
}

/** Guests of an earlier life of the control plane: their streams are gone, so their processes are looked after. */
export class GuestWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #isAlive: (pid: number) => boolean;
  #timer: Timer | null = null;
  #isClosed = false;

  /** @param isAlive does this process of this machine run? */
  constructor(store: Store, clock: Clock, isAlive: (pid: number) => boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#isAlive = isAlive;
  }

  /** Removes those whose process is gone, now and from now on. Those that come later have streams of their own. */
  async start(): Promise<void> {
    const { items } = await this.#store.list(workloadCollection, null);
    const isGuest = ({ metadata }: Workload) =>
      metadata.annotations?.[guestAnnotation] !== undefined;
    await this.#look((items as readonly Workload[]).filter(isGuest));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #look(guests: readonly Workload[]): Promise<void> {
    const living: Workload[] = [];
    for (const guest of guests) {
      const pid = Number(guest.metadata.annotations?.[guestAnnotation]);
      if ((pid > 1 && this.#isAlive(pid)) || !(await this.#remove(guest))) living.push(guest);
    }
    if (living.length > 0 && !this.#isClosed)
      this.#timer = this.#clock.after(lookMs, () => void this.#look(living));
  }

  /** False: the store could not, and is asked again. */
  #remove(guest: Workload): Promise<boolean> {
    return removeGuest(this.#store, keyOfWorkload(guest), this.#clock.wallMs()).then(
      () => true,
      () => false,
    );
  }
}

async function removeGuest(
  store: Store,
  key: ReturnType<typeof keyOfWorkload>,
  nowWallMs: number,
): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const stored = (await store.get(key)) as Workload | null;
    if (stored === null || stored.metadata.deletionTimestamp !== undefined) return;
    if ((await store.commit([markDeleted(stored, nowWallMs)])).ok) return;
  }
}

function guestOf(request: ExecRequest, { clock, newUid }: ExecContext): Workload {
  const { name, namespace, serviceAccountName, pid } = request;
  const checked = checkResource(workloadKind, {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Workload",
    metadata: { name, namespace },
    spec: { serviceAccountName: serviceAccountName ?? name },
  });
  if (!checked.ok) {
    throw invalid(
      { kind: "Workload", group: workloadKind.group, name: String(name) },
      checked.problems,
    );
  }
  const workload = checked.resource as Workload;
  return {
    ...workload,
    metadata: {
      ...workload.metadata,
      uid: newUid(),
      generation: 1,
      creationTimestamp: timestamp(clock.wallMs()),
      annotations: { [guestAnnotation]: pid === null ? "none" : String(pid) },
      finalizers: [drainFinalizer],
    },
  };
}

function untilReady(uid: string, context: ExecContext, lines: JsonLines): Promise<void> {
  const { controller, clock, onSettled } = context;
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      stop();
      timer.cancel();
      settle();
    };
    const look = () => {
      const isReady = controller.host.workload(uid)?.proxy?.ready === true;
      if (isReady || !controller.hasProxies) done(resolve);
    };
    const stop = onSettled(look);
    const timer: Timer = clock.after(readyTimeoutMs, () => {
      const why = controller.host.workload(uid)?.proxy?.reason ?? "not started";
      done(() => reject(new ApiError("ServiceUnavailable", `its proxy is not ready: ${why}`)));
    });
    void lines.closed.then(() => done(resolve));
    look();
  });
}

/** What a process of the mesh would find, with the port numbers filled in. */
function environment(
  key: { readonly namespace: string; readonly name: string },
  controller: Controller,
): Readonly<Record<string, string>> {
  const services = controller.index.inputs.services.values();
  if (!controller.hasProxies) {
    return directEnvironmentOf(key, [], services, (service, port) =>
      controller.directPortNow(service, port),
    );
  }
  const templates = environmentOf(key, [], services);
  const portOf = (name: string): string => {
    const address = controller.host.sockets.get(name);
    return address?.kind === "tcp" ? String(address.port) : "0";
  };
  return Object.fromEntries(
    Object.entries(templates).map(([name, value]) => [
      name,
      value.replace(/\{\{port:([^{}]+)\}\}/g, (_, socket: string) => portOf(socket)),
    ]),
  );
}
