/** First wait before a restart, in ms. */
const FIRST_MS = 100;
/** Longest wait before a restart, in ms. */
const LONGEST_MS = 10_000;
/** A process that stayed up this long has a clean record again, in ms. */
const CLEAN_AFTER_MS = 60_000;

/** How long to wait before a process that keeps ending is started again: 100 ms, doubled each time, 10 s at most. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** The wait, for a process that was up for `uptimeMs` before it ended. */
  delayMs(uptimeMs: number): number {
    if (uptimeMs >= CLEAN_AFTER_MS) this.#nextMs = FIRST_MS;
    const delay = this.#nextMs;
    this.#nextMs = Math.min(LONGEST_MS, this.#nextMs * 2);
    return delay;
  }
}
