import { DATA_BYTES_MAX } from "./frame.ts";

/** Buffers kept for the next copy: 1 MB. */
const SPARES_MAX = 64;

/** Smaller copies are cut from Node's own pool. */
const BORROW_MIN = 2048;

/**
 * Copies of at most a frame, in buffers that are used again: 16 KB made for each piece of a stream that waits would be
 * hundreds of MB before V8 looks for what has died of them.
 */
export class Copies {
  readonly #spares: Buffer[] = [];
  /** What `copy` has made and `release` has not seen. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** A copy of `bytes[start, end)`, to be given back with `release`. */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const length = end - start;
    if (length < BORROW_MIN || length > DATA_BYTES_MAX) {
      return Buffer.from(bytes.subarray(start, end));
    }
    const spare = this.#spares.pop() ?? Buffer.allocUnsafeSlow(DATA_BYTES_MAX);
    this.#lent.add(spare.buffer);
    bytes.copy(spare, 0, start, end);
    return spare.subarray(0, length);
  }

  /** Nobody needs `copied`, which may or may not have come from `copy`, any more. */
  release(copied: Buffer): void {
    const { buffer } = copied;
    if (!this.#lent.delete(buffer) || this.#spares.length >= SPARES_MAX) return;
    this.#spares.push(Buffer.from(buffer, 0, DATA_BYTES_MAX));
  }
}
