import { keyHash } from "../base/key-hash.ts";
import { mixHash } from "./hash-mix.ts";
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
 * Consistent hashing (Karger 1997): each candidate has many places on a ring of 2^32; a key belongs to the first place at or
 * after its own. Who leaves gives its keys to its neighbours, and no other key moves.
 *
 * Made in two passes over the entries, which throw them into buckets by their upper bits; a bucket is sorted when it is first looked
 * into. So ten thousand candidates cost a few ms once, not hundreds.
 *
 * ```
 *  starts   0     3   4        9        buckets of 16 entries on average
 *  places  [7 2 5][11][…     ][…
 * ```
 */
export class Ring {
  readonly #places: Uint32Array;
  readonly #owners: Uint32Array;
  /** Where each bucket begins; one more at the end. */
  readonly #starts: Uint32Array;
  readonly #isSorted: Uint8Array;
  readonly #shift: number;

  constructor(candidates: readonly Candidate[], each: number) {
    const size = candidates.length * each;
    const bits = Math.min(24, Math.max(1, Math.floor(Math.log2(size / 16))));
    const shift = 32 - bits;
    const seeds = Uint32Array.from(candidates, ({ uid }) => keyHash(uid));
    const starts = new Uint32Array((1 << bits) + 1);
    for (let owner = 0; owner < seeds.length; owner++) {
      const seed = seeds[owner]!;
      for (let entry = 0; entry < each; entry++) starts[(mixHash(seed, entry) >>> shift) + 1]!++;
    }
    for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
    const ends = starts.slice(0, -1);
    const places = new Uint32Array(size);
    const owners = new Uint32Array(size);
    for (let owner = 0; owner < seeds.length; owner++) {
      const seed = seeds[owner]!;
      for (let entry = 0; entry < each; entry++) {
        const place = mixHash(seed, entry);
        const at = ends[place >>> shift]!++;
        places[at] = place;
        owners[at] = owner;
      }
    }
    this.#places = places;
    this.#owners = owners;
    this.#starts = starts;
    this.#isSorted = new Uint8Array(1 << bits);
    this.#shift = shift;
  }

  get size(): number {
    return this.#places.length;
  }

  /** Index of the candidate to which `hash` belongs; of the next other one where that is `avoid`. */
  ownerOf(hash: number, avoid: number): number {
    let bucket = hash >>> this.#shift;
    let at = this.#firstAtOrAfter(bucket, hash);
    for (let passed = 0; passed <= this.#places.length; ) {
      if (at < this.#starts[bucket + 1]!) {
        const owner = this.#owners[at]!;
        if (owner !== avoid) return owner;
        at++;
        passed++;
        continue;
      }
      bucket = bucket + 1 === this.#isSorted.length ? 0 : bucket + 1;
      if (bucket === 0) passed++; // the ring is empty of others at the second turn
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

function isAfter(place: number, owner: number, otherPlace: number, otherOwner: number): boolean {
  return place === otherPlace ? owner > otherOwner : place > otherPlace;
}

/**
 * How many entries each of `count` candidates gets. While that does not change with `count`, up to 256, nobody's keys but
 * those of who leaves move; beyond it as many again, since all places thin out a little.
 * @param least entries of the whole ring, as configured; 0: by the number of candidates
 */
export function ringEntriesEach(count: number, least: number): number {
  const most = Math.max(1, Math.floor(ringEntriesMax / count));
  if (least > 0) return Math.min(most, Math.ceil(least / count));
  const each = Math.max(entriesEachMin, Math.min(entriesEach, Math.floor(entriesShared / count)));
  return Math.min(most, Math.max(each, Math.ceil(ringEntriesMin / count)));
}
