import { latin1 } from "../../latin1.ts";
import type { LimitName } from "../../limit.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { HpackField } from "./field.ts";
import { decodeHuffman } from "./huffman.ts";
import type { HpackLimits } from "./limits.ts";
import type { LiteralCache } from "./literal-cache.ts";
import { internName, STATIC_COUNT, staticFields } from "./static-table.ts";

/** Why a block gave no field section. */
export interface HpackFault {
  /**
   * `compression`: the tables of both ends are no longer one; the connection ends with COMPRESSION_ERROR (RFC 9113 §4.3).
   * `list-too-large`: the block was decoded to its end, so the tables are right; the one stream is refused (431).
   */
  readonly kind: "compression" | "list-too-large";
  readonly detail: string;
  /** The limit that was met, or null where the block is broken. */
  readonly limit: LimitName | null;
}

const TABLE_BYTES_AT_START = 4096; // RFC 9113 §6.5.2
const SIZE_UPDATES_MAX = 2; // RFC 7541 §4.2: the smallest of the interval and the last

/**
 * Decodes the blocks of one direction of one connection (RFC 7541). What a section may come to is counted while decoding: of a
 * block whose section is larger than the limits the rest is decoded for the table alone, which costs no more than its
 * octets, for what an index stands for is not copied.
 */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  readonly #table = new DynamicTable(TABLE_BYTES_AT_START);
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #fault: HpackFault | null = null;
  readonly #literals: LiteralCache | null;

  /** @param literals shared by all decoders of a workload; null has each literal decoded anew */
  constructor(limits: HpackLimits, literals: LiteralCache | null = null) {
    this.#limits = limits;
    this.#literals = literals;
  }

  /** Octets that its table holds now. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Decodes the block `bytes[start, end)`, whole, and appends its fields to `fields` in order. Null where all is well. After a fault
   * `fields` is of no use; after one of kind `compression` neither is the decoder.
   */
  decode(bytes: Buffer, start: number, end: number, fields: HpackField[]): HpackFault | null {
    this.#block = bytes;
    this.#at = start;
    this.#end = end;
    this.#fault = null;
    const { listBytesMax, fieldsMax } = this.#limits;
    let listBytes = 0;
    let count = 0;
    let updates = 0;
    while (this.#at < end) {
      const first = bytes[this.#at]!;
      let field: HpackField | null;
      if (first >= 0x80) field = this.#readIndexed();
      else if (first >= 0x40) {
        field = this.#readLiteral(6, false);
        if (field !== null) this.#table.add(field);
      } else if (first >= 0x20) {
        if (count > 0) return broken("a table size update behind a field");
        if (++updates > SIZE_UPDATES_MAX) return broken("more than two table size updates");
        if (!this.#readSizeUpdate()) return this.#fault;
        continue;
      } else field = this.#readLiteral(4, first >= 0x10);
      if (field === null) return this.#fault;
      count++;
      listBytes += field.size;
      if (listBytes <= listBytesMax && count <= fieldsMax) fields.push(field);
    }
    if (listBytes > listBytesMax) {
      return tooLarge(`a field section of ${listBytes} octets`);
    }
    return count > fieldsMax ? tooLarge(`a field section of ${count} fields`) : null;
  }

  #readIndexed(): HpackField | null {
    const index = this.#readInteger(7);
    if (index < 0) return null;
    const field = this.#fieldAt(index);
    if (field !== null) field.isRepeated = true;
    return field;
  }

  #fieldAt(index: number): HpackField | null {
    const field =
      index <= STATIC_COUNT ? staticFields[index]! : this.#table.at(index - STATIC_COUNT - 1);
    if (field === null) this.#fault = broken("an index that nothing has");
    return field;
  }

  #readLiteral(prefixBits: number, isSensitive: boolean): HpackField | null {
    const index = this.#readInteger(prefixBits);
    if (index < 0) return null;
    let name = "";
    if (index > 0) {
      const named = this.#fieldAt(index);
      if (named === null) return null;
      name = named.name;
    }
    const start = this.#at;
    const nameEnd = index > 0 ? start : this.#skipString(start);
    const end = nameEnd < 0 ? -1 : this.#skipString(nameEnd);
    if (end < 0) return null;
    this.#at = end;
    const literals = isSensitive ? null : this.#literals;
    if (literals !== null) {
      const known = literals.find(name, this.#block, start, end);
      if (known !== null) return known;
    }
    const ownName = index > 0 ? name : this.#readName(start, nameEnd);
    const value = ownName === null ? null : this.#textOf(nameEnd, end);
    if (value === null) return null;
    const field = new HpackField(ownName!, value, isSensitive);
    if (literals !== null) literals.keep(field, name, this.#block, start, end);
    return field;
  }

  #readName(start: number, end: number): string | null {
    const literals = this.#literals;
    if (literals === null) {
      const text = this.#textOf(start, end);
      return text === null ? null : internName(text);
    }
    const known = literals.findName(this.#block, start, end);
    if (known !== null) return known;
    const text = this.#textOf(start, end);
    if (text === null) return null;
    const name = internName(text);
    literals.keepName(name, this.#block, start, end);
    return name;
  }

  #readSizeUpdate(): boolean {
    const bytesMax = this.#readInteger(5);
    if (bytesMax < 0) return false;
    if (bytesMax > this.#limits.tableBytesMax) {
      const detail = `a table of ${bytesMax} octets`;
      this.#fault = { kind: "compression", detail, limit: "h2-table" };
      return false;
    }
    this.#table.resize(bytesMax);
    return true;
  }

  /** Where the string that starts at `start` ends; -1 with a fault where it does not end in the block. */
  #skipString(start: number): number {
    this.#at = start;
    if (start >= this.#end) {
      this.#fault = broken("cut within a literal");
      return -1;
    }
    const length = this.#readInteger(7);
    if (length < 0) return -1;
    if (length <= this.#end - this.#at) return this.#at + length;
    this.#fault = broken("a string longer than its block");
    return -1;
  }

  /** The text of the string `[start, end)`, its length in front. */
  #textOf(start: number, end: number): string | null {
    const block = this.#block;
    this.#at = start;
    this.#readInteger(7);
    const from = this.#at;
    this.#at = end;
    if (block[start]! < 0x80) return latin1(block, from, end);
    const text = decodeHuffman(block, from, end);
    if (text === null) this.#fault = broken("malformed Huffman code");
    return text;
  }

  /** RFC 7541 §5.1. -1 with a fault where it is cut, or larger than anything that it could stand for. */
  #readInteger(prefixBits: number): number {
    const block = this.#block;
    const mask = (1 << prefixBits) - 1;
    let value = block[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) {
        this.#fault = broken("cut within an integer");
        return -1;
      }
      const octet = block[this.#at++]!;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    this.#fault = broken("an integer of more than 28 bits");
    return -1;
  }
}

function broken(detail: string): HpackFault {
  return { kind: "compression", detail, limit: null };
}

function tooLarge(detail: string): HpackFault {
  return { kind: "list-too-large", detail, limit: "h2-header-list" };
}
