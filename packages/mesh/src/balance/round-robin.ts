import type { Rng } from "../base/rng.ts";
import type { Candidate, Picker } from "./picker.ts";

/** Each candidate in turn. It starts at a random one, so that many callers do not march in step. */
export class RoundRobinPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  #next: number;

  constructor(candidates: readonly C[], rng: Rng) {
    this.#candidates = candidates;
    this.#next = candidates.length === 0 ? 0 : rng.below(candidates.length);
  }

  pick(_nowMs: number, avoid: C | null): C | null {
    const count = this.#candidates.length;
    if (count < 2) return this.#candidates[0] ?? null;
    const candidate = this.#take(count);
    return candidate === avoid ? this.#take(count) : candidate;
  }

  #take(count: number): C {
    const candidate = this.#candidates[this.#next]!;
    this.#next = this.#next + 1 === count ? 0 : this.#next + 1;
    return candidate;
  }
}
