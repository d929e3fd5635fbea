import { DATA, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, PADDED, readUint31 } from "./frame.ts";

/** What `FrameReader.next` has come to. */
export const MORE = 0; /** all octets are read */
export const FRAME = 1; /** a frame, whole; of DATA its header alone */
export const PIECE = 2; /** octets of the DATA frame's body; none where all of it is padding */
export const TOO_LARGE = 3; /** its header says more than we take (RFC 9113 §4.2) */
export const BAD_PADDING = 4; /** more padding than frame (RFC 9113 §6.1) */

export type FrameEvent =
  | typeof MORE
  | typeof FRAME
  | typeof PIECE
  | typeof TOO_LARGE
  | typeof BAD_PADDING;

/**
 * Cuts what comes into frames, however it is split: the same for both sides. Of DATA the body is handed on piece by piece,
 * where it lies; any other payload is handed on whole, copied only where a read ends within it.
 *
 * ```
 *  header ─┬▶ (pad length) ─▶ body … ─▶ padding ─▶ header        DATA
 *          └▶ payload ─▶ header                                  any other
 * ```
 */
export class FrameReader {
  /** Where the next octet is that was not read; set by the caller before the first `next` of a read. */
  at = 0;
  type = 0;
  flags = 0;
  streamId = 0;
  /** Octets of the payload, padding included. */
  length = 0;
  /** Octets of DATA that are padding, the one that counts them included. */
  padding = 0;
  /** The payload or the piece, valid until the next call. */
  bytes: Buffer = none;
  start = 0;
  end = 0;
  /** Is the DATA frame complete with this piece? */
  isComplete = false;
  /** What is left of the frame: its header, its payload, its body, its padding. */
  #state: "header" | "payload" | "pad-length" | "body" | "padding" = "header";
  readonly #header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  /** Octets still to come in this state. */
  #remaining = 0;
  #padded = 0;
  #pending: Buffer | null = null;

  /** Has a frame begun and not ended? */
  get isAmidFrame(): boolean {
    return this.#state !== "header" || this.#headerBytes > 0;
  }

  /** Is what has begun a DATA frame? Its octets are the body's, and a body may take its time. */
  get isAmidData(): boolean {
    return this.#state !== "header" && this.#state !== "payload";
  }

  /** Reads on in `input[at, end)`. */
  next(input: Buffer, end: number): FrameEvent {
    switch (this.#state) {
      case "header":
        return this.#readHeader(input, end);
      case "payload":
        return this.#readPayload(input, end);
      case "pad-length":
        return this.#readPadLength(input, end);
      case "body":
        return this.#readBody(input, end);
      case "padding":
        return this.#readPadding(end);
    }
  }

  #readHeader(input: Buffer, end: number): FrameEvent {
    let header = input;
    let at = this.at;
    if (this.#headerBytes > 0 || end - at < FRAME_HEADER_BYTES) {
      const count = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, end - at);
      input.copy(this.#header, this.#headerBytes, at, at + count);
      this.#headerBytes += count;
      this.at = at + count;
      if (this.#headerBytes < FRAME_HEADER_BYTES) return MORE;
      this.#headerBytes = 0;
      header = this.#header;
      at = 0;
    } else {
      this.at = at + FRAME_HEADER_BYTES;
    }
    const length = (header[at]! << 16) | (header[at + 1]! << 8) | header[at + 2]!;
    this.length = length;
    this.type = header[at + 3]!;
    this.flags = header[at + 4]!;
    this.streamId = readUint31(header, at + 5);
    if (length > FRAME_BYTES_MAX) return TOO_LARGE;
    this.#remaining = length;
    if (this.type !== DATA) {
      this.#state = "payload";
      return this.#readPayload(input, end);
    }
    this.padding = 0;
    if ((this.flags & PADDED) !== 0) {
      if (length === 0) return BAD_PADDING;
      this.#state = "pad-length";
      return this.#readPadLength(input, end);
    }
    this.#padded = 0;
    this.#state = "body";
    return FRAME;
  }

  #readPayload(input: Buffer, end: number): FrameEvent {
    const { at } = this;
    const { length } = this;
    if (this.#remaining === length && end - at >= length) {
      this.bytes = input;
      this.start = at;
      this.end = at + length;
      this.at = at + length;
      this.#state = "header";
      return FRAME;
    }
    const count = Math.min(this.#remaining, end - at);
    if (count > 0) {
      this.#pending ??= Buffer.allocUnsafe(length);
      input.copy(this.#pending, length - this.#remaining, at, at + count);
      this.#remaining -= count;
      this.at = at + count;
    }
    if (this.#remaining > 0) return MORE;
    this.bytes = this.#pending!;
    this.start = 0;
    this.end = length;
    this.#pending = null;
    this.#state = "header";
    return FRAME;
  }

  #readPadLength(input: Buffer, end: number): FrameEvent {
    if (this.at >= end) return MORE;
    const padded = input[this.at++]!;
    if (padded >= this.length) return BAD_PADDING;
    this.#padded = padded;
    this.padding = padded + 1;
    this.#remaining = this.length - this.padding;
    this.#state = "body";
    return FRAME;
  }

  #readBody(input: Buffer, end: number): FrameEvent {
    const { at } = this;
    const count = Math.min(this.#remaining, end - at);
    if (count === 0 && this.#remaining > 0) return MORE;
    this.bytes = input;
    this.start = at;
    this.end = at + count;
    this.at = at + count;
    this.#remaining -= count;
    this.isComplete = false;
    if (this.#remaining > 0) return PIECE;
    if (this.#padded > 0) {
      this.#state = "padding";
      this.#remaining = this.#padded;
      if (count === 0) return this.#readPadding(end);
      return PIECE;
    }
    this.#state = "header";
    this.isComplete = true;
    return PIECE;
  }

  #readPadding(end: number): FrameEvent {
    const count = Math.min(this.#remaining, end - this.at);
    this.at += count;
    this.#remaining -= count;
    if (this.#remaining > 0) return MORE;
    this.#state = "header";
    this.start = 0;
    this.end = 0;
    this.isComplete = true;
    return PIECE;
  }
}

const none = Buffer.alloc(0);
