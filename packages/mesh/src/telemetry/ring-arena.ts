/**
 * Units of texts kept with the last records: a power of two, and twice what one head can hold, so that a single record
 * always fits.
 */
export const textUnitsMax = 1 << 17;
/** Units of one text; more are cut. A head, and so any part of it, is shorter. */
export const TEXT_UNITS_MAX = 65_534;
/** Octets of bodies kept with the last records. */
export const bodyBytesMax = 1 << 18;

/**
 * Texts one after the other in a buffer that wraps, as UTF-16 units behind their length. A place is counted from the first
 * text ever put, so that it says by itself whether it is overwritten.
 */
export class TextArena {
  readonly #units: Uint16Array;
  readonly #mask: number;
  /** Short texts that were read, each in the place of its hash. */
  readonly #recent: (string | undefined)[] = [];
  #end = 0;
  #cursor = 0;

  /** @param size in units, a power of two or 0 */
  constructor(size: number) {
    this.#units = new Uint16Array(size);
    this.#mask = size - 1;
  }

  /** Where the next text goes. */
  get end(): number {
    return this.#end;
  }

  /** Is what begins there still whole? */
  has(start: number): boolean {
    return start >= this.#end - this.#units.length;
  }

  put(text: string | null, lengthMax: number): void {
    const units = this.#units;
    const mask = this.#mask;
    const start = this.#end;
    if (text === null) {
      units[start & mask] = ABSENT;
      this.#end = start + 1;
      return;
    }
    const length = text.length > lengthMax ? lengthMax : text.length;
    let at = start & mask;
    units[at] = length;
    for (let index = 0; index < length; index++) {
      at = (at + 1) & mask;
      units[at] = text.charCodeAt(index);
    }
    this.#end = start + length + 1;
  }

  /** Reading goes on from there. */
  seek(start: number): void {
    this.#cursor = start;
  }

  next(): string | null {
    const units = this.#units;
    const mask = this.#mask;
    const length = units[this.#cursor & mask]!;
    if (length === ABSENT) {
      this.#cursor++;
      return null;
    }
    const start = (this.#cursor + 1) & mask;
    this.#cursor += length + 1;
    if (length <= SHORT) return this.#short(start, length);
    const before = Math.min(length, units.length - start);
    return (
      decode(units.subarray(start, start + before)) + decode(units.subarray(0, length - before))
    );
  }

  /** Methods, authorities and keys come again and again: one that was read not long ago is not made anew. */
  #short(start: number, length: number): string {
    const units = this.#units;
    const mask = this.#mask;
    let hash = length;
    for (let index = 0; index < length; index++) {
      hash = (Math.imul(hash, 31) + units[(start + index) & mask]!) | 0;
    }
    const place = (hash ^ (hash >>> 15)) & (RECENT - 1);
    const recent = this.#recent[place];
    if (recent !== undefined && this.#isAt(start, recent, length)) return recent;
    let text = "";
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(units[(start + index) & mask]!);
    }
    this.#recent[place] = text;
    return text;
  }

  #isAt(start: number, text: string, length: number): boolean {
    if (text.length !== length) return false;
    for (let index = 0; index < length; index++) {
      if (text.charCodeAt(index) !== this.#units[(start + index) & this.#mask]!) return false;
    }
    return true;
  }
}

/** Bodies one after the other in a buffer that wraps. */
export class BodyArena {
  readonly #octets: Uint8Array;
  #end = 0;

  constructor(size: number) {
    this.#octets = new Uint8Array(size);
  }

  /** Where the next body goes, counted from the first ever put. */
  get end(): number {
    return this.#end;
  }

  has(start: number, length: number): boolean {
    return length <= this.#octets.length && start >= this.#end - this.#octets.length;
  }

  put(body: Uint8Array, length: number): void {
    const octets = this.#octets;
    const size = octets.length;
    const start = this.#end % size;
    this.#end += length;
    if (length > size) return; // overwrites all there is, itself too
    if (length <= SHORT && start + length <= size) {
      for (let index = 0; index < length; index++) octets[start + index] = body[index]!;
      return;
    }
    if (length === body.length && start + length <= size) {
      octets.set(body, start); // a view of it costs as much as the copy
      return;
    }
    const before = Math.min(length, size - start);
    octets.set(body.subarray(0, before), start);
    octets.set(body.subarray(before, length), 0);
  }

  /** As it lies there, good until the next `put`; a copy where it wraps. A buffer of its own costs more than its hash. */
  read(start: number, length: number): Uint8Array {
    const octets = this.#octets;
    const from = start % octets.length;
    const before = octets.length - from;
    if (length <= before) return octets.subarray(from, from + length);
    const body = new Uint8Array(length);
    body.set(octets.subarray(from, from + before));
    body.set(octets.subarray(0, length - before), before);
    return body;
  }
}

/** In place of a length: no text. */
const ABSENT = 0xffff;
/** Places of short texts that were read: a power of two, so that they are 32 KB at most. */
const RECENT = 256;
/** Up to here a loop is faster than a call that copies. */
const SHORT = 32;

/** In pieces: the arguments of a call have a limit. */
function decode(units: Uint16Array): string {
  let text = "";
  for (let start = 0; start < units.length; start += 4096) {
    text += String.fromCharCode(...units.subarray(start, start + 4096));
  }
  return text;
}
