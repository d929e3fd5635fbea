import type { Candidate } from "./picker.ts";

/** Of a key's hash: 0 to 2^31 - 1, a number that the engine never boxes. */
export const hashBits = 31;

/**
 * Which candidate a key belongs to. It is made in slices, for a large one takes many ms, and looked into once it is whole.
 */
export interface HashTable<C extends Candidate> {
  readonly candidates: readonly C[];
  /** Entries it will have, or nearly so. */
  readonly size: number;
  /** Goes on with the making, by about so many entries. Is it whole now? */
  fill(steps: number): boolean;
  /** Index of the candidate to which `hash` belongs. */
  ownerOf(hash: number): number;
  /** Index of the next one behind it that is not `avoid`; that itself where there is no other. */
  otherOf(hash: number, avoid: number): number;
}
