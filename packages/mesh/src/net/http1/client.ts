import { assert } from "../../base/assert.ts";
import type { Timer } from "../../base/clock.ts";
import type { Fields } from "../../model/head.ts";
import type { BodyLength, ClientStream, ReplyFailure, ReplySink } from "../codec.ts";
import { dialledName } from "../connection-name.ts";
import { ConnectionWriter } from "../connection-writer.ts";
import type { Deferred } from "../gather.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../transport.ts";
import { websocketAccept } from "../websocket-key.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { type ClientStreamHost, Http1ClientStream } from "./client-stream.ts";
import type { Http1Context } from "./context.ts";
import { frameReply, type ReplyShape } from "./framing.ts";
import { HeadReader } from "./head-reader.ts";
import { isFirstFrame } from "./http2-frame.ts";
import { KEEP_ALIVE, UPGRADE } from "./kinds.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { Http1ReplyHead } from "./reply-head.ts";
import { isOffered } from "./upgrade.ts";

/** Who keeps an upstream connection: a pool. */
export interface Http1ClientOwner {
  /** Connected, and with TLS the peer verified: exchanges may start. */
  onOpen(client: Http1Client): void;
  /** An exchange is over, its sink was told; `client.capacity` says whether another may follow. */
  onExchangeEnd(client: Http1Client): void;
  /** `client.isClosing`: the connection has become a tunnel. Default nobody is told. */
  onCapacity?(client: Http1Client): void;
  /** The connection is gone; the last event. An exchange in flight was told before. */
  onClose(client: Http1Client, failure: TransportFailure | null): void;
}

/**
 *     opening ──► idle ──► head ──► body ──► idle …     `head`: a request is out, its final reply is awaited
 *                   │       └─────► tunnel               until both sides have ended
 *                   └───────┴────────┴─────► closed     not used again
 */
type Phase = "opening" | "idle" | "head" | "body" | "tunnel" | "closed";

/** The upstream side of one HTTP/1 connection (RFC 9112): one exchange at a time. */
export class Http1Client implements ConnectionEvents, ClientStreamHost, Deferred {
  readonly #context: Http1Context;
  readonly #owner: Http1ClientOwner;
  readonly #reader: HeadReader;
  #connection: Connection | null = null;
  #writer: ConnectionWriter | null = null;
  #phase: Phase = "opening";
  #stream: Http1ClientStream | null = null;
  #length: BodyLength = 0;
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;
  #keepsAlive = true;
  /** Did any octet of the reply to this exchange arrive? */
  #isAnswered = false;
  #interims = 0;
  #writtenBefore = 0;
  #ahead: ReadAhead | null = null;
  #isReplyPaused = false;
  #isConsuming = false;
  #isDeferred = false;
  /** The server's FIN came while octets before it were still held back. */
  #hasServerEnded = false;
  /** Does the sink of a tunnel know that? */
  #hasToldEnd = false;
  #lingerTimer: Timer | null = null;
  #exchanges = 0;
  #keepAliveTimeoutMs: number | null = null;

  constructor(context: Http1Context, owner: Http1ClientOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#reader = new HeadReader("reply", context.limits, context.replyScanner);
  }

  /** Gives the client the connection that was dialled with it: `client.attach(transport.dial(options, client))`. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#writer = new ConnectionWriter(connection, this.#context.gather);
    this.#ahead = new ReadAhead(connection);
  }

  get connection(): Connection {
    assert(this.#connection !== null, "attach comes before all else");
    return this.#connection;
  }

  get writer(): ConnectionWriter {
    assert(this.#writer !== null, "attach comes before all else");
    return this.#writer;
  }

  /** Octets received and not looked at yet, while the reply is paused. */
  get ahead(): ReadAhead {
    assert(this.#ahead !== null, "attach comes before all else");
    return this.#ahead;
  }

  /** Different for each exchange of each connection. */
  get salt(): string {
    return `${dialledName(this.connection)} ${this.#exchanges} ${this.#context.clock.wallMs()}`;
  }

  get via(): string | null {
    return this.#context.via;
  }

  /** Exchanges that may be started now: 1 while it is open, nothing goes on and both sides are willing to go on. */
  get capacity(): 0 | 1 {
    return this.#phase === "idle" ? 1 : 0;
  }

  get active(): 0 | 1 {
    return this.#stream === null ? 0 : 1;
  }

  get isClosing(): boolean {
    return this.#phase === "closed" || !this.#keepsAlive;
  }

  /** Set within a reply's failure: the first octets of the server were a frame of HTTP/2. */
  misfit: string | null = null;
  /** Whoever says nothing may yet be a server of HTTP/1.1. */
  readonly isUnheard = false;

  /** Exchanges started on this connection. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /** `Keep-Alive: timeout=` as the server said it last, in ms, or null: after that it may close an idle connection. */
  get keepAliveTimeoutMs(): number | null {
    return this.#keepAliveTimeoutMs;
  }

  /** Starts an exchange; only while `capacity` is above 0. The head is to be sent at once. */
  start(sink: ReplySink): ClientStream {
    assert(this.#phase === "idle", "one exchange at a time");
    this.#phase = "head";
    this.#exchanges++;
    this.#isAnswered = false;
    this.#isReplyPaused = false;
    this.#interims = 0;
    this.#writtenBefore = this.writer.writtenBytes;
    const stream = new Http1ClientStream(this, sink, this.#exchanges);
    this.#stream = stream;
    return stream;
  }

  /** Closes an idle connection in good order. With an exchange going on it is the last one. */
  close(): void {
    this.#keepsAlive = false;
    if (this.#phase === "opening") this.#reset();
    else if (this.#phase === "idle") this.#finish();
  }

  onOpen(): void {
    if (this.#phase !== "opening") return; // given up meanwhile
    this.#phase = "idle";
    this.#owner.onOpen(this);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.#context.gather.enter();
    this.#isAnswered = true;
    this.#consume(bytes, start, end, false);
    this.#context.gather.leave();
  }

  onEnd(): void {
    this.#context.gather.enter();
    this.#hasServerEnded = true;
    this.#keepsAlive = false;
    if (this.#phase === "idle") this.#finish();
    else if (this.ahead.isEmpty) this.#endByServer();
    this.#context.gather.leave();
  }

  onDrain(): void {
    this.writer.isBlocked = false;
    this.#context.gather.enter();
    const stream = this.#stream;
    if (stream !== null && !stream.hasRequestEnded) stream.sink.onWritable();
    this.#context.gather.leave();
  }

  onClose(failure: TransportFailure | null): void {
    this.#context.gather.enter();
    if (this.#stream !== null) this.#fail("reset", failure?.detail ?? "closed amid an exchange");
    this.#phase = "closed";
    this.ahead.take();
    this.#lingerTimer?.cancel();
    this.#owner.onClose(this, failure);
    this.#context.gather.leave();
  }

  tunnelEnded(stream: Http1ClientStream): void {
    this.connection.end();
    if (this.#hasToldEnd) this.#endTunnel(stream);
  }

  aborted(_stream: Http1ClientStream): void {
    this.#stream = null;
    this.writer.discard();
    this.#reset();
  }

  pauseReply(): void {
    this.#isReplyPaused = true;
    this.ahead.pause();
  }

  resumeReply(): void {
    this.#isReplyPaused = false;
    if (this.#isConsuming || this.#isDeferred || !this.ahead.isPaused) return;
    this.#isDeferred = true;
    this.#context.gather.defer(this);
  }

  /** Looks at what was held back; called at the end of a turn. */
  proceed(): void {
    this.#isDeferred = false;
    if (this.#phase === "closed" || this.#isReplyPaused) return;
    const ahead = this.ahead.take();
    if (ahead !== null) this.#consume(ahead, 0, ahead.length, true);
    this.#resumeIfReady();
    if (this.ahead.isPaused) return;
    if (this.#hasServerEnded && this.#stream !== null) this.#endByServer();
  }

  #consume(bytes: Buffer, start: number, end: number, isOwn: boolean): void {
    this.#isConsuming = true;
    let at = start;
    while (at < end && this.#phase !== "closed") {
      if (this.#isReplyPaused && this.#stream !== null) {
        this.ahead.hold(bytes, at, end, isOwn);
        break;
      }
      if (this.#phase === "head") at = this.#readHead(bytes, at, end);
      else if (this.#phase === "body") at = this.#readBody(bytes, at, end);
      else if (this.#phase === "tunnel") {
        this.#stream!.sink.onReplyBody(bytes, at, end);
        at = end;
      } else this.#reset(); // RFC 9112 §6.3: octets that answer no request
    }
    this.#isConsuming = false;
    this.#resumeIfReady(); // the reply may have been resumed within its own callback
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const stream = this.#stream!;
    const next = this.#reader.read(bytes, start, end);
    if (next < 0) {
      const { fault } = this.#reader;
      if (fault === null) return end;
      const isFirst = this.#exchanges === 1 && this.#interims === 0 && !this.#reader.isPending;
      if (isFirst && isFirstFrame(bytes, start, end)) this.misfit = fault.detail;
      this.#fail("bad-response", fault.detail);
      return end;
    }
    const { scanner } = this.#reader;
    const shape = frameReply(scanner, this.#reader.copyHead(), stream.method);
    if (!("head" in shape)) {
      this.#fail("bad-response", shape.detail);
      return end;
    }
    const { status } = shape.head;
    if (status === 101) {
      const fault = faultOf101(stream, shape.head);
      if (fault === null) this.#beginTunnel(stream, shape.head);
      else this.#fail("bad-response", fault);
      return next;
    }
    if (status < 200) {
      if (!shape.keepsAlive) this.#fail("bad-response", "an interim reply that closes");
      else if (++this.#interims > this.#context.limits.interimMax) {
        this.#fail("bad-response", "too many interim replies");
      } else stream.sink.onInterim(shape.head);
      return next;
    }
    if (shape.length === "tunnel") {
      this.#beginTunnel(stream, shape.head);
      return next;
    }
    if ((scanner.seen & (1 << KEEP_ALIVE)) !== 0) {
      this.#keepAliveTimeoutMs = parseTimeout(shape.head.received(KEEP_ALIVE));
    }
    this.#beginReply(stream, shape, next < end);
    return next;
  }

  #beginReply(stream: Http1ClientStream, shape: ReplyShape, hasMore: boolean): void {
    const { length } = shape;
    if (!shape.keepsAlive) this.#keepsAlive = false;
    this.#phase = "body";
    this.#length = length;
    this.#remaining = typeof length === "number" ? length : 0;
    this.#decoder = length === "chunked" ? new ChunkedDecoder(this.#context.limits) : null;
    stream.sink.onReplyHead(shape.head, length);
    if (length === 0 && !stream.isDead) this.#endReply(stream, null, hasMore);
  }

  #beginTunnel(stream: Http1ClientStream, head: Http1ReplyHead): void {
    this.#keepsAlive = false;
    this.#phase = "tunnel";
    stream.grant();
    stream.sink.onReplyHead(head, "tunnel");
    this.#owner.onCapacity?.(this);
  }

  /** Both sides have ended: the connection closes of itself. */
  #endTunnel(stream: Http1ClientStream): void {
    this.#stream = null;
    this.#phase = "closed";
    stream.kill();
    this.#owner.onExchangeEnd(this);
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    const stream = this.#stream!;
    const decoder = this.#decoder;
    if (decoder !== null) {
      decoder.at = start;
      switch (decoder.next(bytes, end)) {
        case "more":
          return end;
        case "data":
          stream.sink.onReplyBody(bytes, decoder.dataStart, decoder.dataEnd);
          return decoder.at;
        case "end":
          this.#endReply(stream, decoder.trailers, decoder.at < end);
          return decoder.at;
        case "fault":
          this.#fail("bad-response", decoder.detail);
          return end;
      }
    }
    if (this.#length === "until-close") {
      stream.sink.onReplyBody(bytes, start, end);
      return end;
    }
    const count = Math.min(this.#remaining, end - start);
    this.#remaining -= count;
    stream.sink.onReplyBody(bytes, start, start + count);
    if (this.#remaining === 0 && !stream.isDead) {
      this.#endReply(stream, null, start + count < end);
    }
    return start + count;
  }

  /** @param hasMore octets came behind the reply: whatever they are, they are no answer (RFC 9112 §6.3) */
  #endReply(stream: Http1ClientStream, trailers: Fields | null, hasMore: boolean): void {
    // A final reply before the request has ended leaves the connection amid a request.
    const isReusable = this.#keepsAlive && !hasMore && stream.hasRequestEnded;
    this.#stream = null;
    stream.kill();
    this.#phase = "idle";
    this.#decoder = null;
    this.#isReplyPaused = false;
    if (!isReusable) {
      this.writer.discard();
      if (stream.hasRequestEnded && !hasMore) this.#finish();
      else this.#reset();
    }
    stream.sink.onReplyEnd(trailers);
    this.#resumeIfReady();
    this.#owner.onExchangeEnd(this);
  }

  /** The server finished sending: the end of a body without a length, else a failure. */
  #endByServer(): void {
    const stream = this.#stream;
    if (stream === null || this.#hasToldEnd) return;
    if (this.#phase === "tunnel") {
      this.#hasToldEnd = true;
      stream.sink.onReplyEnd(null);
      if (stream.hasRequestEnded && !stream.isDead) this.#endTunnel(stream);
    } else if (this.#phase === "body" && this.#length === "until-close") {
      this.#endReply(stream, null, false);
    } else {
      this.#fail("reset", this.#isAnswered ? "ended amid its reply" : "ended without a reply");
    }
  }

  #fail(reason: ReplyFailure["reason"], detail: string): void {
    const stream = this.#stream!;
    const sent = this.#hasSent();
    this.#stream = null;
    stream.kill();
    this.writer.discard();
    this.#reset();
    stream.sink.onReplyFailed({ reason, sent, answered: this.#isAnswered, detail });
    this.#owner.onExchangeEnd(this);
  }

  /** False only where surely no octet of this request has left the process. */
  #hasSent(): boolean {
    const written = this.writer.writtenBytes - this.#writtenBefore;
    return written > 0 && this.connection.queuedBytes < written;
  }

  /** Closes in good order, but not for ever: a server that does not close its side in time is reset. */
  #finish(): void {
    this.#phase = "closed";
    this.connection.end();
    this.#lingerTimer = this.#context.clock.after(this.#context.limits.lingerTimeoutMs, () => {
      this.connection.reset();
    });
  }

  #reset(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.ahead.take();
    this.connection.reset();
  }

  #resumeIfReady(): void {
    const isOver = this.#phase === "closed";
    if (!isOver && !this.#isReplyPaused && this.ahead.isEmpty) this.ahead.resume();
  }
}

/** Why a 101 is none that may be passed on, or null (RFC 9110 §7.8). */
function faultOf101(stream: Http1ClientStream, head: Http1ReplyHead): string | null {
  const { upgrade, websocketKey } = stream;
  if (upgrade === null) return "101 without an upgrade asked for";
  if (head.minor !== 1) return "101 in HTTP/1.0";
  if (!isOffered(head.received(UPGRADE), upgrade)) return "101 to a protocol that was not offered";
  if (websocketKey === null) return null;
  // The handshake was made here, so it is judged here (RFC 6455 §4.1).
  if (head.get("sec-websocket-accept") !== websocketAccept(websocketKey)) {
    return "101 without the accept of its key";
  }
  head.remove("sec-websocket-accept");
  return null;
}

function parseTimeout(value: string | null): number | null {
  const seconds = /(?:^|[,;\s])timeout\s*=\s*([0-9]{1,6})(?![0-9])/i.exec(value ?? "")?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
