import { Deadline, type DeadlineHandler } from "../../base/deadline-wheel.ts";
import type { Fields } from "../../model/head.ts";
import type { Deferred, Gather } from "../gather.ts";
import type { LimitName } from "../limit.ts";
import type { Connection, TransportFailure } from "../transport.ts";
import { type BlockCodec, BlockFault } from "./block-codec.ts";
import {
  ClosedStreams,
  type Closing,
  ENDED,
  RESET_BY_PEER,
  RESET_BY_US,
} from "./closed-streams.ts";
import type { Http2Context } from "./context.ts";
import { type ErrorCode, errorCodes } from "./error-code.ts";
import { END_STREAM, RST_STREAM } from "./frame.ts";
import { Meters } from "./meters.ts";
import { Outflow, type OutflowHost } from "./outflow.ts";
import type { FrameOutput } from "./output.ts";
import { type FrameEvents, FrameReceiver, type ReceiverHost } from "./receiver.ts";
import { FrameSender } from "./sender.ts";
import { PeerSettings } from "./settings.ts";
import type { Http2Stream, StreamFailure, StreamHost } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

/** What the side of a connection that knows what its streams mean is told, beyond frames. */
export interface Http2Role extends FrameEvents {
  /** A stream is over, and whoever it served was told. */
  onStreamClosed(closing: Closing): void;
  /** We end the connection for what the peer did. */
  onBroken(code: ErrorCode, detail: string): void;
}

/** `lingering`: our last frame is out; what comes is dropped. */
type Phase = "open" | "lingering" | "closed";

/**
 * One HTTP/2 connection as both sides have it (RFC 9113): frames in, streams by number, both levels of flow control,
 * control frames, frames out, gathered per turn. Strict as RFC 7540 where RFC 9113 leaves a choice.
 */
export class Http2Connection
  implements Deferred, DeadlineHandler, OutflowHost, StreamHost, ReceiverHost
{
  readonly context: Http2Context;
  readonly connection: Connection;
  readonly sender: FrameSender;
  readonly blocks: BlockCodec;
  readonly peer = new PeerSettings();
  readonly outflow: Outflow;
  readonly streams = new StreamTable<Http2Stream>();
  /** Octets that came and were not passed on yet, of all streams. */
  heldBytes = 0;
  /** Has anything come since somebody has set it to false? */
  hasHeard = false;
  readonly #role: Http2Role;
  readonly closed = new ClosedStreams();
  readonly meters: Meters;
  readonly #receiver: FrameReceiver;
  readonly #ackDeadline: Deadline;
  readonly #lingerDeadline: Deadline;
  #phase: Phase = "open";
  #resuming: Http2Stream[] = [];
  #isDeferred = false;

  constructor(context: Http2Context, connection: Connection, role: Http2Role) {
    const { limits } = context;
    this.context = context;
    this.connection = connection;
    this.#role = role;
    this.sender = new FrameSender(connection, context.buffers, () => this.flushLater());
    this.blocks = context.buildBlocks();
    this.outflow = new Outflow(this);
    this.meters = new Meters(context.clock, limits);
    this.#receiver = new FrameReceiver(this, role);
    this.#ackDeadline = new Deadline(this);
    this.#lingerDeadline = new Deadline(this);
  }

  /** May frames be sent? */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Says what we are and how much we take; the first frames. */
  begin(): void {
    const { limits, wheel } = this.context;
    this.sender.settings({
      isServer: this.#role.isServer,
      headerTableBytes: limits.tableBytesMax,
      streamsMax: limits.streamsMax,
      streamWindowBytes: limits.streamWindowBytes,
      headListBytesMax: limits.listBytesMax,
    });
    this.#receiver.replenish();
    this.#receiver.watchHead();
    wheel.set(this.#ackDeadline, limits.settingsTimeoutMs);
  }

  /** Reads `bytes[start, end)`, within a turn; where it stopped, because that is enough for one. */
  receive(bytes: Buffer, start: number, end: number): number {
    this.hasHeard = true;
    return this.#receiver.read(bytes, start, end);
  }

  onSettingsAck(): void {
    this.context.wheel.clear(this.#ackDeadline);
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────

  get output(): FrameOutput {
    return this.sender.output;
  }

  get streamWindowBytes(): number {
    return this.context.limits.streamWindowBytes;
  }

  get streamWindowBytesMax(): number {
    return this.context.limits.streamWindowBytesMax;
  }

  sendUint32(type: number, id: number, value: number): void {
    this.sender.uint32(type, id, value);
  }

  /** Begins a field block of `stream`; the codec of blocks appends to what is returned, then `endBlock`. */
  beginBlock(stream: Http2Stream): Gather {
    return this.sender.beginBlock(stream);
  }

  /** @param flags END_STREAM or 0 */
  endBlock(stream: Http2Stream, out: Gather, flags: number): void {
    this.meters.earn();
    this.sender.endBlock(stream, out, flags, this.peer.frameBytesMax);
  }

  sendTrailers(stream: Http2Stream, trailers: Fields): void {
    const out = this.beginBlock(stream);
    this.blocks.appendTrailers(out, trailers);
    this.endBlock(stream, out, END_STREAM);
  }

  sentData(): void {
    this.meters.earn();
  }

  sentEnd(stream: Http2Stream): void {
    stream.hasSentEnd = true;
    stream.onSentEnd();
    this.closeIfEnded(stream);
  }

  /** What was appended leaves when the event at hand has been handled, together. */
  flushLater(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.context.gather.defer(this);
  }

  /** Octets that were held are handed on when the event at hand has been handled. */
  resumeLater(stream: Http2Stream): void {
    if (stream.isResuming) return;
    stream.isResuming = true;
    this.#resuming.push(stream);
    this.flushLater();
  }

  /** The end of a turn. */
  proceed(): void {
    this.#isDeferred = false;
    if (this.#resuming.length > 0) {
      const resuming = this.#resuming;
      this.#resuming = [];
      for (const stream of resuming) {
        stream.isResuming = false;
        if (!stream.isClosed && !stream.isPaused) stream.deliverHeld();
      }
    }
    this.#receiver.replenish();
    this.output.flush();
    if (this.output.isBlocked) this.#watchQueue();
  }

  /** Answers pile up before a peer that does not read. */
  #watchQueue(): void {
    const { queuedBytesMax } = this.context.limits;
    if (this.connection.queuedBytes <= 2 * queuedBytesMax || !this.isOpen) return;
    this.failByLimit("h2-queued", "what was sent is not read");
    this.connection.reset();
  }

  /** Does so much wait already that no stream should be opened? */
  get isOverfull(): boolean {
    return (
      this.output.isBlocked && this.connection.queuedBytes > this.context.limits.queuedBytesMax
    );
  }

  // ── streams ───────────────────────────────────────────────────────────────────────────────────────────────────

  add(stream: Http2Stream): void {
    this.streams.add(stream);
  }

  closeIfEnded(stream: Http2Stream): void {
    if (stream.isClosed || !stream.hasSentEnd || !stream.isEndDelivered) return;
    this.meters.resets.earn(1);
    this.close(stream, ENDED, null);
  }

  /** Ends a stream with RST_STREAM; whoever it serves knows. */
  reset(stream: Http2Stream, code: ErrorCode): void {
    if (stream.isClosed) return;
    if (this.isOpen) this.sendUint32(RST_STREAM, stream.id, code);
    this.close(stream, RESET_BY_US, null);
  }

  /** Ends a stream without a word: it was never named to the peer, or the peer has said that it will not serve it. */
  drop(stream: Http2Stream, failure: StreamFailure | null): void {
    this.close(stream, RESET_BY_US, failure);
  }

  /** A stream error for which the peer is to blame (RFC 9113 §5.4.2). */
  streamError(stream: Http2Stream, code: ErrorCode, detail: string): void {
    this.failStream(stream, code, { kind: "malformed", detail });
    if (!this.meters.resets.take()) {
      this.failByLimit("h2-resets", "too many streams in error");
    }
  }

  /** A block behind the head of `stream`: its trailers, and the last of it (RFC 9113 §8.1). */
  receiveTrailers(
    stream: Http2Stream,
    bytes: Buffer,
    start: number,
    end: number,
    isEnd: boolean,
  ): void {
    const trailers = this.blocks.readTrailers(bytes, start, end);
    if (trailers instanceof BlockFault) this.onBlockFault(stream, trailers);
    else if (!isEnd) this.streamError(stream, errorCodes.PROTOCOL_ERROR, "a second head");
    else if (stream.expectedBytes > 0) {
      const detail = "a body shorter than its head said";
      this.streamError(stream, errorCodes.PROTOCOL_ERROR, detail);
    } else stream.receiveEnd(trailers);
  }

  /** What is wrong with a block is its stream's error, where it is not the connection's. */
  onBlockFault(stream: Http2Stream, fault: BlockFault): void {
    if (this.isBroken(fault)) return;
    this.streamError(stream, errorCodes.PROTOCOL_ERROR, fault.detail);
  }

  failStream(stream: Http2Stream, code: ErrorCode, failure: StreamFailure): void {
    if (stream.isClosed) return;
    if (this.isOpen) this.sendUint32(RST_STREAM, stream.id, code);
    this.close(stream, RESET_BY_US, failure);
  }

  /** Refuses a stream that is not opened; its block was read. */
  refuse(id: number, code: ErrorCode): void {
    this.closed.add(id, RESET_BY_US);
    this.sendUint32(RST_STREAM, id, code);
    if (!this.meters.resets.take()) {
      this.failByLimit("h2-resets", "too many streams refused");
    }
  }

  /** Looks at all streams, about once a minute: at what moves, and for how long nothing has. */
  watch(): void {
    const { limits, clock, onLimit } = this.context;
    const nowMs = clock.monotonicMs();
    for (const stream of [...this.streams.values()]) {
      if (stream.isClosed) continue;
      if (
        stream.receivedBytes !== stream.seenReceived ||
        stream.receivedAtMs === 0 ||
        !stream.isAwaited
      ) {
        stream.seenReceived = stream.receivedBytes;
        stream.receivedAtMs = nowMs;
      } else if (nowMs - stream.receivedAtMs >= limits.bodyTimeoutMs) {
        onLimit("h2-slow-body");
        stream.onSlow();
        continue;
      }
      if (
        stream.sentBytes !== stream.seenSent ||
        stream.sentAtMs === 0 ||
        stream.queuedBytes === 0
      ) {
        stream.seenSent = stream.sentBytes;
        stream.sentAtMs = nowMs;
      } else if (nowMs - stream.sentAtMs >= limits.zeroWindowTimeoutMs) {
        onLimit("h2-zero-window");
        const detail = "what was sent is not taken";
        this.failStream(stream, errorCodes.ENHANCE_YOUR_CALM, { kind: "slow", detail });
        continue;
      }
      stream.onLook();
    }
  }

  close(stream: Http2Stream, closing: Closing, failure: StreamFailure | null): void {
    if (stream.isClosed) return;
    this.streams.delete(stream.id);
    this.closed.add(stream.id, closing);
    this.outflow.forget(stream);
    stream.release();
    if (failure !== null) stream.onFailed(failure);
    this.#role.onStreamClosed(closing);
    this.flushLater(); // its credit goes back to the connection
  }

  // ── errors and the end ────────────────────────────────────────────────────────────────────────────────────────

  /** Decodes a block for the tables' sake. False: the connection is broken. */
  skipBlock(bytes: Buffer, start: number, end: number): boolean {
    const fault = this.blocks.skip(bytes, start, end);
    return fault === null || !this.isBroken(fault);
  }

  /** Counts a block's fault; true where the connection ends of it. */
  isBroken(fault: BlockFault): boolean {
    if (fault.limit !== null) this.context.onLimit(fault.limit);
    if (fault.kind !== "connection") return false;
    this.fail(errorCodes.COMPRESSION_ERROR, fault.detail);
    return true;
  }

  failByLimit(limit: LimitName, detail: string): void {
    if (!this.isOpen) return;
    this.context.onLimit(limit);
    this.fail(errorCodes.ENHANCE_YOUR_CALM, detail);
  }

  /** A connection error (RFC 9113 §5.4.1): GOAWAY, then the end. */
  fail(code: ErrorCode, detail: string): void {
    if (!this.isOpen) return;
    this.#role.onBroken(code, detail);
    this.end();
    this.loseAll(detail);
  }

  /** Tells all streams that the connection is gone, but for those that need it no more. */
  loseAll(detail: string): void {
    for (const stream of [...this.streams.values()]) {
      if (stream.outlivesConnection) continue;
      this.close(stream, RESET_BY_PEER, { kind: "lost", detail });
    }
  }

  /** Finishes sending; what still comes is dropped, for a while. */
  end(): void {
    if (!this.isOpen) return;
    this.output.flush();
    this.#clearDeadlines();
    this.#phase = "lingering";
    this.context.wheel.set(this.#lingerDeadline, this.context.limits.lingerTimeoutMs);
    this.connection.end();
  }

  /** The connection is no more. */
  onClose(failure: TransportFailure | null): void {
    this.#clearDeadlines();
    this.#phase = "closed";
    this.output.discard();
    this.loseAll(failure?.detail ?? "the connection was closed");
  }

  /** The kernel takes octets again. */
  onDrain(): void {
    this.output.isBlocked = false;
    this.outflow.pump();
  }

  onDeadline(deadline: Deadline): void {
    const { gather } = this.context;
    gather.enter();
    if (deadline === this.#lingerDeadline) this.connection.reset();
    else this.fail(errorCodes.SETTINGS_TIMEOUT, "no answer to SETTINGS");
    gather.leave();
  }

  #clearDeadlines(): void {
    const { wheel } = this.context;
    this.#receiver.stop();
    wheel.clear(this.#ackDeadline);
    wheel.clear(this.#lingerDeadline);
  }
}
