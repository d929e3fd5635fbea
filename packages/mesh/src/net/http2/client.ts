import { assert } from "../../base/assert.ts";
import { Deadline, type DeadlineHandler } from "../../base/deadline-wheel.ts";
import type { ClientStream, ReplySink } from "../codec.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../transport.ts";
import { Bucket } from "./bucket.ts";
import { Http2ClientStream } from "./client-stream.ts";
import { type Closing, ENDED, RESET_BY_US } from "./closed-streams.ts";
import { Http2Connection, type Http2Role } from "./connection.ts";
import type { Http2Context } from "./context.ts";
import { type ErrorCode, errorCodes } from "./error-code.ts";
import { LAST_STREAM_ID, PREFACE } from "./frame.ts";

/**
 * Streams at a time, whatever the server would take: as many as may hold their windows before they narrow the connection's
 * (`heldBytesMax`). So those whose readers are slow, however many, do not stall the others.
 */
const STREAMS_MAX = 128;
/**
 * Of the streams that one connection may reset (`resetsMax`, `resetsPerSecond`; nghttp2, which is Node's, has the same), the share we
 * use: then it takes nothing new. Servers break a connection for resets, with all that others have on it, and ours are our callers'.
 */
const RESETS_SHARE = 0.25;

const DECLARE_HTTP1 = "where HTTP/1.1 is spoken, declare it: appProtocol http";

/** Who keeps an upstream connection: a pool. See `ClientCodecOwner`. */
export interface Http2ClientOwner {
  onOpen(client: Http2Client): void;
  onExchangeEnd(client: Http2Client): void;
  onCapacity(client: Http2Client): void;
  onClose(client: Http2Client, failure: TransportFailure | null): void;
}

/**
 * The upstream side of one HTTP/2 connection (RFC 9113): as many exchanges at a time as the server takes. It is open once the
 * server's SETTINGS are here: from then on it is known how many it takes, and that it speaks HTTP/2.
 */
export class Http2Client implements ConnectionEvents, Http2Role, DeadlineHandler {
  readonly isServer = false;
  readonly hasEnough = false;
  readonly keepAliveTimeoutMs = null;
  misfit: string | null = null;
  readonly #context: Http2Context;
  readonly #owner: Http2ClientOwner;
  readonly #resets: Bucket;
  readonly #alive: Deadline;
  readonly #tick: Deadline;
  #core: Http2Connection | null = null;
  #hasConnected = false;
  #hasHeard = false;
  #isOpen = false;
  #isClosing = false;
  #nextId = 1;
  #awaitsPong = false;
  #isGone = false;

  constructor(context: Http2Context, owner: Http2ClientOwner) {
    this.#context = context;
    this.#owner = owner;
    const { resetsMax, resetsPerSecond } = context.limits;
    this.#resets = new Bucket(
      context.clock,
      RESETS_SHARE * resetsMax,
      RESETS_SHARE * resetsPerSecond,
    );
    this.#alive = new Deadline(this);
    this.#tick = new Deadline(this);
  }

  /** Gives the client the connection that was dialled with it: `client.attach(transport.dial(options, client))`. */
  attach(connection: Connection): void {
    this.#core = new Http2Connection(this.#context, connection, this);
  }

  get core(): Http2Connection {
    assert(this.#core !== null, "attach comes before all else");
    return this.#core;
  }

  get connection(): Connection {
    return this.core.connection;
  }

  get capacity(): number {
    if (!this.#isOpen || this.isClosing) return 0;
    return Math.max(0, Math.min(this.core.peer.streamsMax, STREAMS_MAX) - this.active);
  }

  get active(): number {
    return this.#core === null ? 0 : this.#core.streams.size;
  }

  get isClosing(): boolean {
    return this.#isClosing || (this.#core !== null && !this.#core.isOpen);
  }

  /** A server of HTTP/2 sends SETTINGS first, without being asked (RFC 9113 §3.4). */
  get isUnheard(): boolean {
    return this.#hasConnected && !this.#hasHeard;
  }

  get exchanges(): number {
    return (this.#nextId - 1) / 2;
  }

  start(sink: ReplySink): ClientStream {
    assert(this.capacity > 0, "no more exchanges than there is room for");
    const stream = new Http2ClientStream(this.core, this.#nextId, sink);
    this.#nextId += 2;
    this.core.add(stream);
    if (!this.#alive.isSet) this.#watch();
    if (this.#nextId > LAST_STREAM_ID) this.#isClosing = true; // RFC 9113 §5.1.1
    return stream;
  }

  close(): void {
    this.#isClosing = true;
    this.#context.gather.enter();
    if (!this.#isOpen) this.#core?.connection.reset();
    else this.#endIfIdle();
    this.#context.gather.leave();
  }

  onOpen(): void {
    if (this.#isClosing) return; // given up meanwhile
    this.#hasConnected = true;
    this.#context.gather.enter();
    const out = this.core.sender.open(PREFACE.length);
    out.appendText(PREFACE);
    this.core.begin();
    this.#context.gather.leave();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    const { gather } = this.#context;
    gather.enter();
    this.#hasHeard = true;
    this.core.receive(bytes, start, end);
    if (this.misfit !== null) this.connection.reset(); // its end would be awaited, and requests with it
    gather.leave();
  }

  onEnd(): void {
    this.#context.gather.enter();
    this.core.loseAll("closed by the server");
    this.#end();
    this.#context.gather.leave();
  }

  onDrain(): void {
    this.#context.gather.enter();
    this.core.onDrain();
    this.#context.gather.leave();
  }

  onClose(failure: TransportFailure | null): void {
    this.#context.gather.enter();
    this.#stop();
    this.core.onClose(failure);
    this.#isGone = true;
    this.#owner.onClose(this, failure);
    this.#context.gather.leave();
  }

  hasSeen(id: number): boolean {
    return id % 2 === 1 && id < this.#nextId;
  }

  /** A server opens no streams here. */
  onNewBlock(): void {
    this.core.fail(errorCodes.PROTOCOL_ERROR, "a stream opened by the server");
  }

  onSettings(isFirst: boolean): void {
    if (isFirst && !this.#isClosing) {
      this.#isOpen = true;
      this.#owner.onOpen(this);
    } else this.#owner.onCapacity(this);
  }

  /** What it has not looked at it will not (RFC 9113 §6.8); the rest finishes. */
  onGoaway(lastId: number, code: number, detail: string): void {
    const { core } = this;
    this.#isClosing = true;
    const why = `GOAWAY ${code}${detail === "" ? "" : `: ${detail}`}`;
    for (const stream of [...core.streams.values()]) {
      if (stream.id > lastId) core.drop(stream, { kind: "refused", detail: why });
    }
    this.#owner.onCapacity(this);
    this.#endIfIdle();
  }

  onPong(): void {
    this.#awaitsPong = false;
  }

  onStreamClosed(closing: Closing): void {
    if (closing === ENDED) this.#resets.earn(1);
    else if (closing === RESET_BY_US && !this.#resets.take()) this.#isClosing = true;
    if (this.#isGone) return; // of a reply that outlived its connection nobody need be told
    this.#owner.onExchangeEnd(this);
    this.#endIfIdle();
  }

  onBroken(code: ErrorCode, detail: string): void {
    this.#stop();
    if (!this.#isOpen) this.misfit = `no HTTP/2 (${detail}); ${DECLARE_HTTP1}`;
    this.core.sender.goaway(0, code, detail);
  }

  onDeadline(deadline: Deadline): void {
    this.#context.gather.enter();
    if (deadline === this.#tick) this.#look();
    else this.#checkAlive();
    this.#context.gather.leave();
  }

  #endIfIdle(): void {
    if (!this.#isClosing || !this.core.isOpen || this.active > 0) return;
    this.core.sender.goaway(0, errorCodes.NO_ERROR);
    this.#end();
  }

  #end(): void {
    this.#stop();
    this.core.end();
  }

  #stop(): void {
    this.#isClosing = true;
    this.#context.wheel.clear(this.#alive);
    this.#context.wheel.clear(this.#tick);
  }

  /** A peer that has died says nothing: while somebody waits, it is asked. */
  #watch(): void {
    const { limits, wheel } = this.#context;
    this.#awaitsPong = false;
    this.core.hasHeard = false;
    wheel.set(this.#alive, limits.pingIntervalMs);
    if (!this.#tick.isSet) wheel.set(this.#tick, limits.idleTimeoutMs);
  }

  #checkAlive(): void {
    const { core } = this;
    if (this.active === 0) return;
    if (core.hasHeard) this.#watch();
    else if (!this.#awaitsPong) {
      this.#awaitsPong = true;
      core.sender.ping();
      this.#context.wheel.set(this.#alive, this.#context.limits.pingTimeoutMs);
    } else {
      core.loseAll("no answer to a PING");
      core.connection.reset();
    }
  }

  #look(): void {
    if (this.active === 0) return;
    this.#context.wheel.set(this.#tick, this.#context.limits.idleTimeoutMs);
    this.core.watch();
  }
}
