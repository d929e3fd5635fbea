import type { Clock } from "../base/clock.ts";
import type { DeadlineWheel } from "../base/deadline-wheel.ts";
import type { ExchangeRecord, Recorder } from "../telemetry/record.ts";

/** What all exchanges of one workload share. */
export class RelayContext {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly #recorder: Recorder;
  #lastId = 0;
  #inFlight = 0;
  #isDraining = false;
  #onIdle: (() => void) | null = null;

  constructor(clock: Clock, wheel: DeadlineWheel, recorder: Recorder) {
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

  nextId(): number {
    return ++this.#lastId;
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

  drain(): void {
    this.#isDraining = true;
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
