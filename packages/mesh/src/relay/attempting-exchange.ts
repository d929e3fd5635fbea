import type { Placement } from "../balance/placement.ts";
import { assert } from "../base/assert.ts";
import type { ContractReader } from "../contract/reader.ts";
import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import type { BodyLength, ReplyFailure, ServerStream } from "../net/codec.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import { decideRetry, type RetryDecision } from "../policy/retry.ts";
import { backoffPauseMs } from "../policy/retry-pause.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Backend, EndpointWaiter } from "../upstream/backend.ts";
import type { ConnectReason } from "../upstream/connect-failure.ts";
import type { PickWish } from "../upstream/pick-wish.ts";
import type { Pool } from "../upstream/pool.ts";
import type { PooledSession, SessionTaker } from "../upstream/pooled-session.ts";
import type { Target } from "../upstream/target.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import {
  recordAttempt,
  recordHedge,
  recordSent,
  recordTakenOver,
  recordUnsent,
} from "./attempt-record.ts";
import type { RelayContext } from "./context.ts";
import { failedAttempt, mayHedge } from "./failed-attempt.ts";
import { type Frontend, type FrontendSlot, type Source, workloadField } from "./frontend.ts";
import { GrpcCall } from "./grpc-call.ts";
import { type Hedge, type HedgeOwner, Hedges } from "./hedges.ts";
import { openRequestRecord } from "./open-record.ts";
import { captureOperation, type OperationCapture } from "./operation-capture.ts";
import { failedInBoth, isMisfit, isOnlyAttempt, noteVersion } from "./other-version.ts";
import type { Patience } from "./patience.ts";
import type { PeekedReply } from "./peeked-reply.ts";
import { QueueWait } from "./queue-wait.ts";
import { RequestBody } from "./request-body.ts";
import { askedPauseMs, askedRestMs, isNoAnswer } from "./retry-verdict.ts";
import { asking, choosing, connecting, delaying, type State } from "./states.ts";
import type { Tries, TriesOwner } from "./tries.ts";

/** How an exchange goes on after an attempt. */
type Move = Exclude<RetryDecision, "give-up" | "limit"> | "hedge";

/**
 * The half of an exchange that looks for an answer: choose an endpoint, connect, ask, and again where that is safe, paid for and of
 * use. What the answer is, and what becomes of it, is the other half: `relay.ts`, whose story this belongs to.
 *
 * ```
 *  choose ─▶ connect ─▶ ask ─▶ hear
 *    ▲          │        │ ▲     │
 *    └── go ◀── judge ◀──┘ hedge └─▶ repeats? ─▶ go
 * ```
 */
export abstract class AttemptingExchange
  implements EndpointWaiter, SessionTaker, AttemptOwner, TriesOwner, HedgeOwner
{
  protected readonly context: RelayContext;
  protected readonly source: Source;
  protected readonly stream: ServerStream;
  protected readonly head: RequestHead;
  protected length: BodyLength;
  protected readonly grpc: GrpcCall | null;
  protected readonly record: ExchangeRecord;
  protected frontend: Frontend;
  protected slot: FrontendSlot | null;
  protected state: State = choosing;

  // What was decided.
  protected backend: Backend | null = null;
  protected policy: RequestPolicy | null = null;
  protected wish: PickWish | null = null;
  protected placement: Placement | null = null;
  protected placementSlot = -1;
  protected patience: Patience | null = null;
  protected operation: OperationCapture | null = null;

  // Where it stands.
  protected target: Target | null = null;
  protected avoid: Target | null = null;
  protected pool: Pool | null = null;
  protected attempt: Attempt | null = null;
  protected tries: Tries | null = null;
  protected hedges: Hedges | null = null;
  protected peeked: PeekedReply | null = null;
  protected readonly body: RequestBody;
  protected queue: QueueWait | null = null;
  /** Does it count in its backend's cap of retries? */
  protected isRetrying = false;
  /** Has the process shown that it does not speak the caller's version of HTTP, and was it asked in the other? */
  protected isAskedOtherwise = false;

  constructor(
    context: RelayContext,
    slot: FrontendSlot,
    source: Source,
    stream: ServerStream,
    head: RequestHead,
    length: BodyLength,
  ) {
    const { frontend } = slot;
    this.context = context;
    this.slot = slot;
    this.frontend = frontend;
    this.source = source;
    this.stream = stream;
    this.head = head;
    this.length = length;
    this.grpc = GrpcCall.of(head, stream.protocol);
    this.body = new RequestBody(stream, length, context.kept);
    this.record = openRequestRecord(context, frontend, source, stream, head);
  }

  /** Its documents have come. */
  protected abstract decide(): void;
  /** The present attempt's reply has begun. */
  protected abstract hear(head: ReplyHead, length: BodyLength): void;
  /** Answers in place of the application. */
  protected abstract fail(reason: Reason, detail: string): void;
  /** The client has part of the reply, and must see that it is not whole. */
  protected abstract cut(reason: Reason, detail: string): void;
  abstract onPauseOver(): void;
  abstract onInterim(head: ReplyHead): void;
  abstract onReplyHead(head: ReplyHead, length: BodyLength): void;
  abstract onReplyBody(bytes: Buffer, start: number, end: number): void;
  abstract onReplyEnd(trailers: Fields | null): void;
  abstract onServerWritable(): void;

  // ── an endpoint, a connection ─────────────────────────────────────────────────────────────────────────────────

  protected choose(nowMs: number): void {
    this.state = choosing;
    const backend = this.backend!;
    if (backend.placement !== this.placement) this.#place(backend.placement);
    if (backend.contract !== null && this.operation === null && this.context.isRecording) {
      this.#read(backend.contract);
    }
    const target = backend.pick(nowMs, this.placementSlot, this.avoid, this.wish);
    if (target !== null) {
      this.queue?.stop(nowMs);
      this.#connect(target, false, nowMs);
      return;
    }
    const reason = this.#wait(nowMs, false);
    if (reason !== null) this.fail(reason, backend.describe(reason, this.placementSlot));
  }

  /** Waits for an endpoint, or pauses until documents have come; the reason why it must not, or null. */
  #wait(nowMs: number, isPause: boolean): Reason | null {
    this.state = choosing;
    this.body.pause();
    this.queue ??= new QueueWait(this.record);
    const place = { slot: this.placementSlot, isRetry: this.avoid !== null, isPause };
    this.avoid = null;
    return this.queue.enter(this.backend!, this, place, nowMs);
  }

  /** The request's slot; again when the placement has changed while it waited. */
  #place(placement: Placement | null): void {
    this.placement = placement;
    // Of the path as forwarded, hence after every filter: the receiver computes the same.
    this.placementSlot = placement?.slotOf(this.head, this.source.placement) ?? -1;
    this.record.slot = this.placementSlot;
  }

  /** The request on the service level, before it is sent first: of the head as forwarded, for the same reason. */
  #read(contract: ContractReader): void {
    if (this.record.attempts > 0 || this.length === "tunnel") return;
    this.operation = captureOperation(contract, this.head, this.record);
    const copy = this.operation?.requestBody ?? null;
    if (copy !== null) this.body.copyTo(copy);
  }

  onEndpoint(): void {
    if (this.state.endpoint === "never") this.never(this.state.endpoint, "endpoint");
    const nowMs = this.context.clock.monotonicMs();
    if (this.slot === null) {
      this.choose(nowMs);
      return;
    }
    this.queue!.stop(nowMs);
    this.frontend = this.slot.frontend; // its documents have come
    this.decide();
  }

  onNoEndpoint(reason: Reason, detail: string): void {
    if (this.state.noEndpoint === "fail") this.fail(reason, detail);
    else this.never(this.state.noEndpoint, "noEndpoint");
  }

  /** @param isFresh not on a connection that was used before */
  #connect(target: Target, isFresh: boolean, nowMs: number): void {
    this.state = connecting;
    this.target = target;
    recordAttempt(this.record, target);
    this.tries?.begin(0);
    const pool = target.poolFor(this.stream.protocol, nowMs);
    this.pool = pool;
    noteVersion(this.record, target, this.stream.protocol, pool.protocol);
    const session = pool.take(this, isFresh, nowMs);
    if (session !== null) this.#ask(session, nowMs);
    else if (this.state === connecting) this.body.pause();
  }

  onSession(session: PooledSession): void {
    if (this.state.session === "ask") this.#ask(session, this.context.clock.monotonicMs());
    else this.never(this.state.session, "session");
  }

  onNoSession(reason: ConnectReason, detail: string): void {
    if (this.state.noSession === "never") this.never(this.state.noSession, "noSession");
    if (this.#asksOtherwise(reason)) return;
    this.report(reason, null, 0);
    this.#judge(reason, detail, true, false);
  }

  /** Nothing of it was processed: where what is there is found to speak the other version, it is asked in that one, once and free. */
  #asksOtherwise(reason: Reason): boolean {
    const nowMs = this.context.clock.monotonicMs();
    const isOther = this.target!.poolFor(this.stream.protocol, nowMs) !== this.pool;
    if (!isOther || this.isAskedOtherwise || !this.body.isReplayable) return false;
    this.isAskedOtherwise = true;
    this.record.attemptReason = reason;
    this.#connect(this.target!, false, nowMs);
    return true;
  }

  #ask(session: PooledSession, nowMs: number): void {
    this.state = asking;
    const attempt = new Attempt(this, this.target!, session, nowMs);
    this.attempt = attempt;
    recordSent(this.record, this.context, attempt);
    const isOnly = this.tries === null && isOnlyAttempt(attempt, this.pool!);
    this.#send(attempt, isOnly, nowMs);
    this.tries?.onAsked(this.body.isEnded);
  }

  #send(attempt: Attempt, isOnly: boolean, nowMs: number): void {
    const { endpoint } = attempt.target;
    // Once per connection: the peer's proxy remembers who is at the other end.
    if (!attempt.isReused && endpoint.identity !== null) {
      this.head.set(workloadField, this.context.workload);
    }
    if (this.grpc !== null) this.grpc.shrink(this.head, nowMs - this.record.startMs);
    else if (this.patience !== null) this.patience.tell(this.head, nowMs, endpoint.isOwn);
    attempt.stream.sendHead(this.head, this.length);
    if (this.length !== "tunnel") this.body.sendTo(attempt.stream, isOnly);
  }

  // ── another attempt ───────────────────────────────────────────────────────────────────────────────────────────────

  onReplyFailed(failure: ReplyFailure): void {
    const attempt = this.attempt!;
    const nowMs = this.context.clock.monotonicMs();
    const does = this.state.replyFailed;
    if (does === "never") this.never(does, "replyFailed");
    attempt.settle(nowMs, failure.sent);
    attempt.detach();
    const isMisfitting = does === "judge" && isMisfit(attempt, this.pool!);
    // Of a call the end decides; of any other reply that has begun its head was told of already.
    if (does === "judge" ? !isMisfitting : this.grpc !== null) this.report(failure.reason, null, 0);
    this.attempt = null;
    if (does === "cut") {
      this.record.attemptReason = failure.reason;
      this.cut(failure.reason, failure.detail);
      return;
    }
    if (!failure.sent) recordUnsent(this.record);
    this.peeked = null;
    if (isMisfitting && this.#asksOtherwise(failure.reason)) return;
    const isIdleRace = attempt.wasAtRest && !failure.answered && failure.reason === "reset";
    this.#judge(failure.reason, failure.detail, !failure.sent, isIdleRace);
  }

  onTryTimeout(detail: string): void {
    const isUnsent = this.state === connecting;
    if (isUnsent) this.pool!.cancel(this);
    this.report("request-timeout", null, 0);
    this.attempt?.abort(this.context.clock.monotonicMs());
    this.attempt = null;
    this.#judge("request-timeout", detail, isUnsent, false);
  }

  /** The present attempt has failed and the client has seen nothing: again, or is this the answer? */
  #judge(reason: Reason, detail: string, isUnsent: boolean, isIdleRace: boolean): void {
    this.record.attemptReason = reason;
    this.tries?.end();
    const move = this.#plan(reason, isUnsent, isIdleRace, false);
    if (move === "later") {
      if (this.#wait(this.context.clock.monotonicMs(), true) === null) return;
    } else if (move !== null) {
      const isSure = isUnsent || reasonRow(reason).processed === "no";
      this.#go(move, isSure ? 0 : this.#backoffMs());
      return;
    }
    this.fail(reason, this.isAskedOtherwise ? failedInBoth(this.pool!, detail) : detail);
  }

  /** The present attempt has ended with a reply that its policy calls failed: is it tried again? @param said its head or trailers */
  protected repeats(
    said: Fields,
    length: BodyLength,
    from: Reason | null,
    status: number,
  ): boolean {
    const { clock } = this.context;
    const askedMs = askedPauseMs(said, this.grpc !== null, clock.wallMs());
    const leftMs = this.patience?.leftMs(clock.monotonicMs()) ?? Number.POSITIVE_INFINITY;
    if (askedMs === "never" || askedMs >= leftMs) return false; // more time than there is
    const reason = from ?? "failed-reply";
    const move = this.#plan(reason, false, false, true);
    if (move === null || move === "later") return false;
    const attempt = this.attempt!;
    this.report(from, said, status);
    attempt.discard(clock.monotonicMs(), length, this.body.isEnded);
    this.attempt = null;
    this.peeked = null;
    this.tries!.end();
    this.record.attemptReason = reason;
    this.record.grpcStatus = -1;
    this.#go(move, Math.max(askedMs, this.#backoffMs()));
    return true;
  }

  /** How it goes on after the present attempt, which is paid for; null: not, what there is is the answer. */
  #plan(reason: Reason, isUnsent: boolean, isIdleRace: boolean, isReply: boolean): Move | null {
    if (this.hedges !== null && this.hedges.count > 0) return "hedge";
    const isPinned = this.placementSlot >= 0 && this.backend!.isPinning;
    const ending = { reason, isUnsent, isIdleRace, isPinned, isReply };
    const request = { head: this.head, body: this.body, isGrpc: this.grpc !== null };
    const retry = this.policy === null ? null : this.policy.retry;
    const decision = decideRetry(failedAttempt(ending, request, this.record, retry));
    if (decision === "replay") return decision;
    if (decision === "limit") this.record.retryEnd = "limit";
    if (decision === "limit" || decision === "give-up") return null;
    return this.#spendRetry() ? decision : null;
  }

  #go(move: Exclude<Move, "later">, pauseMs: number): void {
    const nowMs = this.context.clock.monotonicMs();
    const target = this.target!;
    if (move === "hedge") {
      this.#takeOver(this.hedges!.take()!, nowMs);
    } else if (move === "replay" || move === "again") {
      if (move === "replay") this.record.replayed = true;
      this.#connect(target, true, nowMs);
    } else {
      this.avoid = target;
      if (pauseMs === 0) {
        this.choose(nowMs);
      } else {
        this.state = delaying;
        this.body.pause();
        this.tries!.pause(pauseMs);
      }
    }
  }

  #backoffMs(): number {
    const retry = this.policy === null ? null : this.policy.retry;
    if (retry === null) return 0;
    return backoffPauseMs(retry, this.record.attempts - 1, this.context.rng);
  }

  #spendRetry(): boolean {
    const { budgetOf } = this.frontend;
    if (budgetOf === null) return false;
    const backend = this.backend!;
    const isCapped = !this.isRetrying && !backend.tryRetry();
    if (!isCapped) this.isRetrying = true;
    const isPaid = !isCapped && budgetOf(backend.service).spend(this.context.clock.monotonicMs());
    if (isPaid) this.record.retries++;
    else this.record.retryEnd = "overflow";
    return isPaid;
  }

  /** How the present attempt has ended, for what is thought of its endpoint. @param said its head or trailers */
  protected report(reason: Reason | null, said: Fields | null, status: number): void {
    const { grpcStatus } = this.record;
    const target = this.target!;
    const breakers = this.wish === null ? null : this.wish.breakers;
    const isLimited = status === 429 || status === 503 || grpcStatus === 8;
    const isAsked = target.isReported || breakers !== null;
    if (!isAsked && reason === null && !isLimited) return; // as a rule: nobody counts, and it went well
    const { clock } = this.context;
    const latencyMs = this.attempt === null ? 0 : clock.monotonicMs() - this.attempt.startMs;
    const isAsking = isLimited && said !== null;
    const retryAfterMs = isAsking ? askedRestMs(said, this.grpc !== null, clock.wallMs()) : -1;
    target.report({ status, grpcStatus, reason, latencyMs, retryAfterMs }, breakers);
  }

  /** The peer's proxy says that its application has not seen the request. */
  protected onPeerFailure(reason: Reason, length: BodyLength, nowMs: number): void {
    const attempt = this.attempt!;
    this.report(reason, null, 0);
    attempt.discard(nowMs, length, this.body.isEnded);
    this.attempt = null;
    if (reason !== "misdirected") attempt.target.onPeerFailure(reason);
    this.#judge(reason, `said by the proxy of ${attempt.target.endpoint.workload}`, false, false);
  }

  // ── hedges ────────────────────────────────────────────────────────────────────────────────────────────────────────

  onHedgeDue(): void {
    const { attemptsMax } = this.policy!.hedge!;
    const count = this.hedges === null ? 0 : this.hedges.count;
    if (this.state !== asking || 1 + count >= attemptsMax) return;
    if (!mayHedge(this.head, this.body)) return;
    const nowMs = this.context.clock.monotonicMs();
    const target = this.backend!.pick(nowMs, this.placementSlot, this.target, this.wish);
    if (target === null || target === this.target || this.hedges?.has(target)) return;
    if (!this.#spendRetry()) return;
    this.hedges ??= new Hedges(this);
    this.hedges.start(target, this.stream.protocol, nowMs);
  }

  onHedgeSession(_hedge: Hedge, attempt: Attempt): number {
    const place = this.context.nextPlace();
    this.#send(attempt, false, this.context.clock.monotonicMs());
    return place;
  }

  onHedgeHead(hedge: Hedge, head: ReplyHead, length: BodyLength): void {
    const nowMs = this.context.clock.monotonicMs();
    const retry = this.policy!.retry;
    if (isNoAnswer(head, retry, hedge.target.endpoint.identity !== null)) {
      hedge.cancel(nowMs);
      this.onHedgeFailed(hedge, "failed-reply");
      return;
    }
    this.hedges!.remove(hedge);
    if (this.state === connecting) this.pool!.cancel(this);
    this.attempt?.abort(nowMs);
    this.attempt = null;
    this.record.attemptReason = "outrun";
    this.#takeOver(hedge, nowMs);
    this.hear(head, length);
  }

  onHedgeFailed(hedge: Hedge, reason: Reason): void {
    const nowMs = this.context.clock.monotonicMs();
    this.hedges!.remove(hedge);
    hedge.attempt?.settle(nowMs, hedge.sentSeq > 0);
    hedge.attempt?.detach();
    recordHedge(this.record, hedge, reason);
    const latencyMs = nowMs - hedge.startMs;
    const outcome = { status: 0, grpcStatus: -1, reason, latencyMs, retryAfterMs: -1 };
    hedge.target.report(outcome, this.wish === null ? null : this.wish.breakers);
  }

  #takeOver(hedge: Hedge, nowMs: number): void {
    if (hedge.attempt === null) {
      hedge.cancel(nowMs);
      this.#connect(hedge.target, false, nowMs);
      return;
    }
    this.state = asking;
    this.target = hedge.target;
    this.pool = hedge.pool;
    this.attempt = hedge.attempt;
    hedge.attempt.handTo(this);
    recordTakenOver(this.record, hedge);
    this.tries!.begin(nowMs - hedge.startMs);
  }

  /** A reply is here: no attempt is made, and none other goes on. */
  protected settleTries(nowMs: number): void {
    if (this.tries === null) return;
    this.tries.end();
    this.dropHedges(nowMs, "outrun");
  }

  protected dropHedges(nowMs: number, reason: Reason): void {
    for (const hedge of this.hedges?.cancel(nowMs) ?? []) recordHedge(this.record, hedge, reason);
  }

  /** @param _does typed so that every other action has been dealt with before */
  protected never(_does: "never", input: string): void {
    assert(false, `no ${input} while ${this.state.phase}`);
  }
}
