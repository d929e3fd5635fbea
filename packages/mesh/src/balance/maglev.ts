import type { Rng } from "../base/rng.ts";
import { drawIndex, drawOther } from "./draw.ts";
import { MaglevTable, maglevSize } from "./maglev-table.ts";
import type { Candidate, Picker } from "./picker.ts";

/** Entries looked at for one pick while a table is filled: a third of a ms or so. */
const stepsPerPick = 60_000;

/**
 * Requests with the same key go to the same candidate, by a `MaglevTable` (Envoy `MAGLEV`); those without one anywhere. Each pick with a
 * key fills a slice of the table until it is whole; until then the last whole one answers, and where there was none, a plain share
 * of the hashes. Weights, and so slow start, count only for those without a key, as with Envoy.
 */
export class MaglevPicker<C extends Candidate> implements Picker<C> {
  readonly #candidates: readonly C[];
  readonly #rng: Rng;
  readonly #size: number;
  /** Being filled; null before the first key, and once it is whole. */
  #next: MaglevTable<C> | null = null;
  /** The last whole one: ours, or our predecessor's. */
  #table: MaglevTable<C> | null = null;
  /** Of a predecessor's table: who of its candidates is still there. */
  #present: ReadonlySet<C> | null = null;

  /** @param size of the table, as configured; 0: by the number of candidates */
  constructor(
    candidates: readonly C[],
    rng: Rng,
    size: number,
    predecessor: MaglevPicker<C> | null,
  ) {
    this.#candidates = candidates;
    this.#rng = rng;
    this.#size = size;
    this.#table = predecessor === null ? null : predecessor.#table;
  }

  pick(nowMs: number, avoid: C | null, hash: number): C | null {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0] ?? null;
    if (hash < 0) {
      const index = drawIndex(candidates, nowMs, this.#rng);
      if (candidates[index] !== avoid) return candidates[index]!;
      return candidates[drawOther(candidates, index, nowMs, this.#rng)]!;
    }
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
    const candidates = this.#candidates;
    this.#next ??= new MaglevTable(candidates, maglevSize(candidates.length, this.#size));
    if (!this.#next.fill(stepsPerPick)) return;
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
    const index = Math.floor((hash / 0x1_0000_0000) * candidates.length);
    if (candidates[index] !== avoid) return candidates[index]!;
    return candidates[(index + 1) % candidates.length]!;
  }
}
