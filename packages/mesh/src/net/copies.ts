export interface CopiesOptions {
  /** Octets of a buffer. */
  readonly bufferBytes: number;
  /** Buffers kept for whoever comes next. */
  readonly sparesMax: number;
  /** Smaller copies are cut from Node's own pool; larger ones each cost memory that only a full GC gives back. */
  readonly borrowMin: number;
}

/**
 * Copies in buffers that are used again: one made for each piece of a stream that waits would be hundreds of MB before V8
 * looks for what has died of them.
 */
export class Copies {
  readonly #options: CopiesOptions;
  readonly #spares: Buffer[] = [];
  /** What `copy` has made and `release` has not seen. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** A whole buffer, to be given back with `put`. */
  take(): Buffer {
    return this.#spares.pop() ?? Buffer.allocUnsafeSlow(this.#options.bufferBytes);
  }

  put(buffer: Buffer): void {
    if (this.#spares.length < this.#options.sparesMax) this.#spares.push(buffer);
  }

  /** A copy of `bytes[start, end)`, to be given back with `release`. */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const { bufferBytes, borrowMin } = this.#options;
    const length = end - start;
    if (length < borrowMin || length > bufferBytes) return Buffer.from(bytes.subarray(start, end));
    const spare = this.take();
    this.#lent.add(spare.buffer);
    bytes.copy(spare, 0, start, end);
    return spare.subarray(0, length);
  }

  /** Nobody needs `copied`, which may or may not have come from `copy`, any more. */
  release(copied: Buffer): void {
    const { buffer } = copied;
    // Node's own pool may be as large, and slices of it belong to all kinds of people.
    if (this.#lent.delete(buffer)) this.put(Buffer.from(buffer, 0, this.#options.bufferBytes));
  }
}
