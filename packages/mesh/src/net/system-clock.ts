import type { Clock, Timer } from "../base/clock.ts";

/** The longest delay `setTimeout` takes; beyond it Node would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;

/**
 * The clock of real processes. It lives here and not on the ground floor because one monotonic value for all
 * processes of a host is the operating system's to give: CLOCK_MONOTONIC, which Node shows as `process.hrtime`.
 */
export class SystemClock implements Clock {
  /** `performance.now()` counts the same clock from the process's start, at a third of hrtime's cost. */
  readonly #originMs: number;

  constructor() {
    const before = performance.now();
    const hostMs = Number(process.hrtime.bigint()) / 1e6;
    this.#originMs = hostMs - (before + performance.now()) / 2;
  }

  monotonicMs(): number {
    return this.#originMs + performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    // setTimeout(n) may fire a fraction of a millisecond before n: rounding up keeps "at the earliest".
    const delay = Math.min(DELAY_MAX_MS, Math.ceil(Math.max(0, delayMs)) + 1);
    return new SystemTimer(setTimeout(callback, delay));
  }
}

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}
