import type { ReplyHead } from "../model/head.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength, ReplyFailure } from "../net/codec.ts";
import type { ConnectReason } from "../upstream/connect-failure.ts";
import type { Pool } from "../upstream/pool.ts";
import type { PooledSession, SessionTaker } from "../upstream/pooled-session.ts";
import type { Target } from "../upstream/target.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";

/** Whose hedges they are: an exchange, which has its own attempt besides. */
export interface HedgeOwner {
  /** A hedge has a connection: the whole request goes there. Its place in the history, once it has. */
  onHedgeSession(hedge: Hedge, attempt: Attempt): number;
  /** The first reply: the hedge takes the place of the exchange's own attempt, and its head follows. */
  onHedgeHead(hedge: Hedge, head: ReplyHead, length: BodyLength): void;
  /** It came to nothing; the exchange's own attempt goes on. */
  onHedgeFailed(hedge: Hedge, reason: Reason): void;
}

/** The attempts of one exchange beside its own, each at another endpoint. Made where the first is due. */
export class Hedges {
  readonly #owner: HedgeOwner;
  #all: readonly Hedge[] = [];

  constructor(owner: HedgeOwner) {
    this.#owner = owner;
  }

  get count(): number {
    return this.#all.length;
  }

  has(target: Target): boolean {
    return this.#all.some((hedge) => hedge.target === target);
  }

  start(target: Target, protocol: HttpProtocol, nowMs: number): void {
    const hedge = new Hedge(this.#owner, target, target.poolFor(protocol, nowMs), nowMs);
    this.#all = [...this.#all, hedge];
    hedge.begin(nowMs);
  }

  remove(hedge: Hedge): void {
    this.#all = this.#all.filter((other) => other !== hedge);
  }

  /** One that may go on alone, and is none of these any more: of those that are asked the first. Null: there is none. */
  take(): Hedge | null {
    const one = this.#all.find(({ attempt }) => attempt !== null) ?? this.#all[0] ?? null;
    if (one !== null) this.remove(one);
    return one;
  }

  /** Ends all of them. */
  cancel(nowMs: number): readonly Hedge[] {
    const all = this.#all;
    this.#all = [];
    for (const hedge of all) hedge.cancel(nowMs);
    return all;
  }
}

/** One of them. It hears of its attempt until that becomes the exchange's own. */
export class Hedge implements SessionTaker, AttemptOwner {
  readonly target: Target;
  readonly pool: Pool;
  readonly startMs: number;
  attempt: Attempt | null = null;
  /** Its request's place in the history; 0: it was not sent. */
  sentSeq = 0;
  readonly #owner: HedgeOwner;
  #isWaiting = false;

  constructor(owner: HedgeOwner, target: Target, pool: Pool, startMs: number) {
    this.#owner = owner;
    this.target = target;
    this.pool = pool;
    this.startMs = startMs;
  }

  begin(nowMs: number): void {
    this.#isWaiting = true;
    const session = this.pool.take(this, false, nowMs);
    if (session !== null) this.onSession(session);
  }

  /** It waits for a connection no longer, or its attempt is given up. */
  cancel(nowMs: number): void {
    if (this.#isWaiting) this.pool.cancel(this);
    this.#isWaiting = false;
    this.attempt?.abort(nowMs);
  }

  onSession(session: PooledSession): void {
    this.#isWaiting = false;
    const attempt = new Attempt(this, this.target, session, this.startMs);
    this.attempt = attempt;
    this.sentSeq = this.#owner.onHedgeSession(this, attempt);
  }

  onNoSession(reason: ConnectReason, _detail: string): void {
    this.#isWaiting = false;
    this.#owner.onHedgeFailed(this, reason);
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    this.#owner.onHedgeHead(this, head, length);
  }

  onReplyFailed(failure: ReplyFailure): void {
    if (!failure.sent) this.sentSeq = 0;
    this.#owner.onHedgeFailed(this, failure.reason);
  }

  // Nothing of a reply comes before its head, and with that it is the exchange's own; the request was sent whole.
  onReplyBody(): void {}
  onReplyEnd(): void {}
  onServerWritable(): void {}
}
