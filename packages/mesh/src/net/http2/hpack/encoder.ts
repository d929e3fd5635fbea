import type { Gather } from "../../gather.ts";
import { writeLatin1 } from "../../latin1.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { HpackField } from "./field.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";
import { placeInStatic, STATIC_COUNT } from "./static-table.ts";

const TABLE_BYTES_AT_START = 4096; // RFC 9113 §6.5.2
/** Octets that an integer takes at most. */
const INTEGER_BYTES_MAX = 6;

/** Encodes the blocks of one direction of one connection (RFC 7541). Every block that was begun must be sent. */
export class HpackEncoder {
  readonly #table = new DynamicTable(TABLE_BYTES_AT_START);
  /** The number of each entry of the table, as `DynamicTable.added` counts them. */
  readonly #numbers = new Map<HpackField, number>();
  /** The smallest and the last size to be told at the start of the next block; -1 for none. */
  #smallestUpdate = -1;
  #lastUpdate = -1;

  /** Octets that its table holds now. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; we use no more than we start with. */
  setPeerTableBytesMax(bytesMax: number): void {
    const next = Math.min(bytesMax, TABLE_BYTES_AT_START);
    if (next === this.#table.bytesMax && this.#lastUpdate < 0) return;
    this.#smallestUpdate = this.#lastUpdate < 0 ? next : Math.min(this.#smallestUpdate, next);
    this.#lastUpdate = next;
    this.#table.resize(next);
  }

  /** Begins a block at the end of `out`. */
  begin(out: Gather): void {
    if (this.#lastUpdate < 0) return;
    out.reserve(2 * INTEGER_BYTES_MAX);
    if (this.#smallestUpdate < this.#lastUpdate) appendInteger(out, 0x20, 5, this.#smallestUpdate);
    appendInteger(out, 0x20, 5, this.#lastUpdate);
    this.#smallestUpdate = -1;
    this.#lastUpdate = -1;
  }

  /** Appends one field. Its name is in lower case. */
  field(out: Gather, field: HpackField): void {
    out.reserve(field.size + 2 * INTEGER_BYTES_MAX);
    if (field.staticIndex < 0) placeInStatic(field);
    if (field.isSensitive) {
      appendLiteral(out, 0x10, 4, field);
      return;
    }
    if (field.staticIndex > 0) {
      appendInteger(out, 0x80, 7, field.staticIndex);
      return;
    }
    const number = this.#numbers.get(field);
    const table = this.#table;
    if (number !== undefined) {
      const age = table.added - 1 - number;
      if (age < table.count) {
        appendInteger(out, 0x80, 7, STATIC_COUNT + 1 + age);
        return;
      }
      this.#numbers.delete(field);
    }
    if (!isIndexed(field) || field.size > table.bytesMax) {
      appendLiteral(out, 0, 4, field);
      return;
    }
    appendLiteral(out, 0x40, 6, field);
    this.#numbers.set(field, table.added);
    table.add(field);
    if (this.#numbers.size > 2 * table.count + 16) this.#forgetEvicted();
  }

  /** Appends a field of which nobody keeps an object. */
  pair(out: Gather, name: string, value: string): void {
    this.field(out, new HpackField(name, value, isSecret(name)));
  }

  #forgetEvicted(): void {
    const { added, count } = this.#table;
    for (const [field, number] of this.#numbers) {
      if (number < added - count) this.#numbers.delete(field);
    }
  }
}

/** Values that are of one message: an entry for each would drive out those that come again. */
const unindexed: ReadonlySet<string> = new Set([
  ..."age content-length date etag expires if-modified-since if-none-match last-modified".split(
    " ",
  ),
  ..."location set-cookie :path content-range range".split(" "),
]);

function isIndexed(field: HpackField): boolean {
  return !unindexed.has(field.name);
}

const secrets: ReadonlySet<string> = new Set("authorization proxy-authorization".split(" "));

/** RFC 7541 §7.1.3: what could be guessed, value by value, by somebody who shares the connection and sees its lengths. */
function isSecret(name: string): boolean {
  return secrets.has(name);
}

function appendLiteral(out: Gather, mark: number, prefixBits: number, field: HpackField): void {
  appendInteger(out, mark, prefixBits, field.staticNameIndex);
  if (field.staticNameIndex === 0) appendString(out, field.name);
  appendString(out, field.value);
}

function appendString(out: Gather, text: string): void {
  const coded = huffmanLength(text);
  if (coded < text.length) {
    appendInteger(out, 0x80, 7, coded);
    out.length = encodeHuffman(text, out.bytes, out.length);
    return;
  }
  appendInteger(out, 0, 7, text.length);
  writeLatin1(out.bytes, text, out.length);
  out.length += text.length;
}

/** RFC 7541 §5.1; the room was reserved. */
function appendInteger(out: Gather, mark: number, prefixBits: number, value: number): void {
  const { bytes } = out;
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    bytes[out.length++] = mark | value;
    return;
  }
  bytes[out.length++] = mark | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes[out.length++] = 0x80 | (rest & 0x7f);
  bytes[out.length++] = rest;
}
