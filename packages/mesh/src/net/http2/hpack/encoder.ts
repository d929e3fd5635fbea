import type { Gather } from "../../gather.ts";
import { DynamicTable } from "./dynamic-table.ts";
import type { HpackField } from "./field.ts";
import { placeInStatic, STATIC_COUNT } from "./static-table.ts";

const TABLE_BYTES_AT_START = 4096; // RFC 9113 §6.5.2
/** Octets that an integer takes at most. */
const INTEGER_BYTES = 6;

/**
 * Encodes the blocks of one direction of one connection (RFC 7541). Every block that was begun must be sent. Strings are never
 * Huffman-coded: what comes again is an index, and of what does not the code saves a dozen octets and costs 10 ns each, here and
 * at the peer.
 */
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

  /** Fields that it looks out for: those of its table, and few more that it has not forgotten yet. */
  get knownCount(): number {
    return this.#numbers.size;
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
    out.reserve(2 * INTEGER_BYTES);
    if (this.#smallestUpdate < this.#lastUpdate) appendInteger(out, 0x20, 5, this.#smallestUpdate);
    appendInteger(out, 0x20, 5, this.#lastUpdate);
    this.#smallestUpdate = -1;
    this.#lastUpdate = -1;
  }

  /**
   * Appends one field; its name is in lower case. What comes for the first time is a literal and takes nobody's place in the
   * table: ids, dates and lengths that never come again would drive out what does.
   */
  field(out: Gather, field: HpackField): void {
    if (field.staticIndex < 0) placeInStatic(field);
    out.reserve(field.size + 2 * INTEGER_BYTES);
    if (field.isSensitive) {
      appendLiteral(out, 0x10, 4, field);
      return;
    }
    if (field.staticIndex > 0) {
      out.bytes[out.length++] = 0x80 | field.staticIndex;
      return;
    }
    if (!field.isRepeated) {
      appendLiteral(out, 0, 4, field);
      return;
    }
    const table = this.#table;
    const number = this.#numbers.get(field);
    if (number !== undefined) {
      const age = table.added - 1 - number;
      if (age < table.count) {
        appendInteger(out, 0x80, 7, STATIC_COUNT + 1 + age);
        return;
      }
      this.#numbers.delete(field);
    }
    // It would drive out most of what repeats in every request, to be driven out by the next like it.
    if (2 * field.size > table.bytesMax) {
      appendLiteral(out, 0, 4, field);
      return;
    }
    appendLiteral(out, 0x40, 6, field);
    this.#numbers.set(field, table.added);
    table.add(field);
    if (this.#numbers.size > 2 * table.count + 16) this.#forgetEvicted();
  }

  #forgetEvicted(): void {
    const { added, count } = this.#table;
    for (const [field, number] of this.#numbers) {
      if (number < added - count) this.#numbers.delete(field);
    }
  }
}

function appendLiteral(out: Gather, mark: number, prefixBits: number, field: HpackField): void {
  appendInteger(out, mark, prefixBits, field.staticNameIndex);
  if (field.staticNameIndex === 0) appendString(out, field.name);
  appendString(out, field.value);
}

function appendString(out: Gather, text: string): void {
  appendInteger(out, 0, 7, text.length);
  out.appendText(text);
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
