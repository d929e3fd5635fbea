import type { Rng } from "../base/rng.ts";
import { drawIndex, drawOther } from "./draw.ts";
import type { Candidate, Picker } from "./picker.ts";

/**
 * Draws two candidates at random and picks the one with fewer requests in flight (Envoy `LEAST_REQUEST`, choice_count 2). Weights
 * say how often one is drawn, so that an idle newcomer is not asked by all at once.
 */
export class LeastRequestPicker<C extends Candidate> implements Picker<C> {
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
    return a.pending <= b.pending ? a : b;
  }
}
