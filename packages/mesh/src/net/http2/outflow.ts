import type { Fields } from "../../model/head.ts";
import { joinPiece } from "../join-piece.ts";
import type { BlockCodec } from "./block-codec.ts";
import { appendFrameHeader, DATA, END_STREAM, FRAME_HEADER_BYTES, WIDEST_WINDOW } from "./frame.ts";
import type { FrameOutput } from "./output.ts";
import type { PeerSettings } from "./settings.ts";
import { WINDOW_AT_START } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

/** A DATA frame is not begun for less, where a new write would take it whole. */
const PIECE_BYTES_MIN = 1024;

/** What bodies need of their connection. */
export interface OutflowHost {
  readonly output: FrameOutput;
  readonly peer: PeerSettings;
  readonly blocks: BlockCodec;
  sendTrailers(stream: Http2Stream, trailers: Fields): void;
  /** END_STREAM is on its way. */
  sentEnd(stream: Http2Stream): void;
  /** DATA is on its way. */
  sentData(): void;
  /** Something was appended that leaves at the end of the turn. */
  flushLater(): void;
}

/**
 * All bodies that one connection sends. What finds both windows open, the kernel willing and nobody waiting goes out at once,
 * without a copy but the one into the write. The rest waits in its stream; streams that could send if the connection could
 * stand in a ring and send one frame each in turn, so that none starves another.
 *
 * ```
 *  send ─▶ windows open, ring empty? ─yes▶ DATA …
 *            └no▶ stream's queue ─▶ ring: A ▶ B ▶ C ▶ A …        A stream without a window stands in no ring.
 * ```
 */
export class Outflow {
  readonly #host: OutflowHost;
  /** What the peer takes of all streams together. */
  #window = WINDOW_AT_START;
  #first: Http2Stream | null = null;

  constructor(host: OutflowHost) {
    this.#host = host;
  }

  get window(): number {
    return this.#window;
  }

  /** False: the connection's window is larger than any may be (RFC 9113 §6.9.1). */
  widen(increment: number): boolean {
    if (increment > WIDEST_WINDOW - this.#window) return false;
    this.#window += increment;
    this.pump();
    return true;
  }

  /** False: the same of a stream's. `increment` is below 0 where the peer's settings have made it smaller. */
  widenStream(stream: Http2Stream, increment: number): boolean {
    const window = stream.sendWindow + increment;
    if (window > WIDEST_WINDOW) return false;
    stream.sendWindow = window;
    if (window > 0 && stream.queuedBytes > 0 && !stream.isReady) {
      this.#enter(stream);
      this.pump();
    }
    return true;
  }

  /** Sends body octets; false when some wait. */
  send(stream: Http2Stream, bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    if (stream.queuedBytes === 0 && this.#first === null)
      at = this.#sendNow(stream, bytes, start, end);
    if (at < end) this.#enqueue(stream, bytes, at, end);
    else if (!this.#host.output.isBlocked) return true;
    stream.owesWritable = true;
    if (stream.sendWindow > 0 || stream.queuedBytes === 0) this.#enter(stream);
    return false;
  }

  /** Ends the body once all of it has gone. */
  end(stream: Http2Stream, trailers: Fields | null): void {
    stream.owesWritable = false;
    if (stream.queuedBytes > 0) {
      stream.wantsEnd = true;
      stream.trailers = trailers;
    } else {
      this.#leave(stream);
      this.#sendEnd(stream, trailers);
    }
  }

  /** It is closed: nothing of it is sent. */
  forget(stream: Http2Stream): void {
    this.#leave(stream);
  }

  /** Sends what can be sent, in turn. */
  pump(): void {
    const { output } = this.#host;
    for (let stream = this.#first; stream !== null; stream = this.#first) {
      if (output.isBlocked) return;
      if (stream.queuedBytes > 0) {
        if (this.#window <= 0) return;
        if (stream.sendWindow <= 0) {
          this.#leave(stream);
          continue;
        }
        this.#sendQueued(stream);
        if (stream.queuedBytes > 0) {
          this.#first = stream.after; // the next one's turn
          continue;
        }
      }
      this.#leave(stream);
      if (stream.wantsEnd) {
        stream.wantsEnd = false;
        this.#sendEnd(stream, stream.trailers);
      } else if (stream.owesWritable) {
        stream.owesWritable = false;
        stream.onWritable();
      }
    }
  }

  #sendNow(stream: Http2Stream, bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const size = this.#sizeOf(stream, end - at);
      if (size === 0) break;
      this.#appendData(stream, bytes, at, at + size);
      at += size;
    }
    return at;
  }

  #sendQueued(stream: Http2Stream): void {
    const queue = stream.queue!;
    const first = queue[0]!;
    const size = this.#sizeOf(stream, first.length - stream.queueAt);
    this.#appendData(stream, first, stream.queueAt, stream.queueAt + size);
    stream.queueAt += size;
    stream.queuedBytes -= size;
    if (stream.queueAt < first.length) return;
    stream.queueAt = 0;
    queue.shift();
  }

  /** How much of `count` octets the next DATA frame may take. */
  #sizeOf(stream: Http2Stream, count: number): number {
    const { output, peer } = this.#host;
    if (output.isBlocked) return 0;
    const size = Math.min(count, stream.sendWindow, this.#window, peer.frameBytesMax);
    if (size <= 0) return 0;
    const room = output.room - FRAME_HEADER_BYTES;
    return size <= room || room < PIECE_BYTES_MIN ? Math.min(size, WRITE_PAYLOAD_BYTES) : room;
  }

  #appendData(stream: Http2Stream, bytes: Buffer, start: number, end: number): void {
    const host = this.#host;
    const count = end - start;
    const out = host.output.open(FRAME_HEADER_BYTES + count);
    stream.lastFrameAt = out.length;
    stream.lastFrameEpoch = host.output.epoch;
    appendFrameHeader(out, count, DATA, 0, stream.id);
    out.append(bytes, start, end);
    stream.sendWindow -= count;
    this.#window -= count;
    stream.sentBytes += count;
    host.sentData();
    host.flushLater();
  }

  #sendEnd(stream: Http2Stream, trailers: Fields | null): void {
    const host = this.#host;
    if (trailers !== null) host.sendTrailers(stream, trailers);
    else if (!host.output.addFlag(stream.lastFrameAt, stream.lastFrameEpoch, END_STREAM)) {
      appendFrameHeader(host.output.open(FRAME_HEADER_BYTES), 0, DATA, END_STREAM, stream.id);
      host.flushLater();
    }
    host.sentEnd(stream);
  }

  #enqueue(stream: Http2Stream, bytes: Buffer, start: number, end: number): void {
    stream.queue ??= [];
    if (!joinPiece(stream.queue, bytes, start, end)) {
      stream.queue.push(Buffer.from(bytes.subarray(start, end)));
    }
    stream.queuedBytes += end - start;
  }

  #enter(stream: Http2Stream): void {
    if (stream.isReady) return;
    stream.isReady = true;
    const first = this.#first;
    if (first === null) {
      stream.before = stream;
      stream.after = stream;
      this.#first = stream;
      return;
    }
    const last = first.before!;
    stream.before = last;
    stream.after = first;
    last.after = stream;
    first.before = stream;
  }

  #leave(stream: Http2Stream): void {
    if (!stream.isReady) return;
    stream.isReady = false;
    if (stream.after === stream) this.#first = null;
    else {
      stream.before!.after = stream.after;
      stream.after!.before = stream.before;
      if (this.#first === stream) this.#first = stream.after;
    }
    stream.before = null;
    stream.after = null;
  }
}

/** A peer may take frames of megabytes; we make none that is larger than a write. */
const WRITE_PAYLOAD_BYTES = 65_536 - FRAME_HEADER_BYTES;
