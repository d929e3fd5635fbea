import { Deadline, type DeadlineHandler } from "../../base/deadline-wheel.ts";
import type { LimitName } from "../limit.ts";
import type { BlockCodec } from "./block-codec.ts";
import { BlockReader } from "./block-reader.ts";
import {
  type ClosedStreams,
  type Closing,
  ENDED,
  RESET_BY_PEER,
  RESET_BY_US,
} from "./closed-streams.ts";
import type { Http2Context } from "./context.ts";
import { type ErrorCode, errorCodes, errorName } from "./error-code.ts";
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HAS_PRIORITY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  readUint31,
  SETTINGS,
  WINDOW_UPDATE,
} from "./frame.ts";
import { BAD_PADDING, FRAME, FrameReader, MORE, PIECE, TOO_LARGE } from "./frame-reader.ts";
import type { Meters } from "./meters.ts";
import type { Outflow } from "./outflow.ts";
import { DETAIL_CHARS_MAX, type FrameSender } from "./sender.ts";
import { type PeerSettings, WINDOW_AT_START } from "./settings.ts";
import type { Http2Stream, StreamFailure } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";

/** The side of a connection that knows what its streams mean: server or client. What comes is told to it. */
export interface FrameEvents {
  readonly isServer: boolean;
  /** Have so many streams begun within this turn that others shall have theirs? */
  readonly hasEnough: boolean;
  /** Could the peer have named this stream already? Else it is idle. */
  hasSeen(id: number): boolean;
  /** A block on a stream that is neither open nor was. */
  onNewBlock(id: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void;
  /** The first SETTINGS have come, or others. */
  onSettings(isFirst: boolean): void;
  onGoaway(lastId: number, code: number, detail: string): void;
  /** An answer to a PING of ours. */
  onPong(): void;
}

/** What the receiver of frames needs of its connection. */
export interface ReceiverHost {
  readonly context: Http2Context;
  readonly streams: StreamTable<Http2Stream>;
  readonly closed: ClosedStreams;
  readonly peer: PeerSettings;
  readonly blocks: BlockCodec;
  readonly outflow: Outflow;
  readonly sender: FrameSender;
  readonly meters: Meters;
  readonly isOpen: boolean;
  readonly heldBytes: number;
  onSettingsAck(): void;
  sendUint32(type: number, id: number, value: number): void;
  close(stream: Http2Stream, closing: Closing, failure: StreamFailure | null): void;
  streamError(stream: Http2Stream, code: ErrorCode, detail: string): void;
  /** Decodes a block for the tables' sake. False: the connection is broken. */
  skipBlock(bytes: Buffer, start: number, end: number): boolean;
  failByLimit(limit: LimitName, detail: string): void;
  fail(code: ErrorCode, detail: string): void;
}

/**
 * The receiving half of a connection: what each frame means, by its type and the state of its stream. Strict as RFC 7540 where
 * RFC 9113 leaves a choice.
 */
export class FrameReceiver implements DeadlineHandler {
  readonly #host: ReceiverHost;
  readonly #role: FrameEvents;
  readonly #reader = new FrameReader();
  readonly #block: BlockReader;
  /** Set while something has begun that must end: the settings, a frame, a block. */
  readonly #deadline: Deadline;
  #hasSettings = false;
  #receiveWindow = WINDOW_AT_START;
  /** Whose DATA frame it is that is being read; null: nobody's. */
  #dataStream: Http2Stream | null = null;

  constructor(host: ReceiverHost, role: FrameEvents) {
    this.#host = host;
    this.#role = role;
    this.#block = new BlockReader(host.context.limits);
    this.#deadline = new Deadline(this);
  }

  /** Reads `bytes[start, end)`, within a turn; where it stopped, because that is enough for one. */
  read(bytes: Buffer, start: number, end: number): number {
    const reader = this.#reader;
    reader.at = start;
    while (this.#host.isOpen) {
      if (this.#role.hasEnough && reader.at < end) return reader.at;
      const event = reader.next(bytes, end);
      if (event === FRAME) this.#onFrame();
      else if (event === PIECE) this.#onPiece();
      else if (event === MORE) {
        this.watchHead();
        return end;
      } else if (event === TOO_LARGE) {
        this.#host.fail(errorCodes.FRAME_SIZE_ERROR, `a frame of ${reader.length} octets`);
      } else if (event === BAD_PADDING) {
        const isEmpty = reader.length === 0;
        this.#host.fail(
          isEmpty ? errorCodes.FRAME_SIZE_ERROR : errorCodes.PROTOCOL_ERROR,
          "padding larger than its frame",
        );
      }
    }
    return end;
  }

  #onFrame(): void {
    const { type, streamId } = this.#reader;
    const block = this.#block;
    if (block.streamId > 0 && (type !== CONTINUATION || streamId !== block.streamId)) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "a field block is cut by another frame");
      return;
    }
    if (!this.#hasSettings && (type !== SETTINGS || this.#reader.flags & ACK)) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "the first frame is not SETTINGS");
      return;
    }
    switch (type) {
      case DATA:
        this.#onData();
        return;
      case HEADERS:
        this.#onHeaders();
        return;
      case PRIORITY:
        this.#onPriority();
        return;
      case RST_STREAM:
        this.#onRstStream();
        return;
      case SETTINGS:
        this.#onSettings();
        return;
      case PUSH_PROMISE:
        this.#host.fail(errorCodes.PROTOCOL_ERROR, "PUSH_PROMISE, which was not allowed");
        return;
      case PING:
        this.#onPing();
        return;
      case GOAWAY:
        this.#onGoaway();
        return;
      case WINDOW_UPDATE:
        this.#onWindowUpdate();
        return;
      case CONTINUATION:
        this.#onContinuation();
        return;
      default:
        this.#onEmptyFrame(); // RFC 9113 §4.1: ignored
    }
  }

  #onData(): void {
    const { streamId, length, flags, padding } = this.#reader;
    this.#dataStream = null;
    if (streamId === 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "DATA on stream 0");
      return;
    }
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) {
      this.#host.fail(errorCodes.FLOW_CONTROL_ERROR, "more than the connection's window");
      return;
    }
    const isEnd = (flags & END_STREAM) !== 0;
    const count = length - padding;
    if (count === 0 && !isEnd && !this.#onEmptyFrame()) return;
    const stream = this.#host.streams.get(streamId);
    if (stream === undefined) {
      this.#onFrameOfNone(DATA, streamId);
      return;
    }
    if (stream.hasReceivedEnd) {
      this.#host.streamError(stream, errorCodes.STREAM_CLOSED, "DATA behind the end of its stream");
      return;
    }
    if (!stream.isBodyDue) {
      this.#host.streamError(stream, errorCodes.PROTOCOL_ERROR, "DATA before a head");
      return;
    }
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) {
      this.#host.streamError(
        stream,
        errorCodes.FLOW_CONTROL_ERROR,
        "more than the stream's window",
      );
      return;
    }
    if (stream.expectedBytes >= 0) {
      // RFC 9113 §8.1.1: as much as was announced, neither more nor less.
      stream.expectedBytes -= count;
      if (stream.expectedBytes < 0 || (isEnd && stream.expectedBytes > 0)) {
        this.#host.streamError(
          stream,
          errorCodes.PROTOCOL_ERROR,
          "a body not as long as its head said",
        );
        return;
      }
    }
    this.#dataStream = stream;
  }

  #onPiece(): void {
    const { bytes, start, end, isComplete, flags } = this.#reader;
    const stream = this.#dataStream;
    if (stream !== null && !stream.isClosed && end > start) stream.receive(bytes, start, end);
    if (!isComplete) return;
    this.#dataStream = null;
    if (stream !== null && !stream.isClosed) {
      if ((flags & END_STREAM) !== 0) stream.receiveEnd(null);
      else stream.replenish();
    }
    this.replenish();
  }

  #onHeaders(): void {
    const { streamId, flags, bytes, length } = this.#reader;
    let { start, end } = this.#reader;
    if (streamId === 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "HEADERS on stream 0");
      return;
    }
    const needed = (flags & PADDED ? 1 : 0) + (flags & HAS_PRIORITY ? 5 : 0);
    if (length < needed) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "HEADERS shorter than its flags say");
      return;
    }
    if (flags & PADDED) end -= bytes[start++]!;
    let isSelfDependent = false;
    if (flags & HAS_PRIORITY) {
      isSelfDependent = readUint31(bytes, start) === streamId;
      start += 5;
    }
    if (end < start) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "padding larger than its frame");
      return;
    }
    const block = this.#block;
    block.begin(streamId, (flags & END_STREAM) !== 0, isSelfDependent);
    this.#addToBlock(bytes, start, end, (flags & END_HEADERS) !== 0);
  }

  #onContinuation(): void {
    const { bytes, start, end, flags } = this.#reader;
    if (this.#block.streamId === 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "CONTINUATION of nothing");
      return;
    }
    const isLast = (flags & END_HEADERS) !== 0;
    if (start === end && !isLast && !this.#onEmptyFrame()) return;
    this.#addToBlock(bytes, start, end, isLast);
  }

  #addToBlock(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const block = this.#block;
    if (!block.add(bytes, start, end, isLast)) {
      this.#host.failByLimit("h2-continuations", "a field block without end");
      return;
    }
    if (!isLast) return;
    const { streamId, isEnd, isSelfDependent } = block;
    block.finish();
    this.#onBlock(streamId, isEnd, isSelfDependent);
    block.release();
  }

  #onBlock(id: number, isEnd: boolean, isSelfDependent: boolean): void {
    const { bytes, start, end } = this.#block;
    const stream = this.#host.streams.get(id);
    if (stream === undefined) {
      if (!this.#role.isServer || this.#role.hasSeen(id)) {
        if (this.#onFrameOfNone(HEADERS, id)) this.#host.skipBlock(bytes, start, end);
        return;
      }
      if (!isSelfDependent) this.#role.onNewBlock(id, bytes, start, end, isEnd);
      else this.#host.fail(errorCodes.PROTOCOL_ERROR, "a stream depends on itself");
      return;
    }
    if (stream.hasReceivedEnd || isSelfDependent) {
      if (!this.#host.skipBlock(bytes, start, end)) return;
      if (isSelfDependent) {
        this.#host.streamError(stream, errorCodes.PROTOCOL_ERROR, "a stream depends on itself");
      } else {
        this.#host.streamError(
          stream,
          errorCodes.STREAM_CLOSED,
          "HEADERS behind the end of its stream",
        );
      }
      return;
    }
    stream.onBlock(bytes, start, end, isEnd);
  }

  #onPriority(): void {
    const { streamId, length, bytes, start } = this.#reader;
    if (streamId === 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "PRIORITY on stream 0");
      return;
    }
    let code: ErrorCode | null = null;
    if (length !== 5) code = errorCodes.FRAME_SIZE_ERROR;
    else if (readUint31(bytes, start) === streamId) code = errorCodes.PROTOCOL_ERROR;
    if (code === null) {
      this.#onEmptyFrame(); // priorities are not acted on (RFC 9113 §5.3.2)
      return;
    }
    const stream = this.#host.streams.get(streamId);
    if (stream === undefined) this.#host.fail(code, "malformed PRIORITY");
    else this.#host.streamError(stream, code, "malformed PRIORITY");
  }

  #onRstStream(): void {
    const { streamId, length, bytes, start } = this.#reader;
    if (streamId === 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "RST_STREAM on stream 0");
      return;
    }
    if (length !== 4) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "RST_STREAM of another length than 4");
      return;
    }
    const stream = this.#host.streams.get(streamId);
    if (stream === undefined) {
      if (this.#onFrameOfNone(RST_STREAM, streamId)) this.#host.closed.markReset(streamId);
      return;
    }
    const code = readUint31(bytes, start);
    const kind = code === errorCodes.REFUSED_STREAM ? "refused" : "reset";
    this.#host.close(stream, RESET_BY_PEER, {
      kind,
      detail: `reset by the peer: ${errorName(code)}`,
    });
    // A server that gives up costs nobody but itself.
    if (!this.#role.isServer || this.#host.meters.resets.take()) return;
    this.#host.failByLimit("h2-resets", "too many resets");
  }

  #onSettings(): void {
    const { streamId, length, bytes, start, end, flags } = this.#reader;
    if (streamId !== 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "SETTINGS on a stream");
      return;
    }
    const isAck = (flags & ACK) !== 0;
    if (isAck ? length !== 0 : length % 6 !== 0) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "SETTINGS of a wrong length");
      return;
    }
    if (isAck) {
      this.#host.onSettingsAck();
      return;
    }
    const { peer } = this.#host;
    const windowBefore = peer.streamWindowBytes;
    const code = peer.read(bytes, start, end, !this.#role.isServer);
    if (code !== null) {
      this.#host.fail(code, "a setting that cannot be");
      return;
    }
    if (!this.#host.meters.settings.take()) {
      this.#host.failByLimit("h2-settings", "too many SETTINGS");
      return;
    }
    this.#host.blocks.setPeerTableBytesMax(peer.headerTableBytes);
    this.#host.sender.settingsAck();
    const isFirst = !this.#hasSettings;
    this.#hasSettings = true;
    const change = peer.streamWindowBytes - windowBefore;
    if (change !== 0 && !this.#moveWindows(change)) return;
    this.#role.onSettings(isFirst);
  }

  /** RFC 9113 §6.9.2: all windows move, below 0 too. */
  #moveWindows(change: number): boolean {
    for (const stream of [...this.#host.streams.values()]) {
      if (stream.isClosed || this.#host.outflow.widenStream(stream, change)) continue;
      this.#host.fail(errorCodes.FLOW_CONTROL_ERROR, "a stream's window beyond 2^31-1");
      return false;
    }
    return this.#host.isOpen;
  }

  #onPing(): void {
    const { streamId, length, bytes, start, end, flags } = this.#reader;
    if (streamId !== 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "PING on a stream");
    } else if (length !== 8) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "PING of another length than 8");
    } else if ((flags & ACK) !== 0) {
      this.#role.onPong();
    } else if (!this.#host.meters.pings.take()) {
      this.#host.failByLimit("h2-pings", "too many PINGs");
    } else {
      this.#host.sender.pong(bytes, start, end);
    }
  }

  #onGoaway(): void {
    const { streamId, length, bytes, start, end } = this.#reader;
    if (streamId !== 0) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "GOAWAY on a stream");
    } else if (length < 8) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "GOAWAY shorter than 8");
    } else {
      const text = bytes.toString("latin1", start + 8, Math.min(end, start + 8 + DETAIL_CHARS_MAX));
      const detail = text.replace(/[^\x20-\x7e]/g, "?");
      this.#role.onGoaway(readUint31(bytes, start), readUint31(bytes, start + 4), detail);
    }
  }

  #onWindowUpdate(): void {
    const { streamId, length, bytes, start } = this.#reader;
    if (length !== 4) {
      this.#host.fail(errorCodes.FRAME_SIZE_ERROR, "WINDOW_UPDATE of another length than 4");
      return;
    }
    const increment = readUint31(bytes, start);
    if (!this.#onEmptyFrame()) return;
    if (streamId === 0) {
      if (increment === 0) this.#host.fail(errorCodes.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      else if (!this.#host.outflow.widen(increment)) {
        this.#host.fail(errorCodes.FLOW_CONTROL_ERROR, "the connection's window beyond 2^31-1");
      }
      return;
    }
    const stream = this.#host.streams.get(streamId);
    if (stream === undefined) {
      const isIgnored = this.#onFrameOfNone(WINDOW_UPDATE, streamId);
      // Malformed whatever the stream is: a reply that was quick makes no difference.
      if (isIgnored && increment === 0) this.#resetClosed(streamId, errorCodes.PROTOCOL_ERROR);
    } else if (increment === 0) {
      this.#host.streamError(stream, errorCodes.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    } else if (!this.#host.outflow.widenStream(stream, increment)) {
      this.#host.streamError(stream, errorCodes.FLOW_CONTROL_ERROR, "a window beyond 2^31-1");
    }
  }

  /**
   * A frame of a stream that is not open (RFC 9113 §5.1, and RFC 7540 where it said more). True: it is to be ignored, because the
   * peer may not have known.
   */
  #onFrameOfNone(type: number, id: number): boolean {
    if (!this.#role.hasSeen(id)) {
      this.#host.fail(errorCodes.PROTOCOL_ERROR, "a frame of an idle stream");
      return false;
    }
    if (type === RST_STREAM || type === WINDOW_UPDATE) return true;
    switch (this.#host.closed.closingOf(id)) {
      case RESET_BY_US:
        return true;
      case RESET_BY_PEER:
        this.#resetClosed(id, errorCodes.STREAM_CLOSED);
        return true;
      case ENDED:
        this.#host.fail(errorCodes.STREAM_CLOSED, "a frame of a closed stream");
        return false;
      default:
        if (this.#host.closed.isComplete) {
          this.#host.fail(errorCodes.PROTOCOL_ERROR, "a stream that was passed over");
        } else if (type === HEADERS) this.#host.fail(errorCodes.STREAM_CLOSED, "a closed stream");
        else this.#resetClosed(id, errorCodes.STREAM_CLOSED);
        return this.#host.isOpen;
    }
  }

  /** RFC 7540 §5.1: a stream error, though the stream is no more. */
  #resetClosed(id: number, code: ErrorCode): void {
    if (!this.#host.meters.resets.take()) this.#host.failByLimit("h2-resets", "too many resets");
    else this.#host.sendUint32(RST_STREAM, id, code);
  }

  /** A frame that brings nothing. False: there were too many. */
  #onEmptyFrame(): boolean {
    if (this.#host.meters.empties.take()) return true;
    this.#host.failByLimit("h2-empty-frames", "too many frames that bring nothing");
    return false;
  }

  /** What has begun must end in time, a body's frame excepted. */
  watchHead(): void {
    const { wheel, limits } = this.#host.context;
    const isDue =
      !this.#hasSettings ||
      this.#block.streamId > 0 ||
      (this.#reader.isAmidFrame && !this.#reader.isAmidData);
    if (isDue === this.#deadline.isSet) return;
    if (isDue) wheel.set(this.#deadline, limits.headTimeoutMs);
    else wheel.clear(this.#deadline);
  }

  /** Nothing more is read. */
  stop(): void {
    this.#host.context.wheel.clear(this.#deadline);
  }

  onDeadline(): void {
    const { gather } = this.#host.context;
    gather.enter();
    this.#host.failByLimit("h2-slow-head", "a head did not arrive in time");
    gather.leave();
  }

  /** Opens the connection's window again by what was passed on, in large pieces. */
  replenish(): void {
    const { connectionWindowBytes, heldBytesMax } = this.#host.context.limits;
    const owed = Math.max(0, this.#host.heldBytes - heldBytesMax);
    const increment = connectionWindowBytes - owed - this.#receiveWindow;
    if (increment < connectionWindowBytes >> 1 || !this.#host.isOpen) return;
    this.#receiveWindow += increment;
    this.#host.sendUint32(WINDOW_UPDATE, 0, increment);
  }
}
