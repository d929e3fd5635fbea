import type { Gap } from "../history/batch.ts";

/** Exchanges that are in no batch, until somebody is told of them: how many, and between which times. */
export class GapTally {
  #count = 0;
  #fromMs = 0;
  #toMs = 0;

  get count(): number {
    return this.#count;
  }

  add(startMs: number, endMs: number): void {
    if (this.#count++ === 0) {
      this.#fromMs = startMs;
      this.#toMs = endMs;
      return;
    }
    if (startMs < this.#fromMs) this.#fromMs = startMs;
    if (endMs > this.#toMs) this.#toMs = endMs;
  }

  /** The gap so far, null: there is none. Counting begins anew. */
  take(reason: Gap["reason"]): Gap | null {
    if (this.#count === 0) return null;
    const gap = { fromMs: this.#fromMs, toMs: this.#toMs, missing: this.#count, reason };
    this.#count = 0;
    return gap;
  }
}
