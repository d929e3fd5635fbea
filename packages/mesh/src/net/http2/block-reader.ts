import type { Http2Limits } from "./limits.ts";

/**
 * Puts the pieces of one field block together (RFC 9113 §4.3). A block of one frame, as nearly all are, is read where it lies.
 */
export class BlockReader {
  readonly #limits: Http2Limits;
  /** Whose block is being put together; 0 for none. */
  streamId = 0;
  isEnd = false;
  isSelfDependent = false;
  /** The block, once its last piece was added. */
  bytes: Buffer = none;
  start = 0;
  end = 0;
  #pieces: Buffer | null = null;
  #length = 0;
  #frames = 0;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  begin(streamId: number, isEnd: boolean, isSelfDependent: boolean): void {
    this.streamId = streamId;
    this.isEnd = isEnd;
    this.isSelfDependent = isSelfDependent;
    this.#length = 0;
    this.#frames = 0;
  }

  /** False: the block is larger than may be. */
  add(bytes: Buffer, start: number, end: number, isLast: boolean): boolean {
    if (isLast && this.#frames === 0) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return true;
    }
    const { blockBytesMax, continuationsMax } = this.#limits;
    const length = this.#length + end - start;
    if (this.#frames++ > continuationsMax || length > blockBytesMax) return false;
    if (this.#pieces === null || this.#pieces.length < length) {
      const larger = Buffer.allocUnsafe(2 * length);
      this.#pieces?.copy(larger, 0, 0, this.#length);
      this.#pieces = larger;
    }
    bytes.copy(this.#pieces, this.#length, start, end);
    this.#length = length;
    if (isLast) {
      this.bytes = this.#pieces;
      this.start = 0;
      this.end = length;
    }
    return true;
  }

  /** The block is whole: another may begin once it was read. */
  finish(): void {
    this.streamId = 0;
  }

  release(): void {
    this.bytes = none;
    this.#pieces = null;
  }
}

const none = Buffer.alloc(0);
