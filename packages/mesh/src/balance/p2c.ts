import type { Rng } from "../base/rng.ts";
import type { Candidate, Picker } from "./picker.ts";

/**
 * Draws two candidates at random and picks the less loaded ("power of two choices", Mitzenmacher 2001), with the load
 * of `EndpointLoad`: Linkerd's P2C over Peak-EWMA.
 */
export class P2cPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #rng: Rng;

  constructor(candidates: readonly C[], rng: Rng) {
    this.#candidates = candidates;
    this.#rng = rng;
  }

  pick(nowMs: number, avoid: C | null): C | null {
    const count = this.#candidates.length;
    if (count < 2) return this.#candidates[0] ?? null;
    const first = this.#rng.below(count);
    const other = (first + 1 + this.#rng.below(count - 1)) % count; // distinct from first
    const a = this.#candidates[first]!;
    const b = this.#candidates[other]!;
    if (a === avoid) return b;
    if (b === avoid) return a;
    return a.loadMs(nowMs) <= b.loadMs(nowMs) ? a : b;
  }
}
