/** First wait before a restart, in ms. */
const FIRST_MS = 100;
/** Longest wait before a restart, in ms. */
const LONGEST_MS = 10_000;
/** A process that stayed up this long has a clean record again, in ms. */
const CLEAN_AFTER_MS = 60_000;
/** Wait of a process of heddle's own that had been ready, in ms: others queue for it, and it has shown that it can. */
const PROVEN_MS = 10;
/** One that ends sooner than this after its start has proven nothing: it may end so each time. In ms. */
const PROVEN_AFTER_MS = 1000;

/** How a process was when it ended. */
export interface Ended {
  /** How long it was up, in ms. */
  readonly uptimeMs: number;
  /** It is heddle's own, and had been ready. */
  readonly isProven: boolean;
}

/**
 * How long to wait before a process that keeps ending is started again: 100 ms, doubled each time, 10 s at most; 10 ms
 * for a proxy or a control plane that had been ready and up for a second, which somebody killed.
 */
export class Backoff {
  #nextMs = FIRST_MS;

  /** The wait, in ms. */
  delayMs({ uptimeMs, isProven }: Ended): number {
    const isKilled = isProven && uptimeMs >= PROVEN_AFTER_MS;
    if (uptimeMs >= CLEAN_AFTER_MS || isKilled) this.#nextMs = FIRST_MS;
    if (isKilled) return PROVEN_MS;
    const delay = this.#nextMs;
    this.#nextMs = Math.min(LONGEST_MS, this.#nextMs * 2);
    return delay;
  }
}
