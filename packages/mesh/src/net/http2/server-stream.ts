import { assert } from "../../base/assert.ts";
import type { Fields, ReplyHead } from "../../model/head.ts";
import type { Reason } from "../../model/reason.ts";
import type { BodyLength, RequestSink, ServerStream } from "../codec.ts";
import { reasonReply } from "../http1/reason-reply.ts";
import type { Connection } from "../transport.ts";
import type { ReceivedRequest } from "./block-codec.ts";
import type { Http2Connection } from "./connection.ts";
import { errorCodes } from "./error-code.ts";
import { Http2Stream, type StreamFailure } from "./stream.ts";

/** What a stream needs of its side of the connection. */
export interface ServerStreamOwner {
  /** No further exchange on this connection. */
  drain(): void;
}

/** One exchange of a downstream HTTP/2 connection. After the reply's end its sink gets no further event. */
export class Http2ServerStream extends Http2Stream implements ServerStream {
  readonly protocol = "h2";
  readonly ordinal: number;
  readonly #core: Http2Connection;
  readonly #owner: ServerStreamOwner;
  readonly #method: string;
  readonly #asksTunnel: boolean;
  /** Set by the connection as soon as the handler has given it. */
  sink: RequestSink | null = null;
  /** Is the exchange over for whoever answers it? What is queued may still be leaving. */
  isDead = false;
  #isHeadSent = false;
  /** The reply has no body by rule. */
  #isBodiless = false;
  #isTunnel = false;
  /** Octets behind a request for a tunnel wait until it is granted. */
  #awaitsGrant: boolean;
  #isEndAwaiting = false;
  #isRequestPaused = false;

  constructor(
    owner: ServerStreamOwner,
    core: Http2Connection,
    id: number,
    ordinal: number,
    request: Pick<ReceivedRequest, "method" | "length">,
  ) {
    super(core, id);
    this.#core = core;
    this.#owner = owner;
    this.ordinal = ordinal;
    this.#method = request.method;
    this.#asksTunnel = request.length === "tunnel";
    this.#awaitsGrant = this.#asksTunnel;
    this.isPaused = this.#asksTunnel;
    this.isBodyDue = true;
  }

  get connection(): Connection {
    return this.#core.connection;
  }

  sendInterim(head: ReplyHead): void {
    if (this.isDead || this.#isHeadSent) return;
    assert(head.status >= 100 && head.status < 200 && head.status !== 101, "an interim reply");
    this.#core.context.gather.enter();
    const out = this.#core.beginBlock(this);
    this.#core.blocks.appendReply(out, head, null);
    this.#core.endBlock(this, out, 0);
    this.#core.context.gather.leave();
  }

  sendHead(head: ReplyHead, length: BodyLength): void {
    if (this.isDead) return;
    const { status } = head;
    this.#isTunnel = this.#asksTunnel && length === "tunnel";
    assert(!this.#isHeadSent && (status >= 200 || this.#isTunnel), "one final reply per request");
    this.#isHeadSent = true;
    const isEmpty = this.#method === "HEAD" || status === 204 || status === 304;
    this.#isBodiless = isEmpty && !this.#isTunnel;
    let field: number | null | "kept" = null;
    if (this.#isTunnel || status === 204) field = null;
    else if (isEmpty || length === 0) field = "kept";
    else if (typeof length === "number") field = length;
    const core = this.#core;
    core.context.gather.enter();
    const out = core.beginBlock(this);
    core.blocks.appendReply(out, head, field);
    core.endBlock(this, out, 0);
    if (this.#awaitsGrant) this.#endWait();
    core.context.gather.leave();
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    if (this.isDead) return true;
    assert(this.#isHeadSent, "a head comes before its body");
    if (this.#isBodiless || end <= start) return !this.owesWritable;
    const core = this.#core;
    core.context.gather.enter();
    const isTaken = core.outflow.send(this, bytes, start, end);
    core.context.gather.leave();
    return isTaken;
  }

  sendEnd(trailers: Fields | null): void {
    if (this.isDead) return;
    assert(this.#isHeadSent, "a head comes before its end");
    const core = this.#core;
    core.context.gather.enter();
    if (!this.#isTunnel) this.isDead = true;
    core.outflow.end(this, trailers);
    core.context.gather.leave();
  }

  abort(): void {
    if (this.isDead) return;
    this.isDead = true;
    const core = this.#core;
    core.context.gather.enter();
    core.reset(this, this.#isTunnel ? errorCodes.CONNECT_ERROR : errorCodes.INTERNAL_ERROR);
    core.context.gather.leave();
  }

  closeAfter(): void {
    this.#owner.drain();
  }

  pauseRequest(): void {
    if (this.isDead) return;
    this.#isRequestPaused = true;
    this.pause();
  }

  resumeRequest(): void {
    this.#isRequestPaused = false;
    if (this.isDead || this.#awaitsGrant) return;
    const { gather } = this.#core.context;
    gather.enter();
    this.resume();
    gather.leave();
  }

  /** Answers in place of the handler, for a reason of ours. */
  answer(reason: Reason, detail: string): void {
    const wallMs = this.#core.context.clock.wallMs();
    const { head, body } = reasonReply(reason, detail, wallMs);
    this.sendHead(head, body.length);
    this.sendBody(body, 0, body.length);
    this.sendEnd(null);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (!this.#isVoid) this.sink?.onRequestBody(bytes, start, end);
  }

  onEnd(trailers: Fields | null): void {
    if (this.#awaitsGrant) this.#isEndAwaiting = true;
    else if (!this.#isVoid) this.sink?.onRequestEnd(trailers);
  }

  onBlock(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.#core.receiveTrailers(this, bytes, start, end, isEnd);
  }

  onWritable(): void {
    if (!this.isDead) this.sink?.onWritable();
  }

  onFailed(failure: StreamFailure): void {
    if (this.isDead) return;
    this.isDead = true;
    this.sink?.onRequestFailed(reasonOf(failure), failure.detail);
  }

  /** RFC 9113 §8.1: who has answered needs nothing more of the request. */
  onSentEnd(): void {
    if (this.#isTunnel || this.isClosed) return;
    if (!this.hasReceivedEnd) this.#core.reset(this, errorCodes.NO_ERROR);
    else if (!this.isEndDelivered) {
      this.isPaused = false;
      this.deliverHeld();
    }
  }

  onLook(): void {
    if (!this.isDead) this.sink?.onStillOpen?.();
  }

  onSlow(): void {
    const { sink, isDead } = this;
    const core = this.#core;
    const detail = "nothing comes of the request's body";
    if (isDead || this.#isHeadSent) {
      core.failStream(this, errorCodes.CANCEL, { kind: "slow", detail });
      return;
    }
    this.answer("client-slow", detail);
    sink?.onRequestFailed("client-slow", detail);
  }

  /** Does nobody want what comes? */
  get #isVoid(): boolean {
    return this.isDead || (this.#asksTunnel && !this.#isTunnel);
  }

  /** The tunnel was granted or not: what waits is its first octets, or nothing. */
  #endWait(): void {
    this.#awaitsGrant = false;
    if (!this.#isTunnel || !this.#isRequestPaused) this.resume();
    if (this.#isEndAwaiting && this.#isTunnel) this.sink?.onRequestEnd(null);
  }
}

function reasonOf({ kind }: StreamFailure): Reason {
  if (kind === "malformed") return "bad-request";
  return kind === "slow" ? "client-slow" : "client-gone";
}
