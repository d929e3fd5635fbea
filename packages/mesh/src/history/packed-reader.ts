/** What was found in a packed batch is not of its form. */
export class Malformed extends Error {}

/** Reads what a `PackedWriter` wrote, and believes none of it. */
export class PackedReader {
  readonly #octets: string;
  readonly #strings: readonly string[];
  /** Which exchange is read, from 0: for what is said of a problem. */
  #index = -1;
  #at = 0;
  #id = 0;
  #startUs = 0;
  #receivedSeq = 0;

  /** @param octets as characters */
  constructor(octets: string, strings: readonly string[]) {
    this.#octets = octets;
    this.#strings = strings;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#octets.length;
  }

  get id(): number {
    return this.#id;
  }

  get startMs(): number {
    return this.#startUs / 1000;
  }

  get receivedSeq(): number {
    return this.#receivedSeq;
  }

  /** The next exchange begins: `id`, `startMs` and `receivedSeq` are its own. */
  begin(): void {
    this.#index++;
    this.#id = this.#limited(this.#id + this.#step("id"), "id");
    this.#startUs += this.#step("startMs");
    if (Math.abs(this.#startUs) > FARTHEST) this.fail("startMs", "too far away");
    this.#receivedSeq = this.#limited(this.#receivedSeq + this.#step("receivedSeq"), "receivedSeq");
  }

  /** @param field for what is said where it is wrong */
  whole(field: string, most: number = FARTHEST): number {
    const octets = this.#octets;
    let octet = octets.charCodeAt(this.#at++); // NaN at the end, which is below nothing and above nothing
    if (octet < 0x80 && octet <= most) return octet;
    let value = 0;
    let factor = 1;
    while (octet >= 0x80) {
      value += (octet & 0x7f) * factor;
      factor *= 0x80;
      if (factor > LAST_FACTOR) this.fail(field, "too large");
      octet = octets.charCodeAt(this.#at++);
    }
    if (Number.isNaN(octet)) this.fail(field, "cut off");
    value += octet * factor;
    if (value > most) this.fail(field, "too large");
    return value;
  }

  /** In ms; -1: never. */
  time(field: string): number {
    const coded = this.whole(field, LONGEST_STEP);
    if (coded === 0) return -1;
    const us = this.#startUs + unzigzag(coded - 1);
    if (Math.abs(us) > FARTHEST) this.fail(field, "too far away");
    return us / 1000;
  }

  /** A place in the proxy's history; 0: it never happened. */
  number(field: string): number {
    const coded = this.whole(field, LONGEST_STEP);
    return coded === 0 ? 0 : this.#limited(this.#receivedSeq + unzigzag(coded - 1), field);
  }

  place(field: string, lengthMax: number): string {
    return this.#stringAt(this.whole(field), field, lengthMax);
  }

  placeOrNone(field: string, lengthMax: number): string | null {
    const coded = this.whole(field);
    return coded === 0 ? null : this.#stringAt(coded - 1, field, lengthMax);
  }

  text(field: string, lengthMax: number): string {
    const coded = this.whole(field);
    const isWide = coded % 2 === 1;
    const length = isWide ? (coded - 1) / 2 : coded / 2;
    if (length > lengthMax) this.fail(field, `longer than ${lengthMax}`);
    const start = this.#at;
    const end = start + (isWide ? 2 * length : length);
    if (end > this.#octets.length) this.fail(field, "cut off");
    this.#at = end;
    if (!isWide) return this.#octets.slice(start, end);
    let text = "";
    for (let at = start; at < end; at += 2) {
      text += String.fromCharCode(
        this.#octets.charCodeAt(at) | (this.#octets.charCodeAt(at + 1) << 8),
      );
    }
    return text;
  }

  fail(field: string, problem: string): never {
    throw new Malformed(`exchanges.${this.#index}.${field}: ${problem}`);
  }

  #stringAt(place: number, field: string, lengthMax: number): string {
    const text = this.#strings[place];
    if (text === undefined) this.fail(field, "no such text");
    if (text.length > lengthMax) this.fail(field, `longer than ${lengthMax}`);
    return text;
  }

  #step(field: string): number {
    return unzigzag(this.whole(field, LONGEST_STEP));
  }

  #limited(value: number, field: string): number {
    if (value < 0 || value > FARTHEST) this.fail(field, "out of range");
    return value;
  }
}

/** Of numbers and of times in µs (71 years): steps between them are exact. */
const FARTHEST = 2 ** 51;
/** A step from one end to the other, doubled. */
const LONGEST_STEP = 2 ** 53 - 1;
/** What the eighth octet of a number counts for. */
const LAST_FACTOR = 2 ** 49;

function unzigzag(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
}
