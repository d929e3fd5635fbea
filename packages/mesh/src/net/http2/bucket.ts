import type { Clock } from "../../base/clock.ts";

/**
 * How often a peer may ask for something that costs us and brings nothing: a bucket that fills with time, and with work that
 * justifies the asking.
 */
export class Bucket {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #perMs: number;
  #left: number;
  #lastMs: number;

  constructor(clock: Clock, capacity: number, perSecond: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#perMs = perSecond / 1000;
    this.#left = capacity;
    this.#lastMs = clock.monotonicMs();
  }

  earn(count: number): void {
    this.#left = Math.min(this.#capacity, this.#left + count);
  }

  /** Once more? False: too often. The clock is asked only of an empty bucket. */
  take(): boolean {
    if (this.#left < 1) this.#fill(this.#clock.monotonicMs());
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  #fill(nowMs: number): void {
    this.earn((nowMs - this.#lastMs) * this.#perMs);
    this.#lastMs = nowMs;
  }
}
