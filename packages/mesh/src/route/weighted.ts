import type { Rng } from "../base/rng.ts";

/** How far a split may start from its beginning, so that many callers do not all begin with the heaviest. */
const PHASE_MAX = 1000;

/**
 * Smooth weighted round robin (as in nginx): each turn every item gains its weight, the one with the most is picked and
 * pays the sum. Over any sum(weights) picks in a row each item is picked exactly weight times, and well spread.
 */
export class SmoothWeighted<T> {
  readonly #items: readonly T[];
  readonly #weights: readonly number[];
  readonly #credit: number[];
  readonly #sum: number;

  /**
   * @param items with weights: whole numbers of 0 or more. Those of weight 0 are never picked.
   * @param rng where the cycle starts; null: at its beginning
   */
  constructor(items: readonly (readonly [item: T, weight: number])[], rng: Rng | null) {
    const live = items.filter(([, weight]) => weight > 0);
    this.#items = live.map(([item]) => item);
    this.#weights = live.map(([, weight]) => weight);
    this.#credit = this.#weights.map(() => 0);
    this.#sum = this.#weights.reduce((sum, weight) => sum + weight, 0);
    if (rng === null || live.length < 2) return;
    for (let turn = rng.below(Math.min(this.#sum, PHASE_MAX)); turn > 0; turn--) this.next();
  }

  /** The next item, or null where none has a weight. O(items), no allocation. */
  next(): T | null {
    const weights = this.#weights;
    if (weights.length < 2) return this.#items[0] ?? null;
    const credit = this.#credit;
    let best = 0;
    for (let index = 0; index < weights.length; index++) {
      credit[index]! += weights[index]!;
      if (credit[index]! > credit[best]!) best = index;
    }
    credit[best]! -= this.#sum;
    return this.#items[best]!;
  }
}
