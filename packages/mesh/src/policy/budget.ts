export interface RetryBudgetOptions {
  /** Retries earned by each request. Default 0.2 (Linkerd's `retryRatio`). */
  readonly ratio?: number;
  /** Retries per second that are free. Default 10 (Linkerd's `minRetriesPerSecond`). */
  readonly perSecondMin?: number;
  /** For how long a request's share stays good, in ms. Default 10000 (Linkerd's `ttl`). */
  readonly ttlMs?: number;
}

/** Shares per request, so that the counts are whole numbers. */
const SCALE = 1000;
const BUCKETS = 10;

/**
 * How many retries a caller may add to a service's load: a share of the requests of the last seconds plus a few.
 * A ring of buckets, so that what was earned in a calm hour is not spent in a storm.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #reserve: number;
  readonly #bucketMs: number;
  /** Shares earned minus retries spent, by age. */
  readonly #buckets = new Int32Array(BUCKETS);
  /** The sum of the buckets. */
  #balance = 0;
  #bucket = 0;

  constructor(options: RetryBudgetOptions = {}) {
    const ttlMs = options.ttlMs ?? 10_000;
    this.#share = Math.round((options.ratio ?? 0.2) * SCALE);
    this.#reserve = Math.round((options.perSecondMin ?? 10) * (ttlMs / 1000) * SCALE);
    this.#bucketMs = ttlMs / BUCKETS;
  }

  /** Counts a request, retries not included. */
  earn(nowMs: number): void {
    this.#turn(nowMs);
    this.#buckets[this.#bucket % BUCKETS]! += this.#share;
    this.#balance += this.#share;
  }

  /** Takes one retry out of the budget; false, and nothing taken, when it is empty. */
  spend(nowMs: number): boolean {
    this.#turn(nowMs);
    if (this.#balance + this.#reserve < SCALE) return false;
    this.#buckets[this.#bucket % BUCKETS]! -= SCALE;
    this.#balance -= SCALE;
    return true;
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket <= this.#bucket) return;
    const steps = Math.min(BUCKETS, bucket - this.#bucket);
    for (let step = 0; step < steps; step++) {
      const index = (bucket - step) % BUCKETS;
      this.#balance -= this.#buckets[index]!;
      this.#buckets[index] = 0;
    }
    this.#bucket = bucket;
  }
}
