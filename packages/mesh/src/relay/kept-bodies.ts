/**
 * Octets of all requests' bodies that are kept at a time for attempts that may follow, in one proxy's exchanges of one side. Default
 * 67108864. Beyond it the body that would not fit is passed on and not kept: its request is sent once, as one that is longer than its
 * own limit allows, and memory has a bound however many callers send at a time.
 */
export const keptBytesMax = 67_108_864;

/** How many octets of requests' bodies are here for another attempt, of all exchanges that share a context. */
export class KeptBodies {
  readonly #onFull: () => void;
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param onFull told each time a body is let go because there is no room */
  constructor(onFull: () => void, bytesMax = keptBytesMax) {
    this.#onFull = onFull;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Is there room for so many more? */
  hasRoom(bytes: number): boolean {
    if (this.#bytes + bytes <= this.#bytesMax) return true;
    this.#onFull();
    return false;
  }

  /** So many more are here, or, below 0, fewer. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
