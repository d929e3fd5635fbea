import type { Timer } from "../../base/clock.ts";
import { Deadline, type DeadlineHandler } from "../../base/deadline-wheel.ts";
import type { RequestHandler, RequestSink } from "../codec.ts";
import { answerMaxForwards, maxForwardsStatus } from "../http1/max-forwards.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../transport.ts";
import { BlockFault, type ReceivedRequest } from "./block-codec.ts";
import { Http2Connection, type Http2Role } from "./connection.ts";
import type { Http2Context } from "./context.ts";
import { type ErrorCode, errorCodes } from "./error-code.ts";
import { LAST_STREAM_ID, PREFACE } from "./frame.ts";
import { Http2ServerStream, type ServerStreamOwner } from "./server-stream.ts";

export interface Http2ServerOptions {
  /**
   * Fields removed from each request as it arrives, in lower case: what callers beyond a trust edge must not say of
   * themselves, such as `x-forwarded-for`. Default none.
   */
  readonly dropFields?: readonly string[];
  /** In place of the limit of that name: for clients that may have nothing to say in HTTP. */
  readonly idleTimeoutMs?: number;
  /** Exchanges that the connection has carried already, where it has become a tunnel. Default 0. */
  readonly exchangesBefore?: number;
}

/**
 *     serving ──► warning ──► draining ──► ended
 *
 * `warning`: the client was told to open no more streams, and those that it has under way are still served.
 * `draining`: it knows which is the last one (RFC 9113 §6.8).
 */
type Phase = "serving" | "warning" | "draining" | "ended";

const preface = Buffer.from(PREFACE, "latin1");

/** The downstream side of one HTTP/2 connection (RFC 9113): many exchanges at a time. */
export class Http2Server
  implements ConnectionEvents, Http2Role, ServerStreamOwner, DeadlineHandler
{
  readonly isServer = true;
  readonly connection: Connection;
  readonly #context: Http2Context;
  readonly #core: Http2Connection;
  readonly #handler: RequestHandler;
  readonly #dropFields: readonly string[];
  readonly #idleTimeoutMs: number;
  readonly #tick: Deadline;
  readonly #drainDeadline: Deadline;
  #phase: Phase = "serving";
  /** Octets of the preface that have come. */
  #prefaceBytes = 0;
  /** The last stream that the client has opened, and that will have been looked at. */
  #lastId = 0;
  #exchanges: number;
  readonly #exchangesBefore: number;
  #exchangesAtTick = 0;
  /** How many there may be before others have their turn. */
  #exchangesInTurnMax = 0;
  /** What is left of a read that had more; the connection is paused while there is any. */
  #ahead: Buffer | null = null;
  #yield: Timer | null = null;

  constructor(
    context: Http2Context,
    connection: Connection,
    handler: RequestHandler,
    options: Http2ServerOptions = {},
  ) {
    this.#context = context;
    this.connection = connection;
    this.#handler = handler;
    this.#dropFields = options.dropFields ?? [];
    this.#exchangesBefore = options.exchangesBefore ?? 0;
    this.#exchanges = this.#exchangesBefore;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? context.limits.idleTimeoutMs;
    this.#core = new Http2Connection(context, connection, this);
    this.#drainDeadline = new Deadline(this);
    this.#tick = new Deadline(this);
    context.wheel.set(this.#tick, this.#idleTimeoutMs);
  }

  /** Is no exchange going on? */
  get isIdle(): boolean {
    return this.#core.streams.size === 0;
  }

  /** Exchanges begun on this connection. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /**
   * Ends the connection when what is in flight has finished. In two steps, so that no request is lost that was sent before the
   * client knew: a GOAWAY that names no last stream, and one that does when the client has had time to read the first.
   */
  drain(): void {
    if (this.#phase !== "serving") return;
    this.#context.gather.enter();
    if (this.#prefaceBytes < preface.length) {
      this.#phase = "ended";
      this.#core.end();
    } else {
      this.#phase = "warning";
      this.#core.sender.goaway(LAST_STREAM_ID, errorCodes.NO_ERROR);
      this.#core.sender.ping();
      this.#context.wheel.set(this.#drainDeadline, this.#context.limits.goawayWaitMs);
    }
    this.#context.gather.leave();
  }

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    const { gather } = this.#context;
    gather.enter();
    const at = this.#prefaceBytes < preface.length ? this.#readPreface(bytes, start, end) : start;
    if (at < end) this.#consume(bytes, at, end);
    gather.leave();
  }

  /** Has this turn had its share? */
  get hasEnough(): boolean {
    return this.#exchanges >= this.#exchangesInTurnMax;
  }

  /** Who has finished sending can give no window and takes no answer: no client ends so what it still wants. */
  onEnd(): void {
    this.#context.gather.enter();
    this.#core.loseAll("closed by the client");
    this.#end();
    this.#context.gather.leave();
  }

  onDrain(): void {
    this.#context.gather.enter();
    this.#core.onDrain();
    this.#context.gather.leave();
  }

  onClose(failure: TransportFailure | null): void {
    this.#context.gather.enter();
    this.#stop();
    this.#core.onClose(failure);
    this.#handler.onConnectionClose(this.connection, failure);
    this.#context.gather.leave();
  }

  hasSeen(id: number): boolean {
    return id % 2 === 1 && id <= this.#lastId;
  }

  onNewBlock(id: number, bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const core = this.#core;
    if (id % 2 === 0) {
      core.fail(errorCodes.PROTOCOL_ERROR, "a client's stream has an odd number");
      return;
    }
    if (this.#phase === "draining") {
      core.skipBlock(bytes, start, end); // RFC 9113 §6.8: it knows, or will
      return;
    }
    this.#lastId = id;
    const isTooMany = core.streams.size >= this.#context.limits.streamsMax;
    if (isTooMany || core.isOverfull) {
      this.#context.onLimit(isTooMany ? "h2-streams" : "h2-queued");
      if (core.skipBlock(bytes, start, end)) core.refuse(id, errorCodes.REFUSED_STREAM);
      return;
    }
    this.#exchanges++;
    const head = core.blocks.readRequest(bytes, start, end, isEnd);
    if (head instanceof BlockFault) this.#refuse(id, head, isEnd);
    else this.#begin(id, head, isEnd);
  }

  #begin(id: number, head: ReceivedRequest, isEnd: boolean): void {
    for (const name of this.#dropFields) head.remove(name);
    const { length } = head;
    const stream = new Http2ServerStream(this, this.#core, id, this.#ordinalOf(id), head);
    // Before the handler is told: it may answer at once.
    stream.hasReceivedEnd = isEnd;
    if (typeof length === "number" && !isEnd) stream.expectedBytes = length;
    this.#core.add(stream);
    if (answerMaxForwards(stream, head)) {
      this.#handler.onAnswered?.(head, maxForwardsStatus, stream.ordinal);
      return;
    }
    stream.sink = this.#handler.onRequest(stream, head, length);
    if (isEnd && !stream.isDead) stream.onEnd(null);
  }

  #refuse(id: number, fault: BlockFault, isEnd: boolean): void {
    const core = this.#core;
    if (core.isBroken(fault)) return;
    const { kind, reason, detail } = fault;
    if (kind === "malformed") core.refuse(id, errorCodes.PROTOCOL_ERROR);
    else {
      const stream = new Http2ServerStream(this, core, id, this.#ordinalOf(id), nothing);
      stream.hasReceivedEnd = isEnd;
      stream.sink = ignored;
      core.add(stream);
      stream.answer(reason, detail);
    }
    this.#handler.onBadRequest(this.connection, reason, detail, this.#ordinalOf(id));
  }

  /** Equal at both ends: clients count their streams 1, 3, 5 … (RFC 9113 §5.1.1). */
  #ordinalOf(id: number): number {
    return this.#exchangesBefore + (id + 1) / 2;
  }

  onSettings(): void {}

  /** The client opens no more streams; it closes the connection itself. */
  onGoaway(): void {
    this.drain();
  }

  /** The client has read all that came before it. */
  onPong(): void {
    if (this.#phase === "warning") this.#nameLast();
  }

  onStreamClosed(): void {
    this.#endIfIdle();
  }

  onBroken(code: ErrorCode, detail: string): void {
    this.#stop();
    this.#core.sender.goaway(this.#lastId, code, detail);
  }

  onDeadline(deadline: Deadline): void {
    this.#context.gather.enter();
    if (deadline === this.#drainDeadline) this.#nameLast();
    else this.#look();
    this.#context.gather.leave();
  }

  #consume(bytes: Buffer, start: number, end: number): void {
    this.#exchangesInTurnMax = this.#exchanges + this.#context.limits.exchangesPerTurnMax;
    const at = this.#core.receive(bytes, start, end);
    if (at === end || !this.#core.isOpen) return;
    this.#ahead = Buffer.from(bytes.subarray(at, end));
    this.connection.pause();
    this.#yield = this.#context.clock.after(0, () => this.#goOn());
  }

  /** Others have had their turn. */
  #goOn(): void {
    const ahead = this.#ahead!;
    this.#ahead = null;
    this.#context.gather.enter();
    this.#consume(ahead, 0, ahead.length);
    if (this.#ahead === null) this.connection.resume();
    this.#context.gather.leave();
  }

  #readPreface(bytes: Buffer, start: number, end: number): number {
    if (this.#prefaceBytes === 0) this.#core.begin();
    let at = start;
    while (at < end && this.#prefaceBytes < preface.length) {
      if (bytes[at++] !== preface[this.#prefaceBytes++]) {
        this.#core.fail(errorCodes.PROTOCOL_ERROR, "not the preface of HTTP/2");
        return end;
      }
    }
    return at;
  }

  #nameLast(): void {
    this.#context.wheel.clear(this.#drainDeadline);
    this.#phase = "draining";
    this.#core.sender.goaway(this.#lastId, errorCodes.NO_ERROR);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#phase === "draining" && this.isIdle) this.#end();
  }

  #end(): void {
    this.#stop();
    this.#core.end();
  }

  #stop(): void {
    this.#phase = "ended";
    if (this.#ahead !== null) {
      this.#ahead = null;
      this.#yield?.cancel();
      this.connection.resume();
    }
    this.#context.wheel.clear(this.#tick);
    this.#context.wheel.clear(this.#drainDeadline);
  }

  /** One timer per connection, not per exchange: each tick asks whether the last one saw the same. */
  #look(): void {
    if (this.isIdle && this.#exchanges === this.#exchangesAtTick) {
      this.#context.onLimit("h2-idle");
      this.drain();
      return;
    }
    this.#exchangesAtTick = this.#exchanges;
    this.#context.wheel.set(this.#tick, this.#idleTimeoutMs);
    this.#core.watch();
  }
}

/** As much as is known of a request whose head was not read. */
const nothing = { method: "GET", length: 0 } as const;

const ignored: RequestSink = {
  onRequestBody() {},
  onRequestEnd() {},
  onRequestFailed() {},
  onWritable() {},
};
