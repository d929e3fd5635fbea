/** One endpoint as pickers see it: live state that outlives configuration (keyed by uid and address). */
export interface Candidate {
  readonly uid: string;
  /** Predicted cost of one more request now, in ms: peak EWMA of the latency × (requests in flight + 1). */
  loadMs(nowMs: number): number;
}

/** Chooses among the candidates of one backend; replaced whole when the set changes. */
export interface Picker<C extends Candidate = Candidate> {
  /**
   * The candidate for the next attempt, or null while there is none. O(1), without an allocation.
   * @param avoid one that just failed: not picked if there are others.
   */
  pick(nowMs: number, avoid: C | null): C | null;
}
