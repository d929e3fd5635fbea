/** One endpoint as pickers see it: live state that outlives configuration (keyed by uid and address). */
export interface Candidate {
  readonly uid: string;
  /** Requests sent and not yet answered. */
  readonly pending: number;
  /** Predicted cost of one more request now, in ms: peak EWMA of the latency × (requests in flight + 1). */
  loadMs(nowMs: number): number;
  /** Its part of a full share, above 0 to 1: less than 1 while it starts slowly (`slow-start.ts`). */
  weight(nowMs: number): number;
}

/** Chooses among the candidates of one backend; replaced whole when the set changes. */
export interface Picker<C extends Candidate = Candidate> {
  /**
   * The candidate for the next attempt, or null while there is none. O(1), without an allocation.
   * @param avoid one that just failed: not picked if there are others.
   * @param hash of the key that tends to keep a request at one endpoint (`affinity.ts`), 0 to 2^31 - 1; -1: none. Only `ring-hash` and
   *   `maglev` look at it.
   */
  pick(nowMs: number, avoid: C | null, hash: number): C | null;
}
