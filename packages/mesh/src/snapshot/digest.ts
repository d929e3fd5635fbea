import type { Document, DocumentKey } from "../model/document.ts";

/**
 * Fingerprints of documents and of sets of them. A set's digest is the sum of its documents' hashes, lane by lane: it
 * does not depend on their order. 128 bits, against accidents and bugs, not against an adversary: whoever can choose
 * documents is the control plane itself.
 *
 * Each document is hashed once in its life, since documents are never edited; the hashes hang off this object. So do the
 * sums of sets: of one that is made of another by a few documents, only these are added and taken off.
 */
export class Digester {
  readonly #hashes = new WeakMap<Document, Uint32Array>();
  readonly #sums = new WeakMap<Documents, Uint32Array>();

  /** The digest of a set of documents: 32 hexadecimal digits. The empty set's is all zeros. */
  digest(documents: Documents): string {
    return toHex(this.#sumOf(documents));
  }

  /**
   * The digest of `documents`, never edited again, which are `before` but for a few.
   * @param gone those of `before` that are no longer there
   * @param come those that were not
   */
  digestFrom(
    before: Documents | null,
    documents: Documents,
    gone: readonly Document[],
    come: readonly Document[],
  ): string {
    const known = this.#sums.get(documents);
    if (known !== undefined) return toHex(known);
    const sum = before === null ? new Uint32Array(4) : this.#sumOf(before).slice();
    for (const document of gone) subtract(sum, this.#hashOf(document));
    for (const document of come) add(sum, this.#hashOf(document));
    this.#sums.set(documents, sum);
    return toHex(sum);
  }

  /** The hash of one document: 32 hexadecimal digits, equal for documents that say the same. */
  hash(document: Document): string {
    return toHex(this.#hashOf(document));
  }

  /** Do both say the same? */
  same(a: Document, b: Document): boolean {
    if (a === b) return true;
    const first = this.#hashOf(a);
    const second = this.#hashOf(b);
    return first.every((lane, index) => lane === second[index]);
  }

  #sumOf(documents: Documents): Uint32Array {
    const known = this.#sums.get(documents);
    if (known !== undefined) return known;
    const sum = new Uint32Array(4);
    for (const document of documents.values()) add(sum, this.#hashOf(document));
    this.#sums.set(documents, sum);
    return sum;
  }

  #hashOf(document: Document): Uint32Array {
    const known = this.#hashes.get(document);
    if (known !== undefined) return known;
    const hash = hashText(canonicalJson(document));
    this.#hashes.set(document, hash);
    return hash;
  }
}

type Documents = ReadonlyMap<DocumentKey, Document>;

function add(sum: Uint32Array, hash: Uint32Array): void {
  for (let lane = 0; lane < 4; lane++) sum[lane]! += hash[lane]!;
}

function subtract(sum: Uint32Array, hash: Uint32Array): void {
  for (let lane = 0; lane < 4; lane++) sum[lane]! -= hash[lane]!;
}

/** JSON with members in order of their names: one text for one meaning. Members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members: string[] = [];
  for (const [name, member] of Object.entries(value).sort(byName)) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join()}}`;
}

/** Four lanes, each a multiply-xor hash with a multiplier of its own, mixed with one another at the end. */
function hashText(text: string): Uint32Array {
  let a = 0x2545f491;
  let b = 0x6c62272e;
  let c = 0x07bb0142;
  let d = 0x62b82175;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca77);
    c = Math.imul(c ^ unit ^ (b >>> 13), 0xc2b2ae3d);
    d = Math.imul(d ^ unit ^ (c >>> 16), 0x27d4eb2f);
  }
  const lanes = new Uint32Array([a, b, c, d]);
  for (let round = 0; round < 8; round++) {
    const lane = round & 3;
    const other = lanes[(lane + 3) & 3]!;
    lanes[lane] = finish(lanes[lane]! + Math.imul(other, 0x165667b1) + text.length);
  }
  return lanes;
}

/** MurmurHash3's finaliser: every input bit reaches every output bit. */
function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function toHex(lanes: Uint32Array): string {
  return Array.from(lanes, (lane) => lane.toString(16).padStart(8, "0")).join("");
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
