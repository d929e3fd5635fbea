import type { RequestHandler } from "../codec.ts";
import { ConnectionWriter } from "../connection-writer.ts";
import type { Deferred } from "../gather.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../transport.ts";
import { ChunkedDecoder } from "./chunked.ts";
import type { Http1Context } from "./context.ts";
import { frameRequest } from "./framing.ts";
import { HeadReader } from "./head-reader.ts";
import { answerMaxForwards, maxForwardsStatus } from "./max-forwards.ts";
import { ReadAhead } from "./read-ahead.ts";
import { reasonReply } from "./reason-reply.ts";
import { Http1RequestHead } from "./request-head.ts";
import type { Fault } from "./scan.ts";
import { appendReplyHead, headBytesBound } from "./serialise.ts";
import { Http1ServerStream, type ServerStreamHost, type TakenConnection } from "./server-stream.ts";
import { ServerTimers, type ServerTimersOwner } from "./server-timers.ts";

export interface Http1ServerOptions {
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
 *     head ──► body ──► reply ──► head …      one exchange after the other, in order
 *       │        │        ├─────► lingering   the last reply is out; what still comes is dropped
 *       └────────┴────────┤
 *                         ├─────► tunnel      granted: all that comes is its octets, until both sides have ended
 *                         ├─────► taken       a tunnel: somebody else's events
 *                         └─────► closed
 */
type Phase = "head" | "body" | "reply" | "tunnel" | "lingering" | "taken" | "closed";

/**
 * The downstream side of one HTTP/1 connection (RFC 9112). Requests that come before the reply to the one before has
 * ended wait: at most one read of them is kept and the connection is paused.
 */
export class Http1Server
  implements ConnectionEvents, ServerStreamHost, ServerTimersOwner, Deferred
{
  readonly connection: Connection;
  readonly writer: ConnectionWriter;
  readonly #context: Http1Context;
  readonly #handler: RequestHandler;
  readonly #dropFields: readonly string[];
  readonly #reader: HeadReader;
  #phase: Phase = "head";
  #stream: Http1ServerStream | null = null;
  /** What is left of a body with a length. */
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;
  /** Octets received and not looked at yet; the connection is paused while there are any. */
  readonly #ahead: ReadAhead;
  #isRequestPaused = false;
  #isConsuming = false;
  #isDeferred = false;
  #hasClientEnded = false;
  /** Does the sink of a tunnel know that? */
  #hasToldEnd = false;
  /** Has our side of a tunnel ended? */
  #hasReplyEnded = false;
  #isDraining = false;
  #next: ConnectionEvents | null = null;
  #lingeredBytes = 0;
  readonly #timers: ServerTimers;
  #exchanges: number;
  /** Octets behind the head that is being handed to the handler, in the same read. */
  #behindHead = 0;
  /** How many of them belong to a body that nobody wants any more. */
  #unwantedBytes = 0;

  constructor(
    context: Http1Context,
    connection: Connection,
    handler: RequestHandler,
    options: Http1ServerOptions = {},
  ) {
    this.#context = context;
    this.connection = connection;
    this.#handler = handler;
    this.#dropFields = options.dropFields ?? [];
    this.writer = new ConnectionWriter(connection, context.gather);
    this.#reader = new HeadReader("request", context.limits, context.requestScanner);
    this.#ahead = new ReadAhead(connection);
    const { idleTimeoutMs } = options;
    this.#exchanges = options.exchangesBefore ?? 0;
    const limits =
      idleTimeoutMs === undefined ? context.limits : { ...context.limits, idleTimeoutMs };
    this.#timers = new ServerTimers(context.clock, limits, this);
  }

  /** Is no exchange going on, and no head on its way? */
  get isIdle(): boolean {
    return this.#phase === "head" && !this.#reader.isPending;
  }

  /** Exchanges begun on this connection. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /** Answers what is in flight with `connection: close`, then ends; ends at once when idle. */
  drain(): void {
    this.#isDraining = true;
    if (this.isIdle) this.#closeGracefully();
  }

  onOpen(): void {
    this.#next?.onOpen();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#next !== null) {
      this.#next.onBytes(bytes, start, end);
      return;
    }
    this.#context.gather.enter();
    this.#consume(bytes, start, end, false);
    this.#context.gather.leave();
  }

  onEnd(): void {
    if (this.#next !== null) {
      this.#next.onEnd();
      return;
    }
    this.#hasClientEnded = true;
    this.#context.gather.enter();
    if (this.#ahead.isEmpty) this.#endByClient();
    this.#context.gather.leave();
  }

  onDrain(): void {
    if (this.#next !== null) {
      this.#next.onDrain();
      return;
    }
    this.writer.isBlocked = false;
    this.#context.gather.enter();
    this.#stream?.sink?.onWritable();
    if (this.#phase === "head") this.#deferReading();
    this.#context.gather.leave();
  }

  onClose(failure: TransportFailure | null): void {
    if (this.#next !== null) {
      this.#next.onClose(failure);
      this.#handler.onConnectionClose(this.connection, failure);
      return;
    }
    const stream = this.#stream;
    this.#shut();
    this.#context.gather.enter();
    if (stream !== null) {
      stream.kill();
      stream.sink?.onRequestFailed("client-gone", failure?.detail ?? "closed by the client");
    }
    this.#handler.onConnectionClose(this.connection, failure);
    this.#context.gather.leave();
  }

  isLastExchange(): boolean {
    const hasClientEnded = this.#hasClientEnded && this.#ahead.isEmpty;
    return this.#isDraining || hasClientEnded || (this.#phase === "body" && !this.#isBodyHere);
  }

  /**
   * RFC 9112 §9.6: a final reply before the request has ended is the last one, unless what is left of the request has
   * arrived already and only need be dropped.
   */
  get #isBodyHere(): boolean {
    return this.#decoder === null && this.#remaining <= this.#behindHead + this.#ahead.length;
  }

  replyEnded(stream: Http1ServerStream): void {
    this.#stream = null;
    if (stream.closes || this.isLastExchange()) {
      this.#closeGracefully();
      return;
    }
    if (this.#phase === "body") {
      this.#unwantedBytes = Math.min(this.#remaining, this.#behindHead);
      this.#ahead.skip(this.#remaining - this.#unwantedBytes);
    }
    this.#phase = "head";
    if (!this.#isConsuming) this.#deferReading();
  }

  tunnelGranted(_stream: Http1ServerStream): void {
    this.#phase = "tunnel";
    if (!this.#isConsuming) this.#deferReading();
  }

  tunnelEnded(_stream: Http1ServerStream): void {
    this.#hasReplyEnded = true;
    this.connection.end();
    if (this.#hasToldEnd) this.#endTunnel();
  }

  aborted(_stream: Http1ServerStream): void {
    this.#stream = null;
    this.writer.discard();
    this.#shut();
    this.connection.reset();
  }

  pauseRequest(): void {
    this.#isRequestPaused = true;
    if (this.#phase === "body" || this.#phase === "tunnel") this.#ahead.pause();
  }

  resumeRequest(): void {
    this.#isRequestPaused = false;
    const isRead = this.#phase === "body" || this.#phase === "tunnel";
    if (isRead && !this.#isConsuming) this.#deferReading();
  }

  takeOver(_stream: Http1ServerStream, next: ConnectionEvents): TakenConnection {
    const leftover = this.#ahead.take() ?? Buffer.alloc(0);
    const taken = { connection: this.connection, leftover, hasEnded: this.#hasClientEnded };
    this.writer.flush();
    this.#shut();
    this.#phase = "taken";
    this.#next = next;
    this.#ahead.pause();
    return taken;
  }

  /** Looks at what was held back; called at the end of a turn. */
  proceed(): void {
    this.#isDeferred = false;
    if (this.#isConsuming || this.#phase === "closed" || this.#phase === "taken") return;
    const ahead = this.#ahead.take();
    if (ahead !== null) this.#consume(ahead, 0, ahead.length, true);
    this.#resumeIfReady();
    if (this.#hasClientEnded && this.#ahead.isEmpty) this.#endByClient();
  }

  #consume(bytes: Buffer, start: number, end: number, isOwn: boolean): void {
    this.#isConsuming = true;
    const exchangesMax = this.#exchanges + this.#context.limits.exchangesPerTurnMax;
    let at = start;
    while (at < end) {
      const mayBegin = this.#exchanges < exchangesMax && !this.writer.isBlocked;
      if (this.#phase === "head" && mayBegin) at = this.#readHead(bytes, at, end);
      else if (this.#phase === "body" && !this.#isRequestPaused)
        at = this.#readBody(bytes, at, end);
      else if (this.#phase === "tunnel" && !this.#isRequestPaused) {
        this.#stream!.sink!.onRequestBody(bytes, at, end);
        at = end;
      } else if (
        this.#phase !== "lingering" &&
        this.#phase !== "taken" &&
        this.#phase !== "closed"
      ) {
        this.#ahead.hold(bytes, at, end, isOwn);
        this.#ahead.pause();
        // In phase "head" the client takes no replies, or others shall have their turn between so many.
        if (this.#phase === "head" && !this.writer.isBlocked) this.#timers.yield();
        break;
      } else {
        if (this.#phase === "lingering") this.#drop(end - at);
        // Taken over while its CONNECT was being read: what came behind it is the tunnel's.
        if (this.#phase === "taken") this.#next?.onBytes(bytes, at, end);
        break;
      }
    }
    this.#isConsuming = false;
    this.#resumeIfReady();
  }

  /** A half-close is no abort: a whole request still gets its answer, and a tunnel has two sides. */
  #endByClient(): void {
    if (this.#phase === "tunnel") {
      if (this.#hasToldEnd) return;
      this.#hasToldEnd = true;
      this.#stream!.sink!.onRequestEnd(null);
      if (this.#hasReplyEnded) this.#endTunnel();
    } else if (this.#phase === "head") this.#closeGracefully();
    else if (this.#phase === "body") this.#failStream("client-gone", "ended amid its request");
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const next = this.#reader.read(bytes, start, end);
    if (next < 0) {
      if (this.#reader.fault !== null) this.#refuse(this.#reader.fault);
      else this.#timers.startHead();
      return end;
    }
    this.#timers.stopHead();
    const head = frameRequest(this.#reader.scanner, this.#reader.copyHead());
    if (!(head instanceof Http1RequestHead)) {
      this.#refuse(head);
      return end;
    }
    if (head.method === "TRACE") {
      // It would show the caller what was added on the way, and RFC 9110 §9.3.8 lets nobody rely on it.
      this.#refuse({ reason: "unsupported", detail: "TRACE is not forwarded" });
      return end;
    }
    this.#behindHead = end - next;
    this.#unwantedBytes = 0;
    this.#begin(head);
    this.#behindHead = 0;
    return next + this.#unwantedBytes;
  }

  #begin(head: Http1RequestHead): void {
    for (const name of this.#dropFields) head.remove(name);
    this.#exchanges++;
    const { length } = head.shape;
    const stream = new Http1ServerStream(this, head, this.#exchanges);
    this.#stream = stream;
    this.#isRequestPaused = false;
    this.#phase = length === 0 || length === "tunnel" ? "reply" : "body";
    this.#remaining = typeof length === "number" ? length : 0;
    this.#decoder = length === "chunked" ? new ChunkedDecoder(this.#context.limits) : null;
    if (answerMaxForwards(stream, head)) {
      this.#handler.onAnswered?.(head, maxForwardsStatus, stream.ordinal);
      return;
    }
    stream.sink = this.#handler.onRequest(stream, head, length);
    if (length === 0 && !stream.isDead) stream.sink.onRequestEnd(null);
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    const stream = this.#stream!;
    const sink = stream.sink!;
    const decoder = this.#decoder;
    if (decoder === null) {
      const count = Math.min(this.#remaining, end - start);
      this.#remaining -= count;
      // Before the last octets are passed on: a reply that ends within the callback comes after a whole request.
      if (this.#remaining === 0) this.#phase = "reply";
      sink.onRequestBody(bytes, start, start + count);
      if (this.#remaining === 0 && !stream.isDead) sink.onRequestEnd(null);
      return start + count;
    }
    decoder.at = start;
    switch (decoder.next(bytes, end)) {
      case "more":
        return end;
      case "data":
        sink.onRequestBody(bytes, decoder.dataStart, decoder.dataEnd);
        return decoder.at;
      case "end":
        this.#phase = "reply";
        sink.onRequestEnd(decoder.trailers);
        return decoder.at;
      case "fault":
        this.#failStream("bad-request", decoder.detail);
        return end;
    }
  }

  /** The request will never end: answers if nothing was answered yet, then tells the sink. */
  #failStream(reason: "bad-request" | "client-gone", detail: string): void {
    const stream = this.#stream!;
    this.#stream = null;
    stream.kill();
    if (reason === "bad-request" && !stream.isHeadSent) this.#answerAndClose({ reason, detail });
    else {
      this.writer.discard();
      this.#shut();
      this.connection.reset();
    }
    stream.sink?.onRequestFailed(reason, detail);
  }

  #refuse(fault: Fault): void {
    this.#timers.stopHead();
    this.#answerAndClose(fault);
    this.#exchanges++;
    this.#handler.onBadRequest(this.connection, fault.reason, fault.detail, this.#exchanges);
  }

  #answerAndClose(fault: Fault): void {
    const wallMs = this.#context.clock.wallMs();
    const { head, body } = reasonReply(fault.reason, fault.detail, wallMs);
    const out = this.writer.open(headBytesBound(head) + body.length);
    appendReplyHead(out, head, { framing: body.length, lengthField: "drop", closes: true });
    out.append(body, 0, body.length);
    this.writer.flush();
    this.#closeGracefully();
  }

  /** RFC 9112 §9.6: finishes sending, then reads on for a while, lest a reset overtake the last reply. */
  #closeGracefully(): void {
    this.#phase = "lingering";
    this.#ahead.take();
    this.connection.end();
    this.#timers.startLinger();
    this.#ahead.resume();
  }

  /** Both sides have ended: the connection closes of itself. */
  #endTunnel(): void {
    this.#stream?.kill();
    this.#shut();
  }

  #drop(count: number): void {
    this.#lingeredBytes += count;
    if (this.#lingeredBytes > this.#context.limits.lingerBytesMax) this.onLingered();
  }

  onIdleTooLong(): void {
    this.#closeGracefully();
  }

  onStillBusy(): void {
    this.#stream?.sink?.onStillOpen?.();
  }

  onHeadTooSlow(): void {
    this.#refuse({ reason: "client-slow", detail: "the head did not arrive in time" });
  }

  onYielded(): void {
    this.#deferReading();
  }

  onLingered(): void {
    this.#shut();
    this.connection.reset();
  }

  /** Nothing of this connection is looked at any more. */
  #shut(): void {
    this.#timers.stop();
    this.#phase = "closed";
    this.#stream = null;
    this.#ahead.take();
  }

  #deferReading(): void {
    const isEndUntold = this.#phase === "tunnel" && this.#hasClientEnded;
    if (this.#isDeferred || (this.#ahead.isEmpty && !this.#ahead.isPaused && !isEndUntold)) return;
    this.#isDeferred = true;
    this.#context.gather.defer(this);
  }

  #resumeIfReady(): void {
    const waits = this.#isRequestPaused && (this.#phase === "body" || this.#phase === "tunnel");
    const isOurs = this.#phase !== "taken" && this.#phase !== "closed";
    if (isOurs && this.#ahead.isEmpty && !waits) this.#ahead.resume();
  }
}
