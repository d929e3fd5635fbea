import type { Fields, ReplyHead } from "../model/head.ts";
import type { BodyLength, ClientStream, ReplyFailure, ReplySink } from "../net/codec.ts";
import type { PooledSession } from "../upstream/pooled-session.ts";
import type { Target } from "../upstream/target.ts";

/** What a peer's proxy sends with a reply of its own making is read to its end, if it is no longer than this. */
const discardBytesMax = 4096;

/** Whose attempt it is: an exchange. */
export interface AttemptOwner extends Omit<ReplySink, "onWritable"> {
  /** The server takes octets of the request again. */
  onServerWritable(): void;
}

/**
 * One try at one endpoint. It stands between the exchange and the connection, so that what comes from an attempt that
 * was given up never reaches the exchange.
 */
export class Attempt implements ReplySink {
  readonly target: Target;
  readonly startMs: number;
  /** Had the connection carried an exchange before? */
  readonly isReused: boolean;
  /** And nothing was going on there: its server may have been closing it. */
  readonly wasAtRest: boolean;
  readonly session: PooledSession;
  readonly stream: ClientStream;
  /** Which exchange of its connection it is, from 1. */
  readonly ordinal: number;
  #owner: AttemptOwner | null;
  /** Counted in the endpoint's load, until the reply's head is here. */
  #isCounted = true;

  constructor(owner: AttemptOwner, target: Target, session: PooledSession, startMs: number) {
    this.#owner = owner;
    this.target = target;
    this.startMs = startMs;
    this.isReused = session.isUsed;
    this.wasAtRest = session.isAtRest;
    target.endpoint.load.begin();
    this.session = session;
    this.stream = session.start(this);
    this.ordinal = this.stream.ordinal;
  }

  /** The endpoint has answered, or will not: its latency is known. Null: nothing was sent that could be measured. */
  settle(nowMs: number, isMeasured: boolean): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    this.target.endpoint.load.end(isMeasured ? nowMs - this.startMs : null, nowMs);
  }

  /** Gives the attempt up; nothing comes from it any more. */
  abort(nowMs: number): void {
    this.settle(nowMs, true);
    this.#owner = null;
    this.stream.abort();
  }

  /** Lets a reply that nobody wants run out, so that its connection can be used again. */
  discard(nowMs: number, length: BodyLength, isAsked: boolean): void {
    if (!isAsked || typeof length !== "number" || length > discardBytesMax) {
      this.abort(nowMs);
      return;
    }
    this.settle(nowMs, true);
    this.#owner = null;
  }

  /** Another hears of it from now on. */
  handTo(owner: AttemptOwner): void {
    this.#owner = owner;
  }

  /** The exchange is over in good order. */
  detach(): void {
    this.#owner = null;
  }

  onInterim(head: ReplyHead): void {
    this.#owner?.onInterim(head);
  }

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    this.#owner?.onReplyHead(head, length);
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.#owner?.onReplyBody(bytes, start, end);
  }

  onReplyEnd(trailers: Fields | null): void {
    this.#owner?.onReplyEnd(trailers);
  }

  onReplyFailed(failure: ReplyFailure): void {
    this.#owner?.onReplyFailed(failure);
  }

  onWritable(): void {
    this.#owner?.onServerWritable();
  }
}
