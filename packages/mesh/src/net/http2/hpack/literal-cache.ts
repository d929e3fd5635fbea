import type { HpackField } from "./field.ts";

/** Slots. A literal has one place it can be in; whoever comes later, twice, takes it. */
const SLOTS = 1024;
/** Octets of a literal that are kept; what is longer is decoded each time. */
const SLOT_BYTES = 64;
/** Octets at its end by which it is told from others at first sight. */
const HASHED_BYTES = 16;
/** Names apart, for fields whose values never come again. */
const NAME_SLOTS = 256;

/**
 * The literals that come again and again to the connections of a workload, by their octets: many clients send `:path` and the like as a
 * literal each time, and every connection begins with the same ones. A literal that is known is the object it was, with all
 * that was found out about it, and its octets are compared, not decoded. What comes once, such as an id, leaves only its hash.
 * 100 KB.
 */
export class LiteralCache {
  readonly #octets = Buffer.alloc(SLOTS * SLOT_BYTES);
  readonly #counts = new Uint8Array(SLOTS);
  /** The name that the literal referred to, or "" where it is in the octets. */
  readonly #names: string[] = new Array(SLOTS).fill("");
  readonly #fields: (HpackField | null)[] = new Array(SLOTS).fill(null);
  /** Of the last literal in each place that was not known. */
  readonly #missed = new Int32Array(SLOTS);
  #hash = 0;
  readonly #nameOctets: (Buffer | null)[] = new Array(NAME_SLOTS).fill(null);
  readonly #nameTexts: string[] = new Array(NAME_SLOTS).fill("");

  /** The name whose string, with its length in front, is `bytes[start, end)`; null where it is not known. */
  findName(bytes: Buffer, start: number, end: number): string | null {
    const slot = nameSlotOf(bytes, start, end);
    const octets = this.#nameOctets[slot]!;
    if (octets === null || octets.length !== end - start) return null;
    for (let at = start, own = 0; at < end; at++, own++) {
      if (octets[own] !== bytes[at]) return null;
    }
    return this.#nameTexts[slot]!;
  }

  /** Keeps `name` as what `findName` is to find. */
  keepName(name: string, bytes: Buffer, start: number, end: number): void {
    if (end - start > SLOT_BYTES) return;
    const slot = nameSlotOf(bytes, start, end);
    this.#nameOctets[slot] = Buffer.from(bytes.subarray(start, end));
    this.#nameTexts[slot] = name;
  }

  /** The field whose literal, but for the reference to `name`, is `bytes[start, end)`; null where it is not known. */
  find(name: string, bytes: Buffer, start: number, end: number): HpackField | null {
    const count = end - start;
    let hash = Math.imul(name.length + 1, 0x9e3779b1) ^ count;
    const from = count > HASHED_BYTES ? end - HASHED_BYTES : start;
    for (let at = from; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    this.#hash = hash;
    const slot = placeOf(hash);
    if (this.#counts[slot] !== count || this.#names[slot] !== name) return null;
    const octets = this.#octets;
    for (let at = start, own = slot * SLOT_BYTES; at < end; at++, own++) {
      if (octets[own] !== bytes[at]) return null;
    }
    const field = this.#fields[slot]!;
    if (field !== null) field.isRepeated = true;
    return field;
  }

  /** Keeps `field` as what `find`, called last, did not find, if it did not find it the time before either. */
  keep(field: HpackField, name: string, bytes: Buffer, start: number, end: number): void {
    const hash = this.#hash;
    const slot = placeOf(hash);
    if (this.#missed[slot] !== hash) {
      this.#missed[slot] = hash;
      return;
    }
    const count = end - start;
    if (count > SLOT_BYTES) return;
    this.#counts[slot] = count;
    this.#names[slot] = name;
    this.#fields[slot] = field;
    for (let at = start, own = slot * SLOT_BYTES; at < end; at++, own++) {
      this.#octets[own] = bytes[at]!;
    }
  }
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
}

function nameSlotOf(bytes: Buffer, start: number, end: number): number {
  // The ends tell names apart well enough, and their lengths.
  const last = bytes[end - 1]! + 7 * bytes[(start + end) >> 1]!;
  return (Math.imul(last, 31) ^ Math.imul(end - start, 57) ^ bytes[start + 1]!) & (NAME_SLOTS - 1);
}
