import { createHash } from "node:crypto";
import { MemoryShelf } from "@heddle/control/recording/memory-shelf.ts";
import type { ShelfQuery } from "@heddle/control/recording/shelf.ts";
import { MemoryStore } from "@heddle/control/store/memory.ts";
import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { attemptsMax } from "@heddle/mesh/policy/retry.ts";
import { heldBytesMax } from "@heddle/mesh/relay/held-body.ts";
import { Chaos, type Mode } from "./chaos.ts";
import { Config } from "./config.ts";
import { judgeHistories } from "./histories.ts";
import { KeptSession, shopState } from "./kept-session.ts";
import type { Operation } from "./operation.ts";
import { Oracle } from "./oracle.ts";
import type { ProxyLife } from "./proxy-life.ts";
import { expectNothingLeft } from "./remains.ts";
import { expectAtRest, Resting } from "./resting.ts";
import { aisles, Shop } from "./shop.ts";
import { Supervisor } from "./supervisor.ts";
import { type TalkPlan, Talks, type TalkWay } from "./talks.ts";

export interface RunOptions {
  readonly seed: number;
  /** Operations under faults. Default 200. */
  readonly operations?: number;
  /** Default `rough`. */
  readonly mode?: Mode;
  /** Gets every line of the event log; without it none is made. */
  readonly log?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Faults by kind, of the network and ours. */
  readonly faults: ReadonlyMap<string, number>;
  /** How operations ended. */
  readonly endings: ReadonlyMap<string, number>;
  /** How often each promise was put to the test. */
  readonly checks: ReadonlyMap<string, number>;
  readonly operations: number;
  readonly virtualMs: number;
  /** SHA-256 of the event log; empty without one. */
  readonly logDigest: string;
}

/** After this long an operation has no excuse: longer than all waits and pauses together. */
const patienceMs = 30_000;
/** For proxies to reconnect and learn the newest. */
const settleMs = 20_000;
const lastOperations = 20;
const lastTalks = 18;
/** And to ports that nobody has asked before. */
const freshTalks = 2;
/** Those of them that go through the forward proxy. */
const lastTunnels = 2;

/** Longer than any connection is kept idle. */
const restMs = 200_000;

/** Every way that octets can go; of an odd number, so that each meets both who may speak first. */
const ways: readonly TalkWay[] = [
  { kind: "detect" },
  { kind: "ruled" },
  { kind: "opaque" },
  { kind: "connect" },
  { kind: "upgrade", version: "http/1.1", entry: "detect", protocol: "echo" },
  { kind: "upgrade", version: "h2", entry: "detect", protocol: "websocket" },
  { kind: "upgrade", version: "h2", entry: "http1", protocol: "websocket" },
  { kind: "upgrade", version: "http/1.1", entry: "h2c", protocol: "websocket" },
  { kind: "upgrade", version: "h2", entry: "h2c", protocol: "echo" },
];

const everything: ShelfQuery = {
  store: null,
  service: null,
  namespace: null,
  workload: null,
  since: null,
  untilWallMs: null,
};

/** One seed: a mesh is started, asked and struck, left alone, asked again, and compared with itself. */
export async function run(options: RunOptions): Promise<RunResult> {
  return new World(options).run();
}

class World {
  readonly #options: RunOptions;
  readonly #clock = new VirtualClock();
  readonly #rng: SeededRng;
  readonly #network: SimulatedNetwork;
  readonly #oracle: Oracle;
  readonly #talks: Talks;
  readonly #store: MemoryStore;
  readonly #shelf = new MemoryShelf();
  readonly #supervisor: Supervisor;
  readonly #config: Config;
  readonly #shop: Shop;
  readonly #kept: KeptSession;
  readonly #resting: Resting;
  readonly #hash = createHash("sha256");
  readonly #strokes = new Map<string, number>();
  #ids = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#rng = new SeededRng(options.seed);
    const isLogged = options.log !== undefined;
    this.#network = new SimulatedNetwork({
      clock: this.#clock,
      rng: this.#rng.fork("network"),
      ...(isLogged ? { trace: (line: string) => this.#write(line) } : {}),
    });
    this.#oracle = new Oracle(
      () => this.#clock.monotonicMs(),
      (line) => this.#note(line),
    );
    this.#talks = new Talks(
      (what) => this.#oracle.violate(what),
      (line) => this.#note(line),
    );
    this.#store = new MemoryStore(`store-${options.seed}`);
    this.#shop = new Shop(this.#rng.fork("shop"), options.mode ?? "rough");
    this.#kept = new KeptSession(
      () => shopState(this.#supervisor),
      (what) => this.#oracle.violate(what),
    );
    this.#kept.isCalm = options.mode === "gentle";
    this.#supervisor = new Supervisor({
      network: this.#network,
      clock: this.#clock,
      rng: this.#rng.fork("supervisor"),
      oracle: this.#oracle,
      talks: this.#talks,
      kept: this.#kept,
      controlDisk: { store: this.#store, recorded: this.#shelf, lives: 0, uids: 0 },
    });
    const isPlaced = options.seed % 2 === 0;
    this.#config = new Config(this.#store, this.#supervisor, isPlaced, this.#shop);
    this.#resting = new Resting((what) => this.#oracle.violate(what));
  }

  async run(): Promise<RunResult> {
    const { seed, operations = 200, mode = "rough" } = this.#options;
    const isRough = mode === "rough";
    if (await this.#start()) {
      const chaos = new Chaos({
        mode,
        clock: this.#clock,
        rng: this.#rng.fork("chaos"),
        network: this.#network,
        supervisor: this.#supervisor,
        config: this.#config,
        counts: this.#strokes,
        note: (line) => this.#note(line),
      });
      await this.#ask(operations, this.#rng.fork("operations"), isRough);
      chaos.stop();
      await this.#until(() => this.#open === 0, patienceMs);
      if (mode === "gentle") this.#expectAnswers(new Map(), "under gentle changes");
      if (mode === "apps") this.#oracle.expectOthersUnharmed();
      if (mode === "kills") this.#oracle.expectOnlyUnrepeatableFailed(heldBytesMax, attemptsMax);
      await this.#settle();
      this.#compare();
      await this.#askHealthy();
      await this.#leave();
      await this.#judge();
    }
    this.#oracle.finish();
    const faults = new Map<string, number>(Object.entries(this.#network.counts));
    for (const [stroke, count] of this.#strokes) faults.set(`our ${stroke}`, count);
    return {
      seed,
      violations: this.#oracle.violations,
      faults,
      endings: new Map([...this.#oracle.endings, ...this.#talks.endings]),
      checks: new Map([
        ...Object.entries(this.#oracle.checks),
        ...Object.entries(this.#talks.checks),
        ...(mode === "gentle" ? [["session kept", this.#kept.judged] as const] : []),
        ...(mode === "rough" ? [["share that rests", this.#resting.judged] as const] : []),
        ...(mode === "apps" ? [["key of a living process", this.#oracle.judged] as const] : []),
      ]),
      operations: this.#oracle.count,
      virtualMs: this.#clock.monotonicMs(),
      logDigest: this.#options.log === undefined ? "" : this.#hash.digest("hex"),
    };
  }

  async #start(): Promise<boolean> {
    await this.#until(() => this.#supervisor.control !== null, 1000);
    this.#config.begin();
    const isUp = await this.#until(() => this.#isServing(2), 10_000);
    if (!isUp) this.#oracle.violate("the mesh did not start");
    return isUp;
  }

  /** Are there `count` ready endpoints, and does every proxy listen for those who ask them? */
  #isServing(count: number): boolean {
    const { control, caller, workloads } = this.#supervisor;
    if (control === null || caller === null) return false;
    const endpoints =
      control.controller.index.outputs.endpoints.get("default/kvs")?.endpoints ?? [];
    const ready = endpoints.filter(({ state }) => state.phase === "ready");
    if (ready.length !== count || endpoints.length !== count) return false;
    return [...workloads.values()].every(({ proxy }) => {
      const asks = proxy?.workload.doc?.outbound ?? [];
      return asks.length > 0 && proxy?.workload.listeners.missing().length === 0;
    });
  }

  /** @param isRough null: operations alone */
  async #ask(count: number, rng: Rng, isRough: boolean | null) {
    for (let asked = 0; asked < count; asked++) {
      await this.#advance(rng.below(isRough ? 40 : 20));
      const operation = this.#operation(rng, isRough === true);
      this.#resting.look(this.#supervisor);
      const isPlain = operation.service === "kvs" && !operation.target.startsWith("/api");
      const owner = isPlain ? this.#config.ownerOf(operation.key) : null;
      this.#supervisor.caller!.run(operation, owner);
      if (isRough !== null && rng.below(4) === 0) this.#talk(this.#plan(rng, isRough));
    }
  }

  #talk(plan: TalkPlan): void {
    this.#supervisor.caller!.talk(plan);
  }

  #plan(rng: Rng, isRough: boolean): TalkPlan {
    const size = () => [0, 1, 300, 4000, 20_000, 150_000][rng.below(6)]!;
    return {
      id: ++this.#ids,
      way: ways[rng.below(ways.length)]!,
      first: rng.below(2) === 0 ? "client" : "server",
      clientBytes: rng.below(size() + 1),
      serverBytes: rng.below(size() + 1),
      isSlow: rng.below(6) === 0,
      hesitates: rng.below(10) === 0,
      abortAfterMs: isRough && rng.below(15) === 0 ? rng.below(100) : null,
    };
  }

  /** Operations and connections of octets that are not over. */
  get #open(): number {
    return this.#oracle.open + this.#talks.open;
  }

  #operation(rng: Rng, isRough: boolean): Operation {
    const id = ++this.#ids;
    const bytesMax = this.#options.mode === "gentle" ? heldBytesMax : Number.MAX_SAFE_INTEGER;
    const isGrpc = rng.below(8) === 0;
    const asked = (["GET", "GET", "GET", "PUT", "PUT", "POST"] as const)[rng.below(6)]!;
    const method = isGrpc ? "POST" : asked;
    const key = rng.below(20);
    const service = rng.below(5) < 2 ? "shop" : "kvs";
    const spelling =
      service === "shop"
        ? `/${aisles[rng.below(aisles.length)]!}/${key}`
        : [`/${key}`, `/${key}`, `/00${key}`, `//${key}`, `/api/${key}`][rng.below(5)]!;
    const size = [0, 60, 3000, 30_000, 90_000][rng.below(5)]!;
    return {
      id,
      method,
      service,
      key,
      isNamed: service === "shop" && rng.below(4) === 0,
      target: `${spelling}?op=${id}`,
      // A body that is not kept cannot be sent again to whom a slot has just moved to: that may be felt.
      bytes: method === "GET" ? 0 : Math.min(rng.below(size + 1), bytesMax),
      isChunked: isGrpc || rng.below(2) === 0,
      // gRPC is HTTP/2 (RFC 9113) from end to end.
      version: isGrpc || rng.below(2) === 0 ? "h2" : "http/1.1",
      entry: (["detect", "http1", "h2c"] as const)[isGrpc ? 2 * rng.below(2) : rng.below(3)]!,
      isGrpc,
      isSlow: rng.below(15) === 0,
      abortAfterMs: isRough && rng.below(25) === 0 ? rng.below(60) : null,
    };
  }

  /** Everything comes back, intent is what it was at first, and everybody has heard of it. */
  async #settle(): Promise<void> {
    await this.#until(() => this.#supervisor.control !== null, 2000);
    this.#config.reset();
    await this.#advance(settleMs);
    const isUp = await this.#until(() => this.#isServing(2), patienceMs);
    if (!isUp) this.#oracle.violate("the mesh did not come back");
    await this.#advance(1000);
  }

  #compare(): void {
    const { control, workloads } = this.#supervisor;
    if (control === null) return;
    control.compare();
    for (const { spec, proxy } of workloads.values()) {
      const snapshot = control.controller.snapshotFor(spec.uid);
      const held = proxy?.holder.held() ?? null;
      const digest = snapshot === null ? "none" : control.digester.digest(snapshot.documents);
      if (held?.digest !== digest) {
        const what = `holds ${held?.digest ?? "nothing"}, should hold ${digest}`;
        this.#oracle.violate(`${spec.name}'s proxy ${what}`);
      }
      if (proxy !== null) this.#compareConnections(spec.name, proxy);
      const inFlight = proxy?.inFlight ?? 0;
      if (inFlight !== 0) {
        this.#oracle.violate(`${spec.name}'s proxy has ${inFlight} exchanges nobody waits for`);
      }
      if (proxy !== null) {
        expectAtRest(spec.name, proxy.workload, (what) => this.#oracle.violate(what));
      }
    }
  }

  /** What is counted is what is there. */
  #compareConnections(name: string, { recorder, workload }: ProxyLife): void {
    const counted = { src: 0, dst: 0 };
    for (const { peer, open } of recorder.summary().connections) counted[peer] += open;
    let dialled = 0;
    for (const endpoint of workload.upstream.endpoints()) {
      for (const { size } of endpoint.targets()) dialled += size;
    }
    const accepted = workload.connections.size;
    if (counted.src !== accepted || counted.dst !== dialled) {
      const there = `${accepted} accepted and ${dialled} dialled`;
      this.#oracle.violate(`${name}'s proxy counts ${counted.src} and ${counted.dst} of ${there}`);
    }
  }

  /** A mesh at rest answers everything, by the application. */
  async #askHealthy(): Promise<void> {
    const before = new Map([...this.#oracle.endings, ...this.#talks.endings]);
    const countedBefore = this.#counted();
    const copiedBefore = this.#oracle.checks.copies;
    const rng = this.#rng.fork("last");
    this.#oracle.isAtRest = true;
    this.#talks.isCalm = true;
    this.#kept.isCalm = true;
    await this.#ask(lastOperations, rng, null);
    for (let talk = 0; talk < lastTalks; talk++) {
      await this.#advance(rng.below(20));
      const way = ways[talk % ways.length]!;
      const first = talk % 2 === 0 ? "server" : "client";
      this.#talk({ ...this.#plan(rng, false), way, first });
    }
    for (const kind of ["detect", "ruled"] as const) {
      this.#talk({ ...this.#plan(rng, false), way: { kind }, first: "server", isFresh: true });
    }
    await this.#until(() => this.#open === 0, patienceMs);
    await this.#advance(3000); // summaries go up every second
    const counted = this.#counted();
    const copied = this.#oracle.checks.copies - copiedBefore;
    for (const side of ["outbound", "inbound"] as const) {
      const more = counted[side] - countedBefore[side];
      // Who uses a forward proxy asks for a tunnel first: an exchange of its own.
      const asked =
        lastOperations + lastTalks + freshTalks + copied + (side === "outbound" ? lastTunnels : 0);
      if (more === asked) continue;
      this.#oracle.violate(`stat counts ${more} more ${side}, asked were ${asked}`);
    }
    this.#expectAnswers(before, "at rest");
  }

  /** The caller closes its connections, and long after nothing of all that was asked is there. */
  async #leave(): Promise<void> {
    this.#talks.expectAllOver();
    this.#supervisor.caller!.lines.close();
    await this.#advance(restMs);
    expectNothingLeft(this.#supervisor, this.#network, (what) => this.#oracle.violate(what));
  }

  /** What the proxies recorded, all of it, and what of it has reached the control plane, each against intent. */
  async #judge(): Promise<void> {
    const all = this.#oracle.histories.batches(this.#clock.wallMs() - this.#clock.monotonicMs());
    this.#oracle.judge("recorded", await judgeHistories(all, this.#store));
    const kept = this.#shelf.page(everything, 0, Number.MAX_SAFE_INTEGER);
    const batches = kept.map(({ batch }) => batch);
    this.#oracle.judge("kept", await judgeHistories(batches, this.#store));
  }

  /** Exchanges of kvs over the last minute, as the control plane tells them from summaries. */
  #counted(): { readonly outbound: number; readonly inbound: number } {
    const counts = { outbound: 0, inbound: 0, gateway: 0, egress: 0 };
    const stats = this.#supervisor.control?.door.stats;
    for (const row of stats?.since(this.#clock.monotonicMs()).rows ?? []) {
      counts[row.direction] += row.success + row.failure + row.cancelled;
    }
    return counts;
  }

  /** Since `before`, every operation was answered by the application. */
  #expectAnswers(before: ReadonlyMap<string, number>, when: string): void {
    for (const [ending, count] of [...this.#oracle.endings, ...this.#talks.endings]) {
      const isGood = ending === "200 app" || ending === "201 app" || ending.endsWith(" whole");
      const more = count - (before.get(ending) ?? 0);
      if (!isGood && more > 0) this.#oracle.violate(`${when}: ${more} × ${ending}`);
    }
  }

  async #advance(durationMs: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + durationMs;
    await this.#turn();
    for (;;) {
      const nextMs = this.#clock.nextAtMs();
      if (nextMs === null || nextMs > untilMs) break;
      this.#clock.step();
      await this.#turn();
    }
    this.#clock.advance(untilMs - this.#clock.monotonicMs());
  }

  /** False: it is not so after `patience` ms. */
  async #until(isSo: () => boolean, patience: number): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + patience;
    while (!isSo()) {
      if (this.#clock.monotonicMs() >= untilMs) return false;
      await this.#advance(10);
    }
    return true;
  }

  /** Promises that can go on do. */
  async #turn(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await null;
  }

  #note(line: string): void {
    if (this.#options.log !== undefined) {
      this.#write(`${this.#clock.monotonicMs().toFixed(3)} ${line}`);
    }
  }

  #write(line: string): void {
    this.#hash.update(`${line}\n`);
    this.#options.log?.(line);
  }
}
