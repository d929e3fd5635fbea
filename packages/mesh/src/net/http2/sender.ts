import type { Gather } from "../gather.ts";
import type { Connection } from "../transport.ts";
import type { ErrorCode } from "./error-code.ts";
import {
  ACK,
  appendFrameHeader,
  appendUint32,
  CONTINUATION,
  END_HEADERS,
  FRAME_HEADER_BYTES,
  GOAWAY,
  HEADERS,
  PING,
  SETTINGS,
} from "./frame.ts";
import type { OutputBuffers } from "./output.ts";
import { FrameOutput } from "./output.ts";
import { appendSettings, type OwnSettings, SETTINGS_FRAME_BYTES_MAX } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

/** What a block takes in the buffer at first; a larger one makes it grow. */
const BLOCK_ROOM_BYTES = 1024;
/** Of the text of a GOAWAY. */
export const DETAIL_CHARS_MAX = 120;

/** Makes all frames of a connection but DATA. Each is appended to the write of the turn, which `onAppend` sees to. */
export class FrameSender {
  readonly output: FrameOutput;
  readonly #onAppend: () => void;

  constructor(connection: Connection, buffers: OutputBuffers, onAppend: () => void) {
    this.output = new FrameOutput(connection, buffers);
    this.#onAppend = onAppend;
  }

  /** The write of this turn, with room for `count` octets. */
  open(count: number): Gather {
    this.#onAppend();
    return this.output.open(count);
  }

  /** A frame whose payload is one number. */
  uint32(type: number, id: number, value: number): void {
    const out = this.open(FRAME_HEADER_BYTES + 4);
    appendFrameHeader(out, 4, type, 0, id);
    appendUint32(out, value);
  }

  settings(own: OwnSettings): void {
    appendSettings(this.open(SETTINGS_FRAME_BYTES_MAX), own);
  }

  settingsAck(): void {
    appendFrameHeader(this.open(FRAME_HEADER_BYTES), 0, SETTINGS, ACK, 0);
  }

  /** One of ours; all of them have the same octets, for only one is under way at a time. */
  ping(): void {
    const out = this.open(FRAME_HEADER_BYTES + 8);
    appendFrameHeader(out, 8, PING, 0, 0);
    appendUint32(out, 0x6865_6464);
    appendUint32(out, 0x6c65_0000);
  }

  /** The answer to the PING whose payload `bytes[start, end)` is. */
  pong(bytes: Buffer, start: number, end: number): void {
    const out = this.open(FRAME_HEADER_BYTES + 8);
    appendFrameHeader(out, 8, PING, ACK, 0);
    out.append(bytes, start, end);
  }

  goaway(lastId: number, code: ErrorCode, detail = ""): void {
    const text = detail.slice(0, DETAIL_CHARS_MAX);
    const out = this.open(FRAME_HEADER_BYTES + 8 + text.length);
    appendFrameHeader(out, 8 + text.length, GOAWAY, 0, 0);
    appendUint32(out, lastId);
    appendUint32(out, code);
    out.appendText(text);
  }

  /** Begins a field block of `stream`; the codec of blocks appends to what is returned, then `endBlock`. */
  beginBlock(stream: Http2Stream): Gather {
    const out = this.open(FRAME_HEADER_BYTES + BLOCK_ROOM_BYTES);
    stream.lastFrameAt = out.length;
    stream.lastFrameEpoch = this.output.epoch;
    appendFrameHeader(out, 0, HEADERS, END_HEADERS, stream.id);
    return out;
  }

  /**
   * Ends it. @param flags END_STREAM or 0
   * @param frameBytesMax what the peer takes in one frame; the rest follows in CONTINUATION frames
   */
  endBlock(stream: Http2Stream, out: Gather, flags: number, frameBytesMax: number): void {
    const at = stream.lastFrameAt;
    const length = out.length - at - FRAME_HEADER_BYTES;
    const { bytes } = out;
    if (length <= frameBytesMax) {
      bytes[at] = length >>> 16;
      bytes[at + 1] = (length >>> 8) & 0xff;
      bytes[at + 2] = length & 0xff;
      bytes[at + 4]! |= flags;
      return;
    }
    const block = Buffer.from(bytes.subarray(at + FRAME_HEADER_BYTES, out.length));
    out.length = at;
    out.reserve(length + FRAME_HEADER_BYTES * Math.ceil(length / frameBytesMax));
    for (let from = 0; from < length; from += frameBytesMax) {
      const to = Math.min(length, from + frameBytesMax);
      const type = from === 0 ? HEADERS : CONTINUATION;
      const ending = (to === length ? END_HEADERS : 0) | (from === 0 ? flags : 0);
      appendFrameHeader(out, to - from, type, ending, stream.id);
      out.append(block, from, to);
    }
  }
}
