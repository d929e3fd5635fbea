import { keyHash } from "../base/key-hash.ts";
import { mixHash } from "./hash-mix.ts";
import { type HashTable, hashBits } from "./hash-table.ts";
import type { Candidate } from "./picker.ts";

/** Least entries of a ring, and most (Envoy `minimum_ring_size`, `maximum_ring_size`). */
export const ringEntriesMin = 1024;
export const ringEntriesMax = 8_388_608;
/** Entries of each candidate while there are few: the largest share is then within a quarter of the mean. */
const entriesEach = 160;
/** From here on each has fewer, lest the ring of ten thousand take its proxy's breath away. */
const entriesShared = 40_960;
const entriesEachMin = 16;

/**
 * Consistent hashing (Karger 1997): each candidate has many places on a ring; a key belongs to the first place at or after its own. Who
 * leaves gives its keys to its neighbours, and no other key moves.
 *
 * Made in two passes over the entries, which throw them into buckets by their upper bits; a bucket is sorted when it is first looked
 * into.
 *
 * ```
 *  starts   0     3   4        9        buckets of 16 entries on average
 *  places  [7 2 5][11][…     ][…
 * ```
 */
export class Ring<C extends Candidate> implements HashTable<C> {
  readonly candidates: readonly C[];
  readonly #each: number;
  readonly #shift: number;
  readonly #seeds: Uint32Array;
  /** Where each bucket begins; one more at the end. While entries are counted: how many are in the one before. */
  readonly #starts: Uint32Array;
  /** While entries are placed: where the next of each bucket goes. */
  #ends: Uint32Array = new Uint32Array(0);
  #places: Uint32Array = new Uint32Array(0);
  #owners: Uint32Array = new Uint32Array(0);
  readonly #isSorted: Uint8Array;
  #pass: "count" | "place" | "whole" = "count";
  /** The candidate whose turn it is in this pass. */
  #turn = 0;

  /** @param each entries of a candidate. Of 3.4 some have 4 and others 3, by their hash, so that a little less moves little. */
  constructor(candidates: readonly C[], each: number) {
    const bits = Math.min(24, Math.max(1, Math.floor(Math.log2((candidates.length * each) / 16))));
    this.candidates = candidates;
    this.#each = each;
    this.#shift = hashBits - bits;
    this.#seeds = new Uint32Array(candidates.length);
    this.#starts = new Uint32Array((1 << bits) + 1);
    this.#isSorted = new Uint8Array(1 << bits);
  }

  get size(): number {
    return this.candidates.length * this.#each;
  }

  fill(steps: number): boolean {
    let left = steps;
    while (left > 0 && this.#pass !== "whole") {
      left -= this.#pass === "count" ? this.#count() : this.#place();
      if (++this.#turn === this.candidates.length) this.#endPass();
    }
    return this.#pass === "whole";
  }

  ownerOf(hash: number): number {
    return this.#next(hash, -1);
  }

  otherOf(hash: number, avoid: number): number {
    return this.#next(hash, avoid);
  }

  /** The entries of one candidate. */
  #count(): number {
    const seed = keyHash(this.candidates[this.#turn]!.uid);
    this.#seeds[this.#turn] = seed;
    const count = this.#countOf(seed);
    const shift = this.#shift;
    for (let entry = 0; entry < count; entry++)
      this.#starts[(placeOf(seed, entry) >>> shift) + 1]!++;
    return count;
  }

  #place(): number {
    const seed = this.#seeds[this.#turn]!;
    const count = this.#countOf(seed);
    const shift = this.#shift;
    for (let entry = 0; entry < count; entry++) {
      const place = placeOf(seed, entry);
      const at = this.#ends[place >>> shift]!++;
      this.#places[at] = place;
      this.#owners[at] = this.#turn;
    }
    return count;
  }

  #endPass(): void {
    this.#turn = 0;
    if (this.#pass === "place") {
      this.#pass = "whole";
      this.#ends = new Uint32Array(0);
      return;
    }
    this.#pass = "place";
    const starts = this.#starts;
    for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
    const size = starts.at(-1)!;
    this.#ends = starts.slice(0, -1);
    this.#places = new Uint32Array(size);
    this.#owners = new Uint32Array(size);
  }

  #countOf(seed: number): number {
    return Math.floor(this.#each + mixHash(seed, -1) / 0x1_0000_0000);
  }

  #next(hash: number, avoid: number): number {
    let bucket = hash >>> this.#shift;
    let at = this.#firstAtOrAfter(bucket, hash);
    for (let turns = 0; turns < 2; ) {
      for (const end = this.#starts[bucket + 1]!; at < end; at++) {
        if (this.#owners[at] !== avoid) return this.#owners[at]!;
      }
      bucket = bucket + 1 === this.#isSorted.length ? 0 : bucket + 1;
      if (bucket === 0) turns++;
      this.#sort(bucket);
      at = this.#starts[bucket]!;
    }
    return avoid;
  }

  #firstAtOrAfter(bucket: number, hash: number): number {
    this.#sort(bucket);
    const end = this.#starts[bucket + 1]!;
    let at = this.#starts[bucket]!;
    while (at < end && this.#places[at]! < hash) at++;
    return at;
  }

  /** By place, then owner: insertion sort, for 16 or so. */
  #sort(bucket: number): void {
    if (this.#isSorted[bucket] === 1) return;
    this.#isSorted[bucket] = 1;
    const places = this.#places;
    const owners = this.#owners;
    const first = this.#starts[bucket]!;
    const end = this.#starts[bucket + 1]!;
    for (let index = first + 1; index < end; index++) {
      const place = places[index]!;
      const owner = owners[index]!;
      let at = index;
      for (; at > first && isAfter(places[at - 1]!, owners[at - 1]!, place, owner); at--) {
        places[at] = places[at - 1]!;
        owners[at] = owners[at - 1]!;
      }
      places[at] = place;
      owners[at] = owner;
    }
  }
}

function placeOf(seed: number, entry: number): number {
  return mixHash(seed, entry) >>> 1;
}

function isAfter(place: number, owner: number, otherPlace: number, otherOwner: number): boolean {
  return place === otherPlace ? owner > otherOwner : place > otherPlace;
}

/**
 * How many entries each of `count` candidates gets. While that does not change with `count`, up to 256, nobody's keys but
 * those of who leaves move; beyond it as many again, since all places thin out a little.
 * @param least entries of the whole ring, as configured; 0: by the number of candidates
 */
export function ringEntriesEach(count: number, least: number): number {
  const most = Math.max(1, ringEntriesMax / count);
  if (least > 0) return Math.min(most, Math.ceil(least / count));
  const each = Math.max(entriesEachMin, Math.min(entriesEach, entriesShared / count));
  return Math.min(most, Math.max(each, Math.ceil(ringEntriesMin / count)));
}
