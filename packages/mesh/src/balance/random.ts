import type { Rng } from "../base/rng.ts";
import { drawCandidate } from "./draw.ts";
import type { Candidate, Picker } from "./picker.ts";

/** Any candidate, each as often as its weight says (Envoy `RANDOM`). */
export class RandomPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #rng: Rng;

  constructor(candidates: readonly C[], rng: Rng) {
    this.#candidates = candidates;
    this.#rng = rng;
  }

  pick(nowMs: number, avoid: C | null, _hash: number): C | null {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0] ?? null;
    return drawCandidate(candidates, avoid, nowMs, this.#rng);
  }
}
