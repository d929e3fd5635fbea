import type { Rng } from "../base/rng.ts";
import { drawIndex, drawOther } from "./draw.ts";
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

  pick(nowMs: number, avoid: C | null, _hash: number): C | null {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0] ?? null;
    const first = drawIndex(candidates, nowMs, this.#rng);
    const a = candidates[first]!;
    const b = candidates[drawOther(candidates, first, nowMs, this.#rng)]!;
    if (a === avoid) return b;
    if (b === avoid) return a;
    return a.loadMs(nowMs) <= b.loadMs(nowMs) ? a : b;
  }
}
