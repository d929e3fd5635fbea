import type { Rng } from "../base/rng.ts";
import type { Candidate, Picker } from "./picker.ts";

/** Turns looked at for one pick: at the least weight, one in 10, one of so many has a whole credit. */
const turnsMax = 16;
/** Ten times a tenth is a little less than one. */
const whole = 1 - 1e-9;

/**
 * Each candidate in turn. It starts at a random one, so that many callers do not march in step. One of less than full weight
 * is passed over until its turns add up to a whole: at weight 0.25 it is picked every fourth round.
 */
export class RoundRobinPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  #next: number;
  /** By index: what the turns of one that has not its full weight add up to. Null until there is one. */
  #credits: Float64Array | null = null;

  constructor(candidates: readonly C[], rng: Rng) {
    this.#candidates = candidates;
    this.#next = candidates.length === 0 ? 0 : rng.below(candidates.length);
  }

  pick(nowMs: number, avoid: C | null, _hash: number): C | null {
    const count = this.#candidates.length;
    if (count < 2) return this.#candidates[0] ?? null;
    const candidate = this.#take(nowMs, null);
    return candidate === avoid ? this.#take(nowMs, avoid) : candidate;
  }

  #take(nowMs: number, avoid: C | null): C {
    const candidates = this.#candidates;
    const count = candidates.length;
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let turn = Math.min(turnsMax, count); turn > 0; turn--) {
      const index = this.#next;
      this.#next = index + 1 === count ? 0 : index + 1;
      const candidate = candidates[index]!;
      if (candidate === avoid) continue;
      const weight = candidate.weight(nowMs);
      if (weight >= 1) return candidate;
      this.#credits ??= new Float64Array(count);
      const credit = Math.min(1, this.#credits[index]! + weight);
      this.#credits[index] = credit;
      if (credit >= whole) {
        this.#credits[index] = 0;
        return candidate;
      }
      if (credit <= most) continue;
      best = index;
      most = credit;
    }
    // None has a whole: the one that has most borrows the rest.
    this.#credits![best]! -= 1;
    return candidates[best]!;
  }
}
