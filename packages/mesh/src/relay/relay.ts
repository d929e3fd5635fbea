import type { Placement } from "../balance/placement.ts";
import { assert, unreachable } from "../base/assert.ts";
import type { DeadlineHandler } from "../base/deadline-wheel.ts";
import type { ContractReader } from "../contract/reader.ts";
import type { ReplyFilter } from "../filter/filter.ts";
import { runReplyFilters } from "../filter/index.ts";
import { isGrpcFailure } from "../model/grpc.ts";
import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import type { BodyLength, ReplyFailure, RequestSink, ServerStream } from "../net/codec.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import { decideRetry } from "../policy/retry.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Backend, EndpointWaiter } from "../upstream/backend.ts";
import type { ConnectReason } from "../upstream/connect-failure.ts";
import type { Pool } from "../upstream/pool.ts";
import type { PooledSession, SessionTaker } from "../upstream/pooled-session.ts";
import type { Target } from "../upstream/target.ts";
import { Attempt } from "./attempt.ts";
import { recordAttempt, recordSent, recordUnsent } from "./attempt-record.ts";
import type { RelayContext } from "./context.ts";
import { decide } from "./decide.ts";
import { recordAnswer, recordFailure, recordOwnAnswer } from "./ending-record.ts";
import { failedAttempt } from "./failed-attempt.ts";
import {
  failureReply,
  grpcCutTrailers,
  grpcStatusOfCut,
  noBody,
  type OwnReply,
  sendReply,
  takePeerReason,
} from "./failure.ts";
import { type FaultedOwner, FaultHold } from "./fault-hold.ts";
import { type Frontend, type FrontendSlot, type Source, workloadField } from "./frontend.ts";
import { GrpcCall } from "./grpc-call.ts";
import { openRequestRecord } from "./open-record.ts";
import { captureOperation, type OperationCapture } from "./operation-capture.ts";
import { failedInBoth, isMisfit, isOnlyAttempt, noteVersion } from "./other-version.ts";
import { type Impatience, Patience } from "./patience.ts";
import { QueueWait } from "./queue-wait.ts";
import { RequestBody } from "./request-body.ts";
import {
  answering,
  asking,
  choosing,
  connecting,
  delaying,
  over,
  parting,
  type State,
  tunnelling,
} from "./states.ts";
import { type TunnelOwner, TunnelWatch } from "./tunnel-watch.ts";

/**
 * One exchange, from the request's head to its record:
 *
 *   match → authorize → filters → choose an endpoint → connect → ask → answer, or a tunnel → record
 *
 * Read it from `begin` downwards. `states.ts` says what each input does in each state; every way out that is not the
 * application's answer goes through `#fail` and `failure.ts`. All fields are set in the constructor, so that all
 * exchanges have one shape.
 */
export class Exchange
  implements RequestSink, EndpointWaiter, SessionTaker, DeadlineHandler, TunnelOwner, FaultedOwner
{
  readonly #context: RelayContext;
  readonly #source: Source;
  readonly #stream: ServerStream;
  readonly #head: RequestHead;
  #length: BodyLength;
  readonly #grpc: GrpcCall | null;
  readonly #record: ExchangeRecord;
  #frontend: Frontend;
  #slot: FrontendSlot | null;
  #state: State = choosing;

  // What was decided.
  #replyFilters: readonly ReplyFilter[] | null = null;
  #backendReplyFilters: readonly ReplyFilter[] | null = null;
  #backend: Backend | null = null;
  #placement: Placement | null = null;
  #placementSlot = -1;
  #patience: Patience | null = null;
  #fault: FaultHold | null = null;
  #operation: OperationCapture | null = null;

  // Where it stands.
  #target: Target | null = null;
  #avoid: Target | null = null;
  #pool: Pool | null = null;
  #attempt: Attempt | null = null;
  readonly #body: RequestBody;
  #isReplyPaused = false;
  /** Has the process shown that it does not speak the caller's version of HTTP, and was it asked in the other? */
  #isAskedOtherwise = false;
  /** How the present reply's body is framed. */
  #replyLength: BodyLength = 0;
  #tunnel: TunnelWatch | null = null;
  #hasReplyEnded = false;
  #queue: QueueWait | null = null;

  constructor(
    context: RelayContext,
    slot: FrontendSlot,
    source: Source,
    stream: ServerStream,
    head: RequestHead,
    length: BodyLength,
  ) {
    const { frontend } = slot;
    this.#context = context;
    this.#slot = slot;
    this.#frontend = frontend;
    this.#source = source;
    this.#stream = stream;
    this.#head = head;
    this.#length = length;
    this.#grpc = GrpcCall.of(head, stream.protocol);
    this.#body = new RequestBody(stream, length);
    this.#record = openRequestRecord(context, frontend, source, stream, head);
  }

  /** Where it stands. */
  get phase(): State["phase"] {
    return this.#state.phase;
  }

  /** Starts; nothing may be done with the exchange before. */
  begin(): void {
    this.#context.onBegin();
    if (this.#context.isDraining) this.#stream.closeAfter();
    const { pending } = this.#frontend;
    if (pending !== null) {
      this.#queue = new QueueWait(this.#record);
      this.#queue.begin(this.#record.startMs);
      this.#body.pause();
      pending.wait(this);
    } else {
      this.#decide();
    }
  }

  // ── match, authorize, filters ─────────────────────────────────────────────────────────────────────────────────

  #decide(): void {
    this.#slot = null;
    const decision = decide(this.#frontend, this.#source, this.#head, this.#record);
    this.#replyFilters = decision.replyFilters;
    if (this.#length === "tunnel") this.#confirmTunnel();
    switch (decision.kind) {
      case "fail":
        this.#fail(decision.reason, decision.detail);
        return;
      case "reply": {
        const { status, fields } = decision.reply;
        this.#answerOwn({ head: new PlainReplyHead(status, fields), body: noBody });
        return;
      }
      case "ask":
        this.#backendReplyFilters = decision.backendReplyFilters;
        if (this.#hasTime(decision.timeoutMs)) this.#enter(decision.backend);
        return;
      default:
        unreachable(decision);
    }
  }

  #hasTime(ruleMs: number | null): boolean {
    const callerMs = this.#grpc === null ? null : this.#grpc.timeoutMs;
    if (ruleMs === null && callerMs === null) return true;
    this.#patience ??= new Patience(this.#context);
    const isLeft = this.#patience.limit(this, this.#record.startMs, ruleMs, callerMs);
    if (!isLeft) this.#fail("deadline-passed", "no time of the caller's is left");
    return isLeft;
  }

  /** A filter may have taken the wish back: it is a request like any other then. */
  #confirmTunnel(): void {
    if (this.#head.upgrade !== null || this.#head.method === "CONNECT") return;
    this.#length = 0;
    this.#body.end(null);
  }

  #enter(backend: Backend): void {
    this.#backend = backend;
    this.#record.backend = backend.service;
    this.#record.backendPort = backend.port;
    const { startMs } = this.#record;
    this.#frontend.budgetOf?.(backend.service).earn(startMs);
    const strike = backend.fault === null ? null : backend.fault.next();
    if (strike !== null && this.#isHeldBack(new FaultHold(this.#context, this, strike))) return;
    // Nothing has been waited for, as a rule: the clock need not be asked again.
    this.#choose(this.#record.queueMs === 0 ? startMs : this.#context.clock.monotonicMs());
  }

  // ── a fault, on purpose ───────────────────────────────────────────────────────────────────────────────────────

  /** True: the request does not go on now, or at all. */
  #isHeldBack(fault: FaultHold): boolean {
    this.#fault = fault;
    if (!fault.delay(this.#record)) return this.#isReset(fault, "before");
    this.#state = delaying;
    this.#body.pause();
    return true;
  }

  #isReset(fault: FaultHold, when: "before" | "after"): boolean {
    const detail = fault.reset(when);
    if (detail !== null) this.#cut("reset", detail);
    return detail !== null;
  }

  onDelayOver(): void {
    if (this.#state.delayOver === "never") this.#never(this.#state.delayOver, "delayOver");
    if (!this.#isReset(this.#fault!, "before")) this.#choose(this.#context.clock.monotonicMs());
  }

  // ── an endpoint, a connection ─────────────────────────────────────────────────────────────────────────────────

  #choose(nowMs: number): void {
    this.#state = choosing;
    const backend = this.#backend!;
    if (backend.placement !== this.#placement) this.#place(backend.placement);
    if (backend.contract !== null && this.#operation === null && this.#context.isRecording) {
      this.#read(backend.contract);
    }
    const target = backend.pick(nowMs, this.#placementSlot, this.#avoid);
    if (target !== null) {
      this.#queue?.stop(nowMs);
      this.#connect(target, false, nowMs);
      return;
    }
    const reason = this.#wait(nowMs, false);
    if (reason !== null) this.#fail(reason, backend.describe(reason, this.#placementSlot));
  }

  /** Waits for an endpoint, or pauses until documents have come; the reason why it must not, or null. */
  #wait(nowMs: number, isPause: boolean): Reason | null {
    this.#state = choosing;
    this.#body.pause();
    this.#queue ??= new QueueWait(this.#record);
    const place = { slot: this.#placementSlot, isRetry: this.#avoid !== null, isPause };
    this.#avoid = null;
    return this.#queue.enter(this.#backend!, this, place, nowMs);
  }

  /** The request's slot; again when the placement has changed while it waited. */
  #place(placement: Placement | null): void {
    this.#placement = placement;
    // Of the path as forwarded, hence after every filter: the receiver computes the same.
    this.#placementSlot = placement?.slotOf(this.#head, this.#source.placement) ?? -1;
    this.#record.slot = this.#placementSlot;
  }

  /** The request on the service level, before it is sent first: of the head as forwarded, for the same reason. */
  #read(contract: ContractReader): void {
    if (this.#record.attempts > 0 || this.#length === "tunnel") return;
    this.#operation = captureOperation(contract, this.#head, this.#record);
    const copy = this.#operation?.requestBody ?? null;
    if (copy !== null) this.#body.copyTo(copy);
  }

  onEndpoint(): void {
    if (this.#state.endpoint === "never") this.#never(this.#state.endpoint, "endpoint");
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#slot === null) {
      this.#choose(nowMs);
      return;
    }
    this.#queue!.stop(nowMs);
    this.#frontend = this.#slot.frontend; // its documents have come
    this.#decide();
  }

  onNoEndpoint(reason: Reason, detail: string): void {
    if (this.#state.noEndpoint === "fail") this.#fail(reason, detail);
    else this.#never(this.#state.noEndpoint, "noEndpoint");
  }

  /** @param isFresh not on a connection that was used before */
  #connect(target: Target, isFresh: boolean, nowMs: number): void {
    this.#state = connecting;
    this.#target = target;
    recordAttempt(this.#record, target);
    const pool = target.poolFor(this.#stream.protocol, nowMs);
    this.#pool = pool;
    noteVersion(this.#record, target, this.#stream.protocol, pool.protocol);
    const session = pool.take(this, isFresh, nowMs);
    if (session !== null) this.#ask(session, nowMs);
    else if (this.#state === connecting) this.#body.pause();
  }

  onSession(session: PooledSession): void {
    if (this.#state.session === "ask") this.#ask(session, this.#context.clock.monotonicMs());
    else this.#never(this.#state.session, "session");
  }

  onNoSession(reason: ConnectReason, detail: string): void {
    if (this.#state.noSession === "never") this.#never(this.#state.noSession, "noSession");
    if (!this.#asksOtherwise(reason)) this.#judge(reason, detail, true, false);
  }

  /** Nothing of it was processed: where what is there is found to speak the other version, it is asked in that one, once and free. */
  #asksOtherwise(reason: Reason): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    const isOther = this.#target!.poolFor(this.#stream.protocol, nowMs) !== this.#pool;
    if (!isOther || this.#isAskedOtherwise || !this.#body.isReplayable) return false;
    this.#isAskedOtherwise = true;
    this.#record.attemptReason = reason;
    this.#connect(this.#target!, false, nowMs);
    return true;
  }

  // ── the request goes up ───────────────────────────────────────────────────────────────────────────────────────

  #ask(session: PooledSession, nowMs: number): void {
    this.#state = asking;
    const attempt = new Attempt(this, this.#target!, session, nowMs);
    this.#attempt = attempt;
    const { stream } = attempt;
    // Once per connection: the peer's proxy remembers who is at the other end.
    if (!attempt.isReused && attempt.target.endpoint.identity !== null) {
      this.#head.set(workloadField, this.#context.workload);
    }
    this.#grpc?.shrink(this.#head, nowMs - this.#record.startMs);
    recordSent(this.#record, this.#context, attempt);
    stream.sendHead(this.#head, this.#length);
    if (this.#length === "tunnel") return;
    this.#body.sendTo(stream, isOnlyAttempt(attempt, this.#pool!));
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.#record.requestBytes += end - start;
    switch (this.#state.requestBody) {
      case "hold":
        this.#body.hold(bytes, start, end);
        return;
      case "pass":
        this.#body.keep(bytes, start, end);
        if (!this.#attempt!.stream.sendBody(bytes, start, end)) this.#body.pause();
        return;
      case "ignore":
        return;
      default:
        unreachable(this.#state.requestBody);
    }
  }

  onRequestEnd(trailers: Fields | null): void {
    this.#body.end(trailers);
    switch (this.#state.requestEnd) {
      case "hold":
        return;
      case "pass":
        this.#attempt!.stream.sendEnd(trailers);
        return;
      case "half":
        this.#attempt!.stream.sendEnd(null);
        this.#part();
        return;
      case "part":
        this.#part();
        return;
      case "ignore":
        return;
      default:
        unreachable(this.#state.requestEnd);
    }
  }

  onServerWritable(): void {
    if (this.#state.serverWritable === "resume") this.#body.resume();
  }

  // ── the reply comes down ──────────────────────────────────────────────────────────────────────────────────────

  onInterim(head: ReplyHead): void {
    if (this.#state.interim === "pass") this.#stream.sendInterim(head);
    else this.#never(this.#state.interim, "interim");
  }

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    if (this.#state.replyHead === "answer") this.#answer(head, length);
    else this.#never(this.#state.replyHead, "replyHead");
  }

  #answer(head: ReplyHead, length: BodyLength): void {
    const attempt = this.#attempt!;
    const nowMs = this.#context.clock.monotonicMs();
    const { target } = attempt;
    this.#record.replyMs = nowMs;
    this.#record.replySeq = this.#context.nextPlace();
    const reason = takePeerReason(head, target.endpoint.identity !== null);
    if (reason !== null) {
      if (reasonRow(reason).processed === "no") {
        this.#onPeerFailure(reason, length, nowMs);
        return;
      }
      this.#record.origin = "proxy";
      this.#record.reason = reason;
    }
    this.#grpc?.note(head, this.#record);
    const isFailed = isGrpcFailure(this.#record.grpcStatus);
    attempt.settle(nowMs, !isFailed); // to fail fast makes nobody attractive
    if (!isFailed) target.onAnswer();
    this.#pool!.isProven = true;
    const isByProxy = this.#record.origin === "proxy";
    if (this.#fault !== null && !isByProxy && this.#isReset(this.#fault, "after")) return;
    this.#operation?.onReplyHead(head, isByProxy);
    if (this.#backendReplyFilters !== null)
      runReplyFilters(this.#backendReplyFilters, head, this.#head);
    if (this.#replyFilters !== null) runReplyFilters(this.#replyFilters, head, this.#head);
    this.#replyLength = length;
    this.#body.release();
    recordAnswer(this.#record, this.#context, head.status, nowMs);
    if (length === "tunnel") {
      this.#state = tunnelling;
      this.#patience?.lift();
      this.#tunnel = new TunnelWatch(this.#context, this);
    } else {
      this.#state = answering;
      if (this.#context.isDraining) this.#stream.closeAfter();
    }
    this.#stream.sendHead(head, length);
    if (length === "tunnel") this.#body.resume(); // it may have rested while a connection was awaited
  }

  /** The peer's proxy says that its application has not seen the request. */
  #onPeerFailure(reason: Reason, length: BodyLength, nowMs: number): void {
    const attempt = this.#attempt!;
    attempt.discard(nowMs, length, this.#body.isEnded);
    this.#attempt = null;
    if (reason !== "misdirected") attempt.target.onPeerFailure(reason);
    this.#judge(reason, `said by the proxy of ${attempt.target.endpoint.workload}`, false, false);
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (this.#state.replyBody === "never") this.#never(this.#state.replyBody, "replyBody");
    if (this.#state.replyBody === "ignore") return;
    this.#record.replyBytes += end - start;
    this.#operation?.replyBody?.take(bytes, start, end);
    if (this.#stream.sendBody(bytes, start, end)) return;
    this.#isReplyPaused = true;
    this.#attempt!.stream.pauseReply();
  }

  /** The client takes octets again. */
  onWritable(): void {
    if (this.#state.clientWritable === "ignore") return;
    if (!this.#isReplyPaused) return;
    this.#isReplyPaused = false;
    this.#attempt!.stream.resumeReply();
  }

  onReplyEnd(trailers: Fields | null): void {
    switch (this.#state.replyEnd) {
      case "finish": {
        const attempt = this.#attempt!;
        attempt.detach();
        // RFC 9112 §9.6: a server that has answered before the request ended does not want the rest of it.
        if (!this.#body.isEnded) attempt.stream.abort();
        this.#attempt = null;
        this.#operation?.replyBody?.end();
        this.#state = over;
        if (trailers !== null) this.#grpc?.note(trailers, this.#record);
        this.#stream.sendEnd(trailers);
        this.#finish();
        return;
      }
      case "half":
        this.#hasReplyEnded = true;
        this.#stream.sendEnd(null);
        this.#part();
        return;
      case "part":
        this.#hasReplyEnded = true;
        this.#part();
        return;
      case "never":
        this.#never(this.#state.replyEnd, "replyEnd");
        return;
      default:
        unreachable(this.#state.replyEnd);
    }
  }

  // ── a tunnel ──────────────────────────────────────────────────────────────────────────────────────────────────

  get tunnelBytes(): number {
    return this.#record.requestBytes + this.#record.replyBytes;
  }

  /** We end, and nothing moves: both are told as each would tell the other. */
  onTunnelDrained(): void {
    this.#record.detail = "the proxy ends, and nothing moved";
    this.#state = parting;
    if (!this.#body.isEnded) this.#attempt!.stream.sendEnd(null);
    if (!this.#hasReplyEnded) this.#stream.sendEnd(null);
  }

  onTunnelTooLong(detail: string): void {
    this.#giveUp({ reason: "request-timeout", detail });
  }

  /** It is over when both sides have ended. */
  #part(): void {
    if (!this.#body.isEnded || !this.#hasReplyEnded) return;
    this.#attempt!.detach();
    this.#attempt = null;
    this.#finish();
  }

  // ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────

  onReplyFailed(failure: ReplyFailure): void {
    const attempt = this.#attempt!;
    const nowMs = this.#context.clock.monotonicMs();
    switch (this.#state.replyFailed) {
      case "judge": {
        if (!failure.sent) recordUnsent(this.#record);
        attempt.settle(nowMs, failure.sent);
        attempt.detach();
        this.#attempt = null;
        if (isMisfit(attempt, this.#pool!) && this.#asksOtherwise(failure.reason)) return;
        const isIdleRace = attempt.wasAtRest && !failure.answered && failure.reason === "reset";
        this.#judge(failure.reason, failure.detail, !failure.sent, isIdleRace);
        return;
      }
      case "cut":
        attempt.detach();
        this.#attempt = null;
        this.#record.attemptReason = failure.reason;
        this.#cut(failure.reason, failure.detail);
        return;
      case "never":
        this.#never(this.#state.replyFailed, "replyFailed");
        return;
      default:
        unreachable(this.#state.replyFailed);
    }
  }

  /** The present attempt has failed and the client has seen nothing: again, or is this the answer? */
  #judge(reason: Reason, detail: string, isUnsent: boolean, isIdleRace: boolean): void {
    const record = this.#record;
    record.attemptReason = reason;
    const nowMs = this.#context.clock.monotonicMs();
    const target = this.#target!;
    const isPinned = this.#placementSlot >= 0 && this.#backend!.isPinning;
    const ending = { reason, isUnsent, isIdleRace, isPinned };
    const decision = decideRetry(failedAttempt(ending, this.#head, this.#body, record));
    switch (decision) {
      case "replay":
        record.replayed = true;
        this.#connect(target, true, nowMs);
        return;
      case "again":
        if (!this.#spendRetry()) break;
        this.#connect(target, true, nowMs);
        return;
      case "elsewhere":
      case "same":
        if (!this.#spendRetry()) break;
        this.#avoid = target;
        this.#choose(nowMs);
        return;
      case "later":
      case "give-up":
        if (decision === "later" && this.#spendRetry() && this.#wait(nowMs, true) === null) return;
        break;
      default:
        unreachable(decision);
    }
    this.#fail(reason, this.#isAskedOtherwise ? failedInBoth(this.#pool!, detail) : detail);
  }

  #spendRetry(): boolean {
    const budget = this.#frontend.budgetOf?.(this.#backend!.service);
    return budget?.spend(this.#context.clock.monotonicMs()) ?? false;
  }

  onRequestFailed(reason: Reason, detail: string): void {
    if (this.#state.clientGone === "ignore") return;
    recordFailure(this.#record, this.#fault?.strike ?? null, reason, detail);
    this.#release();
    if (reason !== "client-gone" && this.#record.headMs < 0)
      recordOwnAnswer(this.#record, this.#context, reasonRow(reason).status); // by the codec
    this.#finish();
  }

  /** The whole exchange has taken too long. */
  onDeadline(): void {
    this.#giveUp(this.#patience!.onDeadline(this.#record));
  }

  /** Nobody may notice that a client is gone: what stands still is not waited for without end. */
  onStillOpen(): void {
    if (this.#tunnel !== null) return; // it is watched otherwise
    this.#patience ??= new Patience(this.#context);
    const awaited = this.#state === asking ? this.#length : 0;
    const impatience = this.#patience.look(this.#record, awaited, this.#body);
    if (impatience !== null) this.#giveUp(impatience);
  }

  #giveUp({ reason, detail }: Impatience): void {
    switch (this.#state.timeout) {
      case "fail":
        this.#fail(reason, detail);
        return;
      case "cut":
        this.#cut(reason, detail);
        return;
      case "ignore":
        return;
      default:
        unreachable(this.#state.timeout);
    }
  }

  /** Answers in place of the application. */
  #fail(reason: Reason, detail: string): void {
    recordFailure(this.#record, this.#fault?.strike ?? null, reason, detail);
    // Streams of HTTP/2 end one by one; after a reason that closes, HTTP/1.1 cannot tell where the next request begins.
    if (reasonRow(reason).closes && this.#stream.protocol === "http/1.1") this.#stream.closeAfter();
    if (this.#grpc !== null) this.#record.grpcStatus = reasonRow(reason).grpc;
    const { isEdge } = this.#frontend;
    const wallMs = this.#context.clock.wallMs();
    this.#answerOwn(failureReply(reason, isEdge ? null : detail, this.#head, wallMs));
  }

  #answerOwn(reply: OwnReply): void {
    this.#release();
    this.#state = over;
    recordOwnAnswer(this.#record, this.#context, reply.head.status);
    this.#record.replyBytes = reply.body.length;
    if (this.#replyFilters !== null) runReplyFilters(this.#replyFilters, reply.head, this.#head);
    sendReply(this.#stream, reply, this.#context.turn);
    this.#finish();
  }

  /** The client has part of the reply: ends it so that it is seen not to be whole (RFC 9112 §8), or says why in trailers. */
  #cut(reason: Reason, detail: string): void {
    const mayHaveTrailers =
      this.#grpc !== null && this.#state === answering && this.#replyLength === "chunked";
    recordFailure(this.#record, this.#fault?.strike ?? null, reason, detail);
    this.#release();
    this.#state = over;
    if (mayHaveTrailers) {
      this.#record.grpcStatus = grpcStatusOfCut(reason);
      this.#stream.sendEnd(grpcCutTrailers(reason, this.#frontend.isEdge ? null : detail));
    } else {
      this.#stream.abort();
    }
    this.#finish();
  }

  /** Lets go of whatever it holds or waits for. An attempt that is going on ends as the exchange does. */
  #release(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#attempt !== null || this.#state === connecting) {
      this.#record.attemptReason = this.#record.reason;
    }
    this.#queue?.stop(nowMs);
    if (this.#slot !== null) this.#frontend.pending?.cancel(this);
    if (this.#state === choosing) this.#backend?.cancel(this);
    if (this.#state === connecting) this.#pool?.cancel(this);
    this.#fault?.lift();
    this.#attempt?.abort(nowMs);
    this.#attempt = null;
  }

  #finish(): void {
    this.#state = over;
    this.#body.release();
    this.#patience?.lift();
    this.#tunnel?.stop();
    this.#record.endMs = this.#context.clock.monotonicMs();
    this.#context.onEnd(this.#record);
  }

  /** @param _does typed so that every other action has been dealt with before */
  #never(_does: "never", input: string): void {
    assert(false, `no ${input} while ${this.#state.phase}`);
  }
}
