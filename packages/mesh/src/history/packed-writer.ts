import { toBase64 } from "../base/base64.ts";

/** A buffer that has grown beyond so many octets is let go after its batch. */
const keptOctetsMax = 1 << 18;
const firstOctets = 1 << 13;

/** Writes the numbers and texts that a packed batch is made of, into one buffer. `packed-batch.ts` has their order. */
export class PackedWriter {
  #octets = new Uint8Array(0);
  #at = 0;
  #count = 0;
  #strings: string[] = [];
  readonly #places = new Map<string, number>();
  /** Octets of `#strings`, about. */
  #stringsLength = 0;
  #lastId = 0;
  #startUs = 0;
  #receivedSeq = 0;

  /** Exchanges so far. */
  get count(): number {
    return this.#count;
  }

  /** Octets so far, about. */
  get length(): number {
    return this.#at + this.#stringsLength;
  }

  /** What was written, as its batch has it. Writing begins anew. */
  take(): { readonly count: number; readonly strings: readonly string[]; readonly packed: string } {
    const taken = {
      count: this.#count,
      strings: this.#strings,
      packed: toBase64(this.#octets, this.#at),
    };
    this.#at = this.#count = this.#lastId = this.#startUs = this.#receivedSeq = 0;
    this.#strings = [];
    this.#stringsLength = 0;
    this.#places.clear();
    if (this.#octets.length > keptOctetsMax) this.#octets = new Uint8Array(0);
    return taken;
  }

  /** An exchange begins: what the steps in it are counted from. */
  begin(id: number, startMs: number, receivedSeq: number): void {
    this.#count++;
    const startUs = Math.round(startMs * 1000);
    this.#step(id - this.#lastId);
    this.#step(startUs - this.#startUs);
    this.#step(receivedSeq - this.#receivedSeq);
    this.#lastId = id;
    this.#startUs = startUs;
    this.#receivedSeq = receivedSeq;
  }

  whole(value: number): void {
    if (this.#at + LONGEST > this.#octets.length) this.#grow(LONGEST);
    const octets = this.#octets;
    let left = value;
    while (left > 0x7fff_ffff) {
      octets[this.#at++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    while (left > 0x7f) {
      octets[this.#at++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    octets[this.#at++] = left;
  }

  /** @param ms -1: never */
  time(ms: number): void {
    if (ms === -1) this.whole(0);
    else this.whole(1 + zigzag(Math.round(ms * 1000) - this.#startUs));
  }

  /** A place in the proxy's history. @param seq 0: it never happened */
  number(seq: number): void {
    if (seq === 0) this.whole(0);
    else this.whole(1 + zigzag(seq - this.#receivedSeq));
  }

  place(text: string): void {
    this.whole(this.#placeOf(text));
  }

  placeOrNone(text: string | null): void {
    this.whole(text === null ? 0 : 1 + this.#placeOf(text));
  }

  text(text: string): void {
    const { length } = text;
    this.whole(2 * length);
    if (this.#at + length > this.#octets.length) this.#grow(length);
    const octets = this.#octets;
    const start = this.#at;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0xff) {
        this.#at = start - octetsOf(2 * length);
        this.#wide(text);
        return;
      }
      octets[start + index] = unit;
    }
    this.#at = start + length;
  }

  #wide(text: string): void {
    const { length } = text;
    this.whole(2 * length + 1);
    if (this.#at + 2 * length > this.#octets.length) this.#grow(2 * length);
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      this.#octets[this.#at++] = unit & 0xff;
      this.#octets[this.#at++] = unit >>> 8;
    }
  }

  #step(by: number): void {
    this.whole(zigzag(by));
  }

  #placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#strings.length;
    this.#places.set(text, place);
    this.#strings.push(text);
    this.#stringsLength += text.length;
    return place;
  }

  #grow(by: number): void {
    const before = this.#octets;
    this.#octets = new Uint8Array(Math.max(firstOctets, 2 * before.length, this.#at + by));
    this.#octets.set(before);
  }
}

/** Octets of the longest whole number. */
const LONGEST = 8;

/** 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 … */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function octetsOf(whole: number): number {
  let count = 1;
  for (let left = whole; left > 0x7f; left = Math.floor(left / 0x80)) count++;
  return count;
}
