import type { Rng } from "../base/rng.ts";
import { drawCandidate } from "./draw.ts";
import { type HashTable, hashBits } from "./hash-table.ts";
import type { Candidate, Picker } from "./picker.ts";

/** Entries made by one pick while a table is not whole: a fifth of a ms or so; one ms, of a table that fits no cache. */
const stepsPerPick = 20_000;

/** A first table of so many entries is made at once, in 2 ms or so: a key is then where it belongs from the first request on. */
const atOnceMax = 70_000;

/** Makes a table, empty as yet. */
export type BuildTable<C extends Candidate> = (candidates: readonly C[]) => HashTable<C>;

/**
 * Requests with the same key go to the same candidate, by a `Ring` or a `MaglevTable`; those without one anywhere. Each pick with a key
 * makes a slice of the table until it is whole, and nobody waits for it: until then the last whole one answers, and where there was
 * none and it is large, a plain share of the hashes. Weights, and so slow start, count only for requests without a key, as with Envoy.
 */
export class HashPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #rng: Rng;
  readonly #build: BuildTable<C>;
  /** Being made; null before the first key, and once it is whole. */
  #next: HashTable<C> | null = null;
  /** The last whole one: ours, or our predecessor's. */
  #table: HashTable<C> | null = null;
  /** Of a predecessor's table: who of its candidates is still there. */
  #present: ReadonlySet<C> | null = null;

  constructor(
    candidates: readonly C[],
    rng: Rng,
    build: BuildTable<C>,
    predecessor: Picker<C> | null,
  ) {
    this.#candidates = candidates;
    this.#rng = rng;
    this.#build = build;
    if (predecessor instanceof HashPicker) this.#table = predecessor.#table as HashTable<C> | null;
  }

  pick(nowMs: number, avoid: C | null, hash: number): C | null {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0] ?? null;
    if (hash < 0) return drawCandidate(candidates, avoid, nowMs, this.#rng);
    if (this.#table === null || this.#table.candidates !== candidates) this.#fill();
    const table = this.#table;
    if (table === null) return this.#share(hash, avoid);
    const owner = table.ownerOf(hash);
    const found = table.candidates[owner]!;
    if (found !== avoid && this.#has(found)) return found;
    const other = table.candidates[table.otherOf(hash, owner)]!;
    return other !== avoid && this.#has(other) ? other : this.#share(hash, avoid);
  }

  #fill(): void {
    this.#next ??= this.#build(this.#candidates);
    const isAtOnce = this.#table === null && this.#next.size <= atOnceMax;
    if (!this.#next.fill(isAtOnce ? Number.POSITIVE_INFINITY : stepsPerPick)) return;
    this.#table = this.#next;
    this.#next = null;
    this.#present = null;
  }

  #has(candidate: C): boolean {
    if (this.#table!.candidates === this.#candidates) return true;
    this.#present ??= new Set(this.#candidates);
    return this.#present.has(candidate);
  }

  #share(hash: number, avoid: C | null): C {
    const candidates = this.#candidates;
    const index = Math.floor((hash / 2 ** hashBits) * candidates.length);
    if (candidates[index] !== avoid) return candidates[index]!;
    return candidates[(index + 1) % candidates.length]!;
  }
}
