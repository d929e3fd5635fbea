import { keyHash } from "../base/key-hash.ts";
import { mixHash } from "./hash-mix.ts";
import type { Candidate } from "./picker.ts";

/** Size of the table (Envoy `table_size`); a prime, and at least a hundred times the number of candidates where that is more. */
export const maglevTableSize = 65_537;
const sizes: readonly number[] = [maglevTableSize, 131_071, 262_139, 524_287, 1_048_573];
const entriesEach = 100;

/**
 * Maglev's table (Eisenbud 2016, §3.4): the candidates take turns, and each takes the first free entry in an order of its own. All have
 * as many entries as others, give or take one; when one leaves, its entries move, and few others.
 *
 * It is filled in slices, for all of it takes some ms, and of ten thousand candidates some hundred.
 */
export class MaglevTable<C extends Candidate> {
  readonly candidates: readonly C[];
  readonly #entries: Int32Array;
  /** By candidate: where its order goes on, and by how much it steps. */
  readonly #next: Uint32Array;
  readonly #skip: Uint32Array;
  #turn = 0;
  #filled = 0;

  constructor(candidates: readonly C[], size: number) {
    this.candidates = candidates;
    this.#entries = new Int32Array(size).fill(-1);
    const hashes = Uint32Array.from(candidates, ({ uid }) => keyHash(uid));
    this.#next = hashes.map((hash) => hash % size);
    this.#skip = hashes.map((hash) => (mixHash(hash, 1) % (size - 1)) + 1);
  }

  get isWhole(): boolean {
    return this.#filled === this.#entries.length;
  }

  /** Index of the candidate to which `hash` belongs; the table is whole. */
  ownerOf(hash: number): number {
    return this.#entries[hash % this.#entries.length]!;
  }

  /** The same where that is `avoid`: the first other one behind it. */
  otherOf(hash: number, avoid: number): number {
    const size = this.#entries.length;
    for (let step = 1; step < size; step++) {
      const owner = this.#entries[(hash + step) % size]!;
      if (owner !== avoid) return owner;
    }
    return avoid;
  }

  /** Fills on, looking at so many entries or a few more. Is it whole now? */
  fill(steps: number): boolean {
    const entries = this.#entries;
    const size = entries.length;
    const next = this.#next;
    const skip = this.#skip;
    const count = next.length;
    let turn = this.#turn;
    let filled = this.#filled;
    for (let left = steps; left > 0 && filled < size; ) {
      const by = skip[turn]!;
      let at = next[turn]!;
      while (entries[at]! >= 0) {
        at += by;
        if (at >= size) at -= size;
        left--;
      }
      entries[at] = turn;
      at += by;
      next[turn] = at >= size ? at - size : at;
      filled++;
      left--;
      turn = turn + 1 === count ? 0 : turn + 1;
    }
    this.#turn = turn;
    this.#filled = filled;
    return filled === size;
  }
}

/** Size of the table for `count` candidates; a prime. @param asked as configured; 0: by `count` */
export function maglevSize(count: number, asked: number): number {
  if (asked > 0) return nextPrime(asked);
  return sizes.find((size) => size >= count * entriesEach) ?? sizes.at(-1)!;
}

/** Others than primes would leave entries that some order never comes to. */
function nextPrime(number: number): number {
  for (let prime = Math.max(3, number | 1); ; prime += 2) if (isPrime(prime)) return prime;
}

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2)
    if (odd % divisor === 0) return false;
  return true;
}
