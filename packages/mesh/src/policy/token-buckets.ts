/**
 * Token buckets of one rate, one for each key, as a virtual schedule (GCRA, ITU-T I.371): of each bucket only the time is kept at which
 * it would be full again, so that one costs a number and none has a timer. Whatever the pattern of arrivals, of one key no more than
 * `burst + rate × t` are taken in any time t.
 */
export class TokenBuckets {
  /** Time that one request stands for, in ms. */
  #costMs: number;
  /** So far may the schedule be ahead of time. */
  #aheadMs: number;
  readonly #bucketsMax: number;
  /** When each is full again; the one asked last is last. A bucket that is full is as good as none. */
  readonly #fullAtMs = new Map<string, number>();

  /** @param options.burst 1 or more, fractions allowed. @param options.bucketsMax beyond it the one goes that was asked longest ago */
  constructor({ ratePerMs, burst, bucketsMax }: BucketOptions) {
    this.#costMs = 1 / ratePerMs;
    this.#aheadMs = (burst - 1) * this.#costMs;
    this.#bucketsMax = bucketsMax;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  /** How long until `key` has a token, in ms; 0: it has one. */
  waitMs(key: string, nowMs: number): number {
    const fullAtMs = this.#fullAtMs.get(key);
    return fullAtMs === undefined ? 0 : Math.max(0, fullAtMs - nowMs - this.#aheadMs);
  }

  /** Takes a token, which must be there. True: another bucket that was not full had to go for it. */
  take(key: string, nowMs: number): boolean {
    const fullAtMs = this.#fullAtMs.get(key);
    if (fullAtMs !== undefined) this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, Math.max(fullAtMs ?? nowMs, nowMs) + this.#costMs);
    return this.#fullAtMs.size > this.#bucketsMax && this.#dropOldest(nowMs);
  }

  /** Another rate and burst: what was taken out of each bucket stays taken. */
  change({ ratePerMs, burst }: Omit<BucketOptions, "bucketsMax">, nowMs: number): void {
    const costMs = 1 / ratePerMs;
    for (const [key, fullAtMs] of this.#fullAtMs) {
      const taken = (fullAtMs - nowMs) / this.#costMs;
      if (taken <= 0) this.#fullAtMs.delete(key);
      else this.#fullAtMs.set(key, nowMs + taken * costMs);
    }
    this.#costMs = costMs;
    this.#aheadMs = (burst - 1) * costMs;
  }

  #dropOldest(nowMs: number): boolean {
    const [oldest] = this.#fullAtMs;
    this.#fullAtMs.delete(oldest![0]);
    return oldest![1] > nowMs;
  }
}

export interface BucketOptions {
  readonly ratePerMs: number;
  readonly burst: number;
  readonly bucketsMax: number;
}
