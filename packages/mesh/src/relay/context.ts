import type { Clock } from "../base/clock.ts";
import type { DeadlineWheel } from "../base/deadline-wheel.ts";
import { type Rng, SeededRng } from "../base/rng.ts";
import type { BreakerDoc } from "../model/policy.ts";
import type { OnLimit } from "../net/limit.ts";
import type { ExchangeRecord, Recorder } from "../telemetry/record.ts";
import { RuleBreakers } from "../upstream/rule-breakers.ts";
import { KeptBodies } from "./kept-bodies.ts";
import type { MirrorSink } from "./mirror-sink.ts";
import { defaultTcpLimits, type TcpLimits } from "./tcp-limits.ts";

/** Numbers the exchanges of one proxy and what happens in its history, whatever their direction. */
export class RecordIds {
  #last = 0;
  #lastPlace = 0;

  get last(): number {
    return this.#last;
  }

  next(): number {
    return ++this.#last;
  }

  /** The next place in the proxy's history, from 1: something is sent or was received now. */
  nextPlace(): number {
    return ++this.#lastPlace;
  }
}

/** Lasts as long as it likes, but for the end of the proxy. */
interface Drainable {
  drain(): void;
}

/** The turn in which all that is sent leaves together: a `Gather`, as a whole. */
export interface Turn {
  enter(): void;
  leave(): void;
}

/** Rules whose breakers are kept; beyond it all begin anew. */
const breakersMax = 5000;

const noTurn: Turn = { enter() {}, leave() {} };

/** What all exchanges of one side of a workload share: inbound, or all others. */
export class RelayContext {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  /** What peers are told of us: `<name> <uid>`. */
  workload = "";
  /** That of the codecs: what a timer has us say is as whole as what an event has. */
  turn: Turn = noTurn;
  /** How long tunnels and opaque connections may last. */
  tunnelLimits: TcpLimits = defaultTcpLimits;
  /** Told each time a client sent its body too slowly. */
  onLimit: OnLimit = () => {};
  /** Bodies that are kept for another attempt. */
  kept = new KeptBodies(() => this.onLimit("kept-bodies"));
  /** Of the pauses before retries. Default seeded with 1: a proxy sets its own. */
  rng: Rng = new SeededRng(1);
  /** Sends copies of requests; null: none are. */
  mirrors: MirrorSink | null = null;
  /** Tunnels and opaque connections that are open. */
  readonly tunnels = new Set<Drainable>();
  /** By rule: they outlive its document. */
  readonly #breakers = new Map<string, RuleBreakers>();
  readonly #recorder: Recorder;
  readonly #ids: RecordIds;
  #inFlight = 0;
  #isDraining = false;
  #onIdle: (() => void) | null = null;

  constructor(clock: Clock, wheel: DeadlineWheel, recorder: Recorder, ids: RecordIds) {
    this.#ids = ids;
    this.clock = clock;
    this.wheel = wheel;
    this.#recorder = recorder;
  }

  /** Replies say `connection: close` from now on. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Exchanges begun and not over. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isRecording(): boolean {
    return this.#recorder.isRecording !== false;
  }

  /** The breakers of a rule that has its own. */
  breakersOf(rule: string, doc: BreakerDoc): RuleBreakers {
    let breakers = this.#breakers.get(rule);
    if (breakers === undefined) {
      if (this.#breakers.size >= breakersMax) this.#breakers.clear();
      breakers = new RuleBreakers(doc, this.rng);
      this.#breakers.set(rule, breakers);
    }
    breakers.doc = doc;
    return breakers;
  }

  nextId(): number {
    return this.#ids.next();
  }

  /** The next place in the proxy's history: something is sent or was received now. */
  nextPlace(): number {
    return this.#ids.nextPlace();
  }

  onBegin(): void {
    this.#inFlight++;
  }

  /** An exchange is over. */
  onEnd(record: ExchangeRecord): void {
    this.#inFlight--;
    this.#recorder.record(record);
    if (this.#inFlight === 0 && this.#onIdle !== null) this.#tellIdle();
  }

  /** What has begun is over, and there is nothing to tell of it. */
  onNothing(): void {
    this.#inFlight--;
    if (this.#inFlight === 0 && this.#onIdle !== null) this.#tellIdle();
  }

  drain(): void {
    this.#isDraining = true;
    for (const tunnel of [...this.tunnels]) tunnel.drain();
  }

  /** Calls `callback` as soon as no exchange is in flight; at once if none is. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    if (this.#inFlight === 0) this.#tellIdle();
  }

  #tellIdle(): void {
    const callback = this.#onIdle;
    this.#onIdle = null;
    callback?.();
  }
}
