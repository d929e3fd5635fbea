import type { Rng } from "../base/rng.ts";
import { drawIndex, drawOther } from "./draw.ts";
import type { Candidate, Picker } from "./picker.ts";
import { Ring, ringEntriesEach } from "./ring.ts";

/**
 * Requests with the same key go to the same candidate, by a `Ring` (Envoy `RING_HASH`); those without one anywhere. The ring is made at
 * the first key. Weights, and so slow start, count only for those without a key, as with Envoy.
 */
export class RingHashPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #rng: Rng;
  readonly #entriesMin: number;
  #ring: Ring | null = null;

  /** @param entriesMin least entries of the ring; 0: by the number of candidates */
  constructor(candidates: readonly C[], rng: Rng, entriesMin: number) {
    this.#candidates = candidates;
    this.#rng = rng;
    this.#entriesMin = entriesMin;
  }

  pick(nowMs: number, avoid: C | null, hash: number): C | null {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0] ?? null;
    if (hash < 0) {
      const index = drawIndex(candidates, nowMs, this.#rng);
      if (candidates[index] !== avoid) return candidates[index]!;
      return candidates[drawOther(candidates, index, nowMs, this.#rng)]!;
    }
    this.#ring ??= new Ring(candidates, ringEntriesEach(candidates.length, this.#entriesMin));
    const owner = this.#ring.ownerOf(hash, -1);
    if (candidates[owner] !== avoid) return candidates[owner]!;
    return candidates[this.#ring.ownerOf(hash, owner)]!;
  }
}
