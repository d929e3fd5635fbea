/** A pending timer. Its owner cancels it; cancelling one that has fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Monotonic milliseconds order events and measure intervals (one value for all
 * processes of a host); wall milliseconds date certificates and what people read.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start that all processes of this host share; fractional, never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00Z. May jump. */
  wallMs(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest. A delay below 0 counts as 0. */
  after(delayMs: number, callback: () => void): Timer;
}
