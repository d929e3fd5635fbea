import type { Rng } from "../base/rng.ts";
import type { Candidate } from "./picker.ts";

/** So many draws at most: at the least weight there is, one in 10, all but one pick in six are as the weights say. */
const drawsMax = 16;

/**
 * The index of a candidate at random, each as often as its weight says: one of less than full weight is drawn again with the
 * chance that it lacks. One draw where all have full weight. There must be a candidate.
 */
export function drawIndex(candidates: readonly Candidate[], nowMs: number, rng: Rng): number {
  const count = candidates.length;
  let index = rng.below(count);
  for (let draw = 1; draw < drawsMax; draw++) {
    const weight = candidates[index]!.weight(nowMs);
    if (weight >= 1 || rng.float() < weight) return index;
    index = rng.below(count);
  }
  return index;
}

/** The same among all but `first`; there must be two. */
export function drawOther(
  candidates: readonly Candidate[],
  first: number,
  nowMs: number,
  rng: Rng,
): number {
  const count = candidates.length;
  let index = (first + 1 + rng.below(count - 1)) % count;
  for (let draw = 1; draw < drawsMax; draw++) {
    const weight = candidates[index]!.weight(nowMs);
    if (weight >= 1 || rng.float() < weight) return index;
    index = (first + 1 + rng.below(count - 1)) % count;
  }
  return index;
}

/** One of them so, which is not `avoid`; there must be two. */
export function drawCandidate<C extends Candidate>(
  candidates: readonly C[],
  avoid: C | null,
  nowMs: number,
  rng: Rng,
): C {
  const index = drawIndex(candidates, nowMs, rng);
  const candidate = candidates[index]!;
  return candidate === avoid ? candidates[drawOther(candidates, index, nowMs, rng)]! : candidate;
}
