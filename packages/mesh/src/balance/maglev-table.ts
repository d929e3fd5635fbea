import { keyHash } from "../base/key-hash.ts";
import { mixHash } from "./hash-mix.ts";
import type { HashTable } from "./hash-table.ts";
import type { Candidate } from "./picker.ts";

/** Size of the table (Envoy `table_size`); a prime, and about a hundred times the number of candidates where that is more. */
export const maglevTableSize = 65_537;
const sizes: readonly number[] = [maglevTableSize, 131_071, 262_139, 524_287, 1_048_573];
const entriesEach = 100;
/** What it takes to hash a candidate's uid, in entries. */
const stepsOfHash = 20;

/**
 * Maglev's table (Eisenbud 2016, §3.4): the candidates take turns, and each takes the first free entry in an order of its own. All have
 * as many entries as others, give or take one; when one leaves, its entries move, and few others.
 */
export class MaglevTable<C extends Candidate> implements HashTable<C> {
  readonly candidates: readonly C[];
  /** The owner's index and one; 0: it is free. */
  readonly #entries: Uint16Array | Uint32Array;
  /** By candidate: where its order goes on, and by how much it steps. */
  readonly #next: Uint32Array;
  readonly #skip: Uint32Array;
  #hashed = 0;
  #turn = 0;
  #filled = 0;

  constructor(candidates: readonly C[], size: number) {
    this.candidates = candidates;
    // The smaller it is, the more of it is in the cache.
    this.#entries = candidates.length < 0xffff ? new Uint16Array(size) : new Uint32Array(size);
    this.#next = new Uint32Array(candidates.length);
    this.#skip = new Uint32Array(candidates.length);
  }

  get size(): number {
    return this.#entries.length;
  }

  ownerOf(hash: number): number {
    return this.#entries[hash % this.#entries.length]! - 1;
  }

  otherOf(hash: number, avoid: number): number {
    const size = this.#entries.length;
    for (let step = 1; step < size; step++) {
      const owner = this.#entries[(hash + step) % size]! - 1;
      if (owner !== avoid) return owner;
    }
    return avoid;
  }

  fill(steps: number): boolean {
    const left = this.#hash(steps);
    return left > 0 && this.#take(left);
  }

  /** The order of each candidate; what is left of the steps then. */
  #hash(steps: number): number {
    const { candidates } = this;
    const size = this.#entries.length;
    let left = steps;
    for (; this.#hashed < candidates.length && left > 0; left -= stepsOfHash) {
      const hash = keyHash(candidates[this.#hashed]!.uid);
      this.#next[this.#hashed] = hash % size;
      this.#skip[this.#hashed] = (mixHash(hash, 1) % (size - 1)) + 1;
      this.#hashed++;
    }
    return this.#hashed === candidates.length ? left : 0;
  }

  #take(steps: number): boolean {
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
      while (entries[at]! > 0) {
        at += by;
        if (at >= size) at -= size;
        left--;
      }
      entries[at] = turn + 1;
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

/**
 * Size of the table for `count` candidates; a prime. Where it grows, at 655, 1310, 2621 and 5242 candidates, nearly all keys move.
 * @param asked as configured; 0: by `count`
 */
export function maglevSize(count: number, asked: number): number {
  if (asked > 0) return nextPrime(asked);
  return sizes.find((size) => size >= count * entriesEach) ?? sizes.at(-1)!;
}

/** Others than primes would leave entries that some order never comes to. */
function nextPrime(number: number): number {
  for (let prime = Math.max(3, number | 1); ; prime += 2) if (isPrime(prime)) return prime;
}

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor === 0) return false;
  }
  return true;
}
