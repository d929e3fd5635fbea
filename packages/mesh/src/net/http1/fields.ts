import type { Fields } from "../../model/head.ts";
import { latin1 } from "../latin1.ts";
import { equalsName } from "./kinds.ts";
import { FIELD_STRIDE, FIELDS_AT } from "./scan.ts";

/**
 * Fields as they came: octets and an offset table. Strings are made on demand; edits lie beside the octets, so that
 * what was not edited can be forwarded octet by octet. The octets are the head's own, never a slice of a read buffer.
 */
export class Http1Fields implements Fields {
  readonly bytes: Buffer;
  /** The offset table of `scan.ts`. */
  readonly table: number[];
  /** Per field of the table: undefined as it came, null removed, else its new value. Null while nothing was edited. */
  edits: (string | null | undefined)[] | null = null;
  /** Fields appended: name, value, name, value … Null while there are none. */
  added: string[] | null = null;

  constructor(bytes: Buffer, table: number[]) {
    this.bytes = bytes;
    this.table = table;
  }

  get(name: string): string | null {
    for (let at = FIELDS_AT; at < this.table.length; at += FIELD_STRIDE) {
      if (!this.#isNamed(at, name)) continue;
      const value = this.#valueAt(at);
      if (value !== null) return value;
    }
    const added = this.added;
    if (added === null) return null;
    for (let index = 0; index < added.length; index += 2) {
      if (added[index] === name) return added[index + 1]!;
    }
    return null;
  }

  set(name: string, value: string): void {
    let isPlaced = false;
    for (let at = FIELDS_AT; at < this.table.length; at += FIELD_STRIDE) {
      if (!this.#isNamed(at, name) || this.#valueAt(at) === null) continue;
      this.#edit(at, isPlaced ? null : value);
      isPlaced = true;
    }
    this.#removeAdded(name);
    if (!isPlaced) this.add(name, value);
  }

  add(name: string, value: string): void {
    this.added ??= [];
    this.added.push(name, value);
  }

  remove(name: string): void {
    for (let at = FIELDS_AT; at < this.table.length; at += FIELD_STRIDE) {
      if (this.#isNamed(at, name)) this.#edit(at, null);
    }
    this.#removeAdded(name);
  }

  each(visit: (name: string, value: string) => void): void {
    const table = this.table;
    for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
      const value = this.#valueAt(at);
      if (value === null) continue;
      visit(latin1(this.bytes, table[at]!, table[at + 1]!).toLowerCase(), value);
    }
    const added = this.added;
    if (added === null) return;
    for (let index = 0; index < added.length; index += 2) visit(added[index]!, added[index + 1]!);
  }

  /** The value as it came of the first field of `kind`, or null; edits do not show. */
  received(kind: number): string | null {
    const table = this.table;
    for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
      if (table[at + 4] === kind) return latin1(this.bytes, table[at + 2]!, table[at + 3]!);
    }
    return null;
  }

  #isNamed(at: number, name: string): boolean {
    return equalsName(this.bytes, this.table[at]!, this.table[at + 1]!, name);
  }

  #valueAt(at: number): string | null {
    const edit = this.edits === null ? undefined : this.edits[(at - FIELDS_AT) / FIELD_STRIDE];
    if (edit !== undefined) return edit;
    return latin1(this.bytes, this.table[at + 2]!, this.table[at + 3]!);
  }

  #edit(at: number, value: string | null): void {
    this.edits ??= new Array((this.table.length - FIELDS_AT) / FIELD_STRIDE).fill(undefined);
    this.edits[(at - FIELDS_AT) / FIELD_STRIDE] = value;
  }

  #removeAdded(name: string): void {
    const added = this.added;
    if (added === null) return;
    const kept: string[] = [];
    for (let index = 0; index < added.length; index += 2) {
      if (added[index] !== name) kept.push(added[index]!, added[index + 1]!);
    }
    this.added = kept.length === 0 ? null : kept;
  }
}
