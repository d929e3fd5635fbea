/** The only source of chance. */
export interface Rng {
  /** A whole number, 0 to 2^32 - 1. */
  next(): number;
  /** A whole number, 0 to `bound` - 1. `bound` is 1 to 2^32. */
  below(bound: number): number;
  /** A number from 0 (included) to 1 (excluded). */
  float(): number;
  /** A generator of its own for `label`: the same seed and label give the same numbers, whatever others draw. */
  fork(label: string): Rng;
}

/** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, passes PractRand to 32 TB. Not for secrets. */
export class SeededRng implements Rng {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#a = 0x9e3779b9;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 0x1_0000_0000) | 0;
    for (let round = 0; round < 12; round++) this.next();
  }

  next(): number {
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    this.#c |= 0;
    return result >>> 0;
  }

  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  float(): number {
    return this.next() / 0x1_0000_0000;
  }

  fork(label: string): Rng {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let index = 0; index < label.length; index++) {
      hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
    }
    return new SeededRng(hash >>> 0);
  }
}
