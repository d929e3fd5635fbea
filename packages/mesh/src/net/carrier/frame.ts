/**
 * Frames of the carrier, in HTTP/2's layout (RFC 9113 §4.1) and with its numbers: length, type, flags, stream. There are no
 * settings: what both ends hold to is said by the protocol's name, and another number would be another name.
 *
 *   OPEN    dialler only: the stream begins; payload: the protocol spoken on it, as ALPN would name it
 *   DATA    octets of the stream; END: its sender has finished (half-close)
 *   RESET   the stream ends at once, both ways; payload: why, four octets
 *   PING    answered with ACK, once for all that came together
 *   GOAWAY  no further stream is taken
 *   WINDOW  so many octets more may be sent on the stream
 */
export const frameType = { data: 0, open: 1, reset: 3, ping: 6, goaway: 7, window: 8 } as const;

/** DATA: the sender has finished. PING: it is the answer. */
export const FLAG_END = 1;

export const FRAME_HEAD_BYTES = 9;

/** Octets of a DATA frame at most: with its head it fills one TLS record (RFC 8446 §5.1), so that records and frames stay in step. */
export const DATA_BYTES_MAX = 16_375;

/** Octets of any other frame's payload at most. */
export const CONTROL_BYTES_MAX = 64;

/** Why a stream was reset, in RFC 9113 §7's numbers. */
export const resetCode = { none: 0, refused: 7, cancel: 8 } as const;

/** Writes a frame's head at `at`; returns where its payload begins. */
export function writeFrameHead(
  out: Buffer,
  at: number,
  frame: {
    readonly length: number;
    readonly type: number;
    readonly flags: number;
    readonly stream: number;
  },
): number {
  const { length, type, flags, stream } = frame;
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = stream >>> 24;
  out[at + 6] = stream >>> 16;
  out[at + 7] = stream >>> 8;
  out[at + 8] = stream;
  return at + FRAME_HEAD_BYTES;
}

/** Told of frames as they come in. */
export interface FrameSink {
  /** False: it is not in order, and nothing more is read. */
  onFrameHead(type: number, flags: number, stream: number, length: number): boolean;
  /** Octets of a DATA frame, in any number of pieces. */
  onFrameData(bytes: Buffer, start: number, end: number): void;
  /** The frame is whole; `payload` is that of any frame but DATA. */
  onFrameEnd(payload: Buffer, length: number): void;
  /** Is nothing more to be read? */
  readonly isDeaf: boolean;
}

/** Cuts octets as they come into frames. Payload of DATA is passed on where it lies. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  readonly #payload = Buffer.allocUnsafe(CONTROL_BYTES_MAX);
  #headBytes = 0;
  #payloadBytes = 0;
  /** Of the frame's payload, what has not come yet. */
  #remaining = 0;
  #isData = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  read(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    let at = start;
    while (at < end && !sink.isDeaf) {
      if (this.#remaining === 0) {
        if (this.#headBytes === 0 && end - at >= FRAME_HEAD_BYTES) {
          this.#begin(bytes, at);
          at += FRAME_HEAD_BYTES;
          continue;
        }
        const count = Math.min(FRAME_HEAD_BYTES - this.#headBytes, end - at);
        bytes.copy(this.#head, this.#headBytes, at, at + count);
        this.#headBytes += count;
        at += count;
        if (this.#headBytes === FRAME_HEAD_BYTES) {
          this.#headBytes = 0;
          this.#begin(this.#head, 0);
        }
        continue;
      }
      const count = Math.min(this.#remaining, end - at);
      this.#remaining -= count;
      if (this.#isData) sink.onFrameData(bytes, at, at + count);
      else {
        bytes.copy(this.#payload, this.#payloadBytes, at, at + count);
        this.#payloadBytes += count;
      }
      at += count;
      if (this.#remaining === 0 && !sink.isDeaf) sink.onFrameEnd(this.#payload, this.#payloadBytes);
    }
  }

  #begin(bytes: Buffer, at: number): void {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const type = bytes[at + 3]!;
    this.#isData = type === frameType.data;
    this.#payloadBytes = 0;
    if (!this.#sink.onFrameHead(type, bytes[at + 4]!, bytes.readUInt32BE(at + 5), length)) return;
    this.#remaining = length;
    if (length === 0) this.#sink.onFrameEnd(this.#payload, 0);
  }
}
