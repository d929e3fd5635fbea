import { Tokens } from "@heddle/control/ca/tokens.ts";
import type { Desired, Observed, SocketsBound } from "@heddle/control/host/link.ts";
import { Recordings } from "@heddle/control/recording/recordings.ts";
import type { Shelf } from "@heddle/control/recording/shelf.ts";
import { IntentLog } from "@heddle/control/revision/intent-log.ts";
import type { ServeContext } from "@heddle/control/serve/context.ts";
import { Door } from "@heddle/control/serve/door.ts";
import { StatusWriter } from "@heddle/control/status/status-writer.ts";
import type { CommitOutcome, Store, Write } from "@heddle/control/store/store.ts";
import { Controller } from "@heddle/control/watch/controller.ts";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import { type Log, silentLog } from "@heddle/mesh/base/log.ts";
import { controlIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { BoundSocket } from "@heddle/mesh/net/transport.ts";
import { compileAll, noHashKey } from "@heddle/mesh/resource/compile.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import { labelCredentials, verifyMember } from "./credentials.ts";
import type { Oracle } from "./oracle.ts";
import { ProcessClock } from "./process-clock.ts";
import { isIntent } from "./resources.ts";

/** What a control plane finds again after a restart. */
export interface ControlDisk {
  readonly store: Store;
  readonly recorded: Shelf;
  lives: number;
  uids: number;
}

/** One life of the control plane: the real controller over the real store's interface. */
export class ControlLife {
  readonly controller: Controller;
  readonly door: Door;
  readonly digester = new Digester();
  readonly #status: StatusWriter;
  readonly #intent: IntentLog;
  readonly #oracle: Oracle;
  #settled = 0;
  #isSuspect = false;

  private constructor(parts: {
    readonly controller: Controller;
    readonly door: Door;
    readonly status: StatusWriter;
    readonly intent: IntentLog;
    readonly oracle: Oracle;
  }) {
    this.controller = parts.controller;
    this.door = parts.door;
    this.#status = parts.status;
    this.#intent = parts.intent;
    this.#oracle = parts.oracle;
  }

  static async open(options: {
    readonly process: SimulatedProcess;
    readonly clock: Clock;
    readonly disk: ControlDisk;
    readonly socket: BoundSocket;
    readonly oracle: Oracle;
    readonly onDesired: (desired: Desired) => void;
  }): Promise<ControlLife> {
    const { process, disk, socket, oracle } = options;
    const clock = new ProcessClock(options.clock, process);
    const store = mortal(disk.store, process);
    const intent = await IntentLog.open(store, clock, isIntent);
    let life: ControlLife | null = null;
    const controller = await Controller.open({
      store,
      clock,
      log: logTo(oracle),
      newUid: () => `w${++disk.uids}`,
      revision: () => intent.revision,
      endpointsVersion: ++disk.lives * 1_000_000,
      stateDir: "/state",
      hashKey: noHashKey,
      workingDir: "/",
      events: {
        onDesired: (desired) => process.enter(() => options.onDesired(desired)),
        onDocuments: (touched) => life?.door.onDocuments(touched),
        onSettled: () => life?.onSettled(),
      },
    });
    const recordings = new Recordings({
      shelf: mortalShelf(disk.recorded, process),
      clock,
      log: logTo(oracle),
      boot: "boot",
      workloads: () => controller.views.keys(),
    });
    const credentials = labelCredentials(controlIdentity(meshSettings(null).trustDomain));
    const context: ServeContext = {
      clock,
      log: logTo(oracle),
      controller,
      digester: new Digester(),
      recordings,
      // Proxies have labels from birth here; enrolment and renewal are tested with real keys.
      authority: { bundlePem: "", issue: () => Promise.reject(new Error("no authority")) },
    };
    const door = await Door.open({
      context,
      transport: process.transport,
      at: socket,
      credentials: () => credentials,
      verifyMember,
      tokens: new Tokens(clock, () => "none"),
    });
    // The next life knows from it which endpoints there were.
    const status = new StatusWriter({ store, controller, clock, log: logTo(oracle) });
    life = new ControlLife({ controller, door, status, intent, oracle });
    return life;
  }

  close(): void {
    this.controller.close();
    this.#status.close();
  }

  tell(message: Observed | SocketsBound): void {
    if (message.type === "observed") this.controller.observe(message);
    else this.controller.bind(message);
  }

  /** Changes what is wanted. */
  async change(writes: readonly Write[], cause: string): Promise<CommitOutcome> {
    const outcome = await this.#intent.commit(writes, { author: "simulation", cause });
    this.controller.poke();
    return outcome;
  }

  /** A change that came in during a pass is not compiled yet; it is after the next. */
  onSettled(): void {
    this.#status.onSettled();
    if (!this.#isSuspect && this.#settled++ % 5 !== 0) return;
    const isSame = this.#isCompileSame();
    if (this.#isSuspect && !isSame) this.#oracle.violate("incremental compile lags behind full");
    this.#isSuspect = !isSame;
  }

  /** Incremental compile gives what compiling everything at once gives; at rest. */
  compare(): void {
    if (!this.#isCompileSame()) this.#oracle.violate("incremental compile differs from full");
  }

  #isCompileSame(): boolean {
    const { index } = this.controller;
    return plain(index.outputs) === plain(compileAll(index.inputs));
  }
}

/** Nothing that a proxy is sent may be refused here, and nothing it sends misunderstood. */
function logTo(oracle: Oracle): Log {
  return {
    ...silentLog,
    warn: (fields, message) => oracle.violate(`control: ${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => oracle.violate(`control: ${message} ${JSON.stringify(fields)}`),
  };
}

/** The store as a process sees it: what it asks after its death is not answered, and not done. */
function mortal(store: Store, process: SimulatedProcess): Store {
  const never = new Promise<never>(() => {});
  return {
    epoch: store.epoch,
    get: (key) => (process.isDead ? never : store.get(key)),
    list: (collection, namespace) => (process.isDead ? never : store.list(collection, namespace)),
    commit: (writes) => (process.isDead ? never : store.commit(writes)),
    watch: (from, onChange) =>
      store.watch(from, (change) => {
        if (!process.isDead) onChange(change);
      }),
    close: async () => {},
  };
}

/** The shelf as a process sees it: what a dead one would write is not written. */
function mortalShelf(shelf: Shelf, process: SimulatedProcess): Shelf {
  return {
    commit: (change) => (process.isDead ? change.batches.map(() => 0) : shelf.commit(change)),
    streams: () => shelf.streams(),
    complete: (store) => shelf.complete(store),
    size: (store) => shelf.size(store),
    oldest: (store, count) => shelf.oldest(store, count),
    get newest() {
      return shelf.newest;
    },
    first: (query) => shelf.first(query),
    rows: (query, from, to) => shelf.rows(query, from, to),
    lastBefore: (number, of) => shelf.lastBefore(number, of),
    page: (query, after, count, to) => shelf.page(query, after, count, to),
    starts: (query) => shelf.starts(query),
    close: () => {},
  };
}

/** As text, without the order of maps and members. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (member instanceof Map) return Object.fromEntries([...member].sort(byName));
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(byName));
  });
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
