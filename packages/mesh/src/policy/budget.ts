import { Recent } from "./recent.ts";

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
/** Parts that a window is counted in. */
const PARTS = 10;

/**
 * How many retries a caller may add to a service's load: a share of the requests of the last seconds plus a few. What was earned is
 * forgotten a little before its time, what was spent a little after: so no window ever holds more, and what was earned in a calm
 * hour is not spent in a storm.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #reserve: number;
  readonly #earned: Recent;
  readonly #spent: Recent;

  constructor(options: RetryBudgetOptions = {}) {
    const ttlMs = options.ttlMs ?? 10_000;
    this.#share = Math.round((options.ratio ?? 0.2) * SCALE);
    this.#reserve = Math.round((options.perSecondMin ?? 10) * (ttlMs / 1000) * SCALE);
    this.#earned = new Recent(ttlMs / PARTS, PARTS);
    this.#spent = new Recent(ttlMs / PARTS, PARTS + 1);
  }

  /** Counts a request, retries not included. */
  earn(nowMs: number): void {
    this.#earned.add(this.#share, nowMs);
  }

  /** Takes one retry out of the budget; false, and nothing taken, when it is empty. */
  spend(nowMs: number): boolean {
    const left = this.#earned.sum(nowMs) + this.#reserve - this.#spent.sum(nowMs);
    if (left < SCALE) return false;
    this.#spent.add(SCALE, nowMs);
    return true;
  }
}
