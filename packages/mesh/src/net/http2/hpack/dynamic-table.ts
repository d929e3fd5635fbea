import type { HpackField } from "./field.ts";

/**
 * The entries of a dynamic table, the newest first (RFC 7541 §2.3.2), in a ring. How large it may be is its owner's to say.
 */
export class DynamicTable {
  /** Octets it may take (RFC 7541 §4.2). */
  #bytesMax: number;
  #bytes = 0;
  #ring: (HpackField | null)[] = [null, null, null, null, null, null, null, null];
  /** How many fields were ever put in; the newest has the number `added - 1`. */
  added = 0;
  #count = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** The entry that came `age` entries before the newest, from 0; null where there is none. */
  at(age: number): HpackField | null {
    if (age >= this.#count) return null;
    const ring = this.#ring;
    return ring[(this.added - 1 - age) & (ring.length - 1)]!;
  }

  /** Puts `field` in; one that is larger than the table empties it (RFC 7541 §4.4). */
  add(field: HpackField): void {
    const { size } = field;
    this.#evictTo(this.#bytesMax - size);
    if (size > this.#bytesMax) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.added & (this.#ring.length - 1)] = field;
    this.added++;
    this.#count++;
    this.#bytes += size;
  }

  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytesMax: number): void {
    const mask = this.#ring.length - 1;
    while (this.#bytes > bytesMax && this.#count > 0) {
      const oldest = (this.added - this.#count) & mask;
      this.#bytes -= this.#ring[oldest]!.size;
      this.#ring[oldest] = null;
      this.#count--;
    }
  }

  #grow(): void {
    const old = this.#ring;
    const ring = new Array<HpackField | null>(2 * old.length).fill(null);
    for (let number = this.added - this.#count; number < this.added; number++) {
      ring[number & (ring.length - 1)] = old[number & (old.length - 1)]!;
    }
    this.#ring = ring;
  }
}
