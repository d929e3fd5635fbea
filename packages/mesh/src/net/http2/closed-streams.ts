/** How a stream closed: what may still come for it depends on it (RFC 9113 §5.1). */
export const ENDED = 1; /** both sides have sent all */
export const RESET_BY_PEER = 2;
export const RESET_BY_US = 3; /** the peer may not know yet */

export type Closing = 0 | typeof ENDED | typeof RESET_BY_PEER | typeof RESET_BY_US;

/** More than a peer has under way when it learns that a stream is reset: twice the streams it may have. */
const REMEMBERED_MAX = 256;

/** The streams of a connection that closed last, and how. */
export class ClosedStreams {
  /** `id × 4 + closing`, the newest at `#next - 1`; 31 and 2 bits need more than an Int32Array has. */
  readonly #ring: number[] = [];
  #next = 0;
  #count = 0;

  /** Is it sure that a stream it does not know was never opened? */
  get isComplete(): boolean {
    return this.#count <= REMEMBERED_MAX;
  }

  add(id: number, closing: Closing): void {
    this.#ring[this.#next] = id * 4 + closing;
    this.#next = (this.#next + 1) % REMEMBERED_MAX;
    this.#count++;
  }

  /** The peer has reset it, too: from now on it knows. O(256). */
  markReset(id: number): void {
    const at = this.#ring.indexOf(id * 4 + RESET_BY_US);
    if (at >= 0) this.#ring[at] = id * 4 + RESET_BY_PEER;
  }

  /** How `id` closed; 0 where that is not known. O(256), for frames that hardly ever come. */
  closingOf(id: number): Closing {
    for (const entry of this.#ring) {
      if (Math.floor(entry / 4) === id) return (entry % 4) as Closing;
    }
    return 0;
  }
}
