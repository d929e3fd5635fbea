import type { Deadline, DeadlineHandler } from "../base/deadline-wheel.ts";
import type { ReplyFilter } from "../filter/filter.ts";
import { runReplyFilters } from "../filter/index.ts";
import { isGrpcFailure } from "../model/grpc.ts";
import type { Fields, ReplyHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import type { BodyLength, RequestSink } from "../net/codec.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import { tellAdmission } from "./admitted.ts";
import { AttemptingExchange } from "./attempting-exchange.ts";
import { callersTimeMs } from "./callers-time.ts";
import { type Asked, decide, type MoreFields } from "./decide.ts";
import { recordAnswer, recordFailure, recordOwnAnswer } from "./ending-record.ts";
import {
  type FailureStatus,
  failureReply,
  grpcCutTrailers,
  grpcStatusOfCut,
  noBody,
  type OwnReply,
  outsideFields,
  sendReply,
  takePeerReason,
} from "./failure.ts";
import { type FaultedOwner, FaultHold, nextStrike } from "./fault-hold.ts";
import { KeptSession } from "./kept-session.ts";
import type { PacedEnds } from "./paced-flow.ts";
import { type Impatience, limitsOf, Patience } from "./patience.ts";
import { PeekedReply } from "./peeked-reply.ts";
import { QueueWait } from "./queue-wait.ts";
import { mayYetFail, namesReply } from "./retry-verdict.ts";
import {
  answering,
  asking,
  choosing,
  connecting,
  delaying,
  over,
  parting,
  peeking,
  type State,
  tunnelling,
} from "./states.ts";
import { Tries } from "./tries.ts";
import { type TunnelOwner, TunnelWatch } from "./tunnel-watch.ts";
import { wishOf } from "./wish.ts";

/**
 * One exchange, from the request's head to its record:
 *
 *   match → authorize → filters → choose an endpoint → connect → ask → answer, or a tunnel → record
 *
 * Read it from `begin` downwards. What lies between `choose` and an answer, all attempts, is `attempting-exchange.ts`. `states.ts`
 * says what each input does in each state; every way out that is not the application's answer goes through `fail` and
 * `failure.ts`. All fields are set in the constructors, so that all exchanges have one shape.
 */
export class Exchange
  extends AttemptingExchange
  implements RequestSink, DeadlineHandler, TunnelOwner, FaultedOwner
{
  // What was decided.
  #replyFilters: readonly ReplyFilter[] | null = null;
  #backendReplyFilters: readonly ReplyFilter[] | null = null;
  #session: KeptSession | null = null;
  #fault: FaultHold | null = null;
  /** Was it taken in, so that its end must be told? Does it count in its backend's cap of requests? */
  #isAdmitted = false;
  #isEntered = false;

  // Where it stands.
  #isReplyPaused = false;
  /** How the present reply's body is framed. */
  #replyLength: BodyLength = 0;
  #tunnel: TunnelWatch | null = null;
  #hasReplyEnded = false;

  /** Where it stands. */
  get phase(): State["phase"] {
    return this.state.phase;
  }

  /** Starts; nothing may be done with the exchange before. */
  begin(): void {
    this.context.onBegin();
    if (this.context.isDraining) this.stream.closeAfter();
    const { pending } = this.frontend;
    if (pending !== null) {
      this.queue = new QueueWait(this.record);
      this.queue.begin(this.record.startMs);
      this.body.pause();
      pending.wait(this);
    } else {
      this.decide();
    }
  }

  // ── match, authorize, filters ────────────────────────────────────────────────────────────────────────────────────────

  protected decide(): void {
    this.slot = null;
    const { clock } = this.context;
    const decision = decide(this.frontend, this.source, this.head, this.record, clock);
    this.#replyFilters = decision.replyFilters;
    this.#isAdmitted = decision.isAdmitted;
    if (this.length === "tunnel") this.#confirmTunnel();
    if (decision.kind === "fail") {
      this.fail(decision.reason, decision.detail, decision.fields);
    } else if (decision.kind === "reply") {
      const { status, fields } = decision.reply;
      this.#answerOwn({ head: new PlainReplyHead(status, fields), body: noBody });
    } else {
      this.#backendReplyFilters = decision.backendReplyFilters;
      this.policy = decision.policy;
      if (this.#hasTime(decision.timeoutMs)) this.#enter(decision);
    }
  }

  #hasTime(ruleMs: number | null): boolean {
    const grpc = this.grpc;
    const callerMs =
      grpc === null ? callersTimeMs(this.frontend, this.head, this.record) : grpc.timeoutMs;
    const limits = limitsOf(ruleMs, callerMs, this.policy);
    if (limits === null) return true;
    this.patience ??= new Patience(this.context);
    const isLeft = this.patience.limit(this, this.record.startMs, limits);
    if (!isLeft) this.fail("deadline-passed", "no time of the caller's is left");
    return isLeft;
  }

  /** A filter may have taken the wish back: it is a request like any other then. */
  #confirmTunnel(): void {
    if (this.head.upgrade !== null || this.head.method === "CONNECT") return;
    this.length = 0;
    this.body.end(null);
  }

  #enter({ backend, rule, session, mirrors }: Asked): void {
    const { startMs } = this.record;
    this.backend = backend;
    this.record.backend = backend.service;
    this.record.backendPort = backend.port;
    this.frontend.budgetOf?.(backend.service).earn(startMs);
    const refused = backend.enter();
    if (refused !== null) {
      this.fail(refused, `${backend.service} has as many requests as its cap allows`);
      return;
    }
    this.#isEntered = true;
    const policy = this.policy;
    if (policy !== null) {
      this.tries = new Tries(this.context, this, policy);
      if (policy.retry !== null) this.body.keptBytesMax = policy.retry.bodyBytesMax;
      if (policy.sessions !== null) this.#session = new KeptSession(policy.sessions, session);
    }
    this.wish = wishOf(this.context, backend, policy, this.#session, this.head, this.source);
    if (mirrors !== null && this.length !== "tunnel" && this.context.mirrors !== null) {
      const { frontend, source, stream, head, body } = this;
      this.context.mirrors.copy(mirrors, frontend, source, stream, head, body);
    }
    const strike = nextStrike(this.frontend, rule, backend);
    if (strike !== null && this.#isHeldBack(new FaultHold(this.context, this, strike))) return;
    // Nothing has been waited for, as a rule: the clock need not be asked again.
    this.choose(this.record.queueMs === 0 ? startMs : this.context.clock.monotonicMs());
  }

  // ── a fault, on purpose ──────────────────────────────────────────────────────────────────────────────────────────────

  /** True: the request does not go on now, or at all. */
  #isHeldBack(fault: FaultHold): boolean {
    this.#fault = fault;
    if (fault.strike.bytesPerSecond > 0 && this.length !== "tunnel") this.#slow(fault);
    if (!fault.delay(this.record)) return this.#isStruck(fault);
    this.state = delaying;
    this.body.pause();
    return true;
  }

  #slow(fault: FaultHold): void {
    const request: PacedEnds = {
      pass: (bytes) => this.#takeBody(bytes, 0, bytes.length),
      end: (trailers) => this.#takeEnd(trailers),
      pause: () => this.body.pause(),
      resume: () => this.body.resume(),
    };
    fault.slow(request, {
      pass: (bytes) => this.#giveBody(bytes, 0, bytes.length),
      end: (trailers) => this.#giveEnd(trailers),
      pause: () => this.attempt?.stream.pauseReply(),
      resume: () => this.#isReplyPaused || this.attempt?.stream.resumeReply(),
    });
  }

  #isStruck({ strike }: FaultHold): boolean {
    if (strike.abort === null) return this.#isReset("before");
    this.fail("fault", `fault ${strike.name}: aborted`, null, strike.abort);
    return true;
  }

  #isReset(when: "before" | "after"): boolean {
    const detail = this.#fault!.reset(when);
    if (detail !== null) this.cut("reset", detail);
    return detail !== null;
  }

  /** A fault, or the pause before a retry, has held it back for long enough. */
  onPauseOver(): void {
    if (this.state.delayOver === "never") this.never(this.state.delayOver, "delayOver");
    const isFirst = this.record.attempts === 0;
    if (isFirst && this.#fault !== null && this.#isStruck(this.#fault)) return;
    this.choose(this.context.clock.monotonicMs());
  }

  // ── the request goes up ──────────────────────────────────────────────────────────────────────────────────────────────

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.record.requestBytes += end - start;
    if (this.#fault !== null && this.#fault.request !== null)
      this.#fault.request.take(bytes, start, end);
    else this.#takeBody(bytes, start, end);
  }

  #takeBody(bytes: Buffer, start: number, end: number): void {
    const does = this.state.requestBody;
    if (does === "hold") {
      this.body.hold(bytes, start, end);
    } else if (does === "pass" && this.attempt !== null) {
      this.body.keep(bytes, start, end);
      if (!this.attempt.stream.sendBody(bytes, start, end)) this.body.pause();
    } // else nobody wants it: the reply is whole, and a fault gives it slowly
  }

  onRequestEnd(trailers: Fields | null): void {
    if (this.#fault !== null && this.#fault.request !== null) this.#fault.request.end(trailers);
    else this.#takeEnd(trailers);
  }

  #takeEnd(trailers: Fields | null): void {
    this.body.end(trailers);
    const does = this.state.requestEnd;
    if (does === "pass") {
      this.attempt?.stream.sendEnd(trailers);
      if (this.state === asking) this.tries?.onRequestSent();
    } else if (does === "half") {
      this.attempt!.stream.sendEnd(null);
      this.#part();
    } else if (does === "part") {
      this.#part();
    }
  }

  onServerWritable(): void {
    if (this.state.serverWritable === "resume") this.body.resume();
  }

  // ── the reply comes down ─────────────────────────────────────────────────────────────────────────────────────────────

  onInterim(head: ReplyHead): void {
    if (this.state.interim === "pass") this.stream.sendInterim(head);
    else this.never(this.state.interim, "interim");
  }

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    if (this.state.replyHead === "answer") this.hear(head, length);
    else this.never(this.state.replyHead, "replyHead");
  }

  /** Is it the answer, or one that is tried again? */
  protected hear(head: ReplyHead, length: BodyLength): void {
    const nowMs = this.context.clock.monotonicMs();
    this.record.replyMs = nowMs;
    this.record.replySeq = this.context.nextPlace();
    const reason = takePeerReason(head, this.target!.endpoint.identity !== null);
    if (reason !== null && reasonRow(reason).processed === "no") {
      this.onPeerFailure(reason, length, nowMs);
      return;
    }
    if (this.grpc !== null) this.grpc.note(head, this.record);
    if (this.policy !== null && this.policy.retry !== null) {
      const { retry } = this.policy;
      const isNamed = namesReply(retry, head.status, this.record.grpcStatus, reason);
      if (isNamed && this.repeats(head, length, reason, head.status)) return;
      if (this.grpc !== null && mayYetFail(retry, head, length)) {
        this.settleTries(nowMs);
        this.peeked = new PeekedReply(head, length, reason);
        this.state = peeking;
        return;
      }
    }
    if (reason !== null && this.frontend.isEdge) {
      this.#answerOutside(reason, head, length, nowMs);
      return;
    }
    this.#answer(head, length, reason, nowMs);
  }

  /** A peer's proxy has answered, and callers outside the mesh learn its reason and no details. */
  #answerOutside(reason: Reason, head: ReplyHead, length: BodyLength, nowMs: number): void {
    this.report(reason, head, head.status);
    this.settleTries(nowMs);
    const fields = outsideFields(head);
    const detail = `said by the proxy of ${this.target!.endpoint.workload}`;
    this.attempt!.discard(nowMs, length, this.body.isEnded);
    this.attempt = null;
    this.record.attemptReason = reason;
    const { grpc } = reasonRow(reason);
    const grpcStatus = this.record.grpcStatus < 0 ? grpc : this.record.grpcStatus;
    const { status } = this.grpc === null ? head : reasonRow(reason);
    this.fail(reason, detail, fields, { status, grpcStatus });
  }

  #answer(head: ReplyHead, length: BodyLength, reason: Reason | null, nowMs: number): void {
    const attempt = this.attempt!;
    const { target } = attempt;
    this.settleTries(nowMs);
    if (reason !== null) {
      this.record.origin = "proxy";
      this.record.reason = reason;
    }
    const isFailed = isGrpcFailure(this.record.grpcStatus);
    attempt.settle(nowMs, !isFailed); // to fail fast makes nobody attractive
    if (!isFailed) target.onAnswer();
    if (this.grpc === null || this.record.grpcStatus >= 0) this.report(reason, head, head.status);
    this.pool!.isProven = true;
    const isByProxy = this.record.origin === "proxy";
    if (this.#fault !== null && !isByProxy && this.#isReset("after")) return;
    this.operation?.onReplyHead(head, isByProxy);
    const request = this.head;
    if (this.#backendReplyFilters !== null) {
      runReplyFilters(this.#backendReplyFilters, head, request);
    }
    if (this.#replyFilters !== null) runReplyFilters(this.#replyFilters, head, request);
    if (this.#session !== null && !isByProxy) {
      const wallMs = this.context.clock.wallMs();
      const answered = { uid: target.uid, wallMs, isSecure: this.source.isTls };
      this.#session.onReply(head, this.backend!, answered);
    }
    this.#replyLength = length;
    this.body.release();
    recordAnswer(this.record, this.context, head.status, nowMs);
    if (length === "tunnel") {
      this.state = tunnelling;
      this.patience?.lift();
      this.#tunnel = new TunnelWatch(this.context, this, this.policy);
      this.#leave(); // a tunnel is no request any more
    } else {
      this.state = answering;
      if (this.context.isDraining) this.stream.closeAfter();
    }
    this.stream.sendHead(head, length);
    if (length === "tunnel") this.body.resume(); // it may have rested while a connection was awaited
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (this.state.replyBody === "never") this.never(this.state.replyBody, "replyBody");
    if (this.state.replyBody === "ignore") return;
    if (this.state.replyBody === "open" && !this.#open()) return;
    if (this.#fault !== null && this.#fault.reply !== null)
      this.#fault.reply.take(bytes, start, end);
    else this.#giveBody(bytes, start, end);
  }

  #giveBody(bytes: Buffer, start: number, end: number): void {
    this.record.replyBytes += end - start;
    this.operation?.replyBody?.take(bytes, start, end);
    if (this.stream.sendBody(bytes, start, end)) return;
    this.#isReplyPaused = true;
    this.attempt?.stream.pauseReply();
  }

  /** What was peeked at is the answer. False: a fault has cut it. */
  #open(): boolean {
    const { head, length, reason } = this.peeked!;
    this.peeked = null;
    this.#answer(head, length, reason, this.context.clock.monotonicMs());
    return this.state === answering;
  }

  /** The client takes octets again. */
  onWritable(): void {
    if (this.state.clientWritable === "ignore") return;
    if (!this.#isReplyPaused) return;
    this.#isReplyPaused = false;
    this.attempt?.stream.resumeReply();
  }

  onReplyEnd(trailers: Fields | null): void {
    const does = this.state.replyEnd;
    if (does === "never") this.never(does, "replyEnd");
    if (does === "finish" || (does === "weigh" && this.#isWhole(trailers))) {
      const attempt = this.attempt!;
      if (trailers !== null) this.grpc?.note(trailers, this.record);
      if (trailers !== null && this.grpc !== null) this.report(null, trailers, this.record.status);
      attempt.detach();
      // RFC 9112 §9.6: a server that has answered before the request ended does not want the rest of it.
      if (!this.body.isEnded) attempt.stream.abort();
      this.attempt = null;
      if (this.#fault !== null && this.#fault.reply !== null) this.#fault.reply.end(trailers);
      else this.#giveEnd(trailers);
    } else if (does === "half" || does === "part") {
      this.#hasReplyEnded = true;
      if (does === "half") this.stream.sendEnd(null);
      this.#part();
    }
  }

  /** A call has ended before any message: is that the answer, which then has begun, or is it tried again? */
  #isWhole(trailers: Fields | null): boolean {
    if (trailers !== null) {
      this.grpc!.note(trailers, this.record);
      const { grpcStatus } = this.record;
      const isNamed = namesReply(this.policy!.retry!, 200, grpcStatus, null);
      if (isNamed && this.repeats(trailers, 0, null, 200)) return false;
    }
    return this.#open();
  }

  #giveEnd(trailers: Fields | null): void {
    this.operation?.replyBody?.end();
    this.state = over;
    this.stream.sendEnd(trailers);
    this.#finish();
  }

  // ── a tunnel ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  get tunnelBytes(): number {
    return this.record.requestBytes + this.record.replyBytes;
  }

  /** We end, and nothing moves: both are told as each would tell the other. */
  onTunnelDrained(): void {
    this.record.detail = "the proxy ends, and nothing moved";
    this.state = parting;
    if (!this.body.isEnded) this.attempt!.stream.sendEnd(null);
    if (!this.#hasReplyEnded) this.stream.sendEnd(null);
  }

  onTunnelTooLong(detail: string): void {
    this.#giveUp({ reason: "request-timeout", detail });
  }

  /** It is over when both sides have ended. */
  #part(): void {
    if (!this.body.isEnded || !this.#hasReplyEnded) return;
    this.attempt!.detach();
    this.attempt = null;
    this.#finish();
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  onRequestFailed(reason: Reason, detail: string): void {
    if (this.state.clientGone === "ignore") return;
    recordFailure(this.record, this.#fault?.strike ?? null, reason, detail);
    this.#release();
    if (reason !== "client-gone" && this.record.headMs < 0)
      recordOwnAnswer(this.record, this.context, reasonRow(reason).status); // by the codec
    this.#finish();
  }

  /** The whole exchange has taken too long, or stands still. */
  onDeadline(deadline: Deadline): void {
    const impatience = this.patience!.onDeadline(deadline, this.record);
    if (impatience !== null) this.#giveUp(impatience);
  }

  /** Nobody may notice that a client is gone: what stands still is not waited for without end. */
  onStillOpen(): void {
    if (this.#tunnel !== null) return; // it is watched otherwise
    // A stream is like a tunnel then: streams that last must not keep all others out for as long.
    if (this.state === answering) this.#leaveAdmission();
    this.patience ??= new Patience(this.context);
    const awaited = this.state === asking ? this.length : 0;
    const impatience = this.patience.look(this.record, awaited, this.body);
    if (impatience !== null) this.#giveUp(impatience);
  }

  #giveUp({ reason, detail }: Impatience): void {
    if (this.state.timeout === "fail") this.fail(reason, detail);
    else if (this.state.timeout === "cut") this.cut(reason, detail);
  }

  /** Answers in place of the application. @param instead of what the reason's row says */
  protected fail(
    reason: Reason,
    detail: string,
    fields: MoreFields | null = null,
    instead: FailureStatus | null = null,
  ): void {
    recordFailure(this.record, this.#fault?.strike ?? null, reason, detail);
    // Streams of HTTP/2 end one by one; after a reason that closes, HTTP/1.1 cannot tell where the next request begins.
    if (reasonRow(reason).closes && this.stream.protocol === "http/1.1") this.stream.closeAfter();
    if (this.grpc !== null) this.record.grpcStatus = instead?.grpcStatus ?? reasonRow(reason).grpc;
    const shown = this.frontend.isEdge ? null : detail;
    const wallMs = this.context.clock.wallMs();
    this.#answerOwn(failureReply(reason, shown, this.head, wallMs, fields, instead));
  }

  #answerOwn(reply: OwnReply): void {
    this.#release();
    this.state = over;
    recordOwnAnswer(this.record, this.context, reply.head.status);
    this.record.replyBytes = reply.body.length;
    if (this.#replyFilters !== null) runReplyFilters(this.#replyFilters, reply.head, this.head);
    sendReply(this.stream, reply, this.context.turn);
    this.#finish();
  }

  /** The client has part of the reply: ends it so that it is seen not to be whole (RFC 9112 §8), or says why in trailers. */
  protected cut(reason: Reason, detail: string): void {
    const mayHaveTrailers =
      this.grpc !== null && this.state === answering && this.#replyLength === "chunked";
    recordFailure(this.record, this.#fault?.strike ?? null, reason, detail);
    this.#release();
    this.state = over;
    if (mayHaveTrailers) {
      this.record.grpcStatus = grpcStatusOfCut(reason);
      this.stream.sendEnd(grpcCutTrailers(reason, this.frontend.isEdge ? null : detail));
    } else {
      this.stream.abort();
    }
    this.#finish();
  }

  /** Lets go of whatever it holds or waits for. An attempt that is going on ends as the exchange does. */
  #release(): void {
    const nowMs = this.context.clock.monotonicMs();
    if (this.attempt !== null || this.state === connecting) {
      this.record.attemptReason = this.record.reason;
    }
    this.queue?.stop(nowMs);
    if (this.slot !== null) this.frontend.pending?.cancel(this);
    if (this.state === choosing) this.backend?.cancel(this);
    if (this.state === connecting) this.pool?.cancel(this);
    this.attempt?.abort(nowMs);
    this.attempt = null;
    if (this.hedges !== null) this.dropHedges(nowMs, this.record.reason ?? "outrun");
  }

  #finish(): void {
    this.state = over;
    this.body.release();
    this.patience?.lift();
    this.tries?.lift();
    this.#fault?.lift();
    this.#tunnel?.stop();
    this.record.endMs = this.context.clock.monotonicMs();
    this.#leave();
    this.context.onEnd(this.record);
  }

  /** It counts no more where requests are counted. */
  #leave(): void {
    if (this.#isEntered) this.backend!.leave();
    if (this.isRetrying) this.backend!.endRetry();
    this.#leaveAdmission();
    this.#isEntered = false;
    this.isRetrying = false;
  }

  #leaveAdmission(): void {
    if (this.#isAdmitted) tellAdmission(this.frontend, this.record);
    this.#isAdmitted = false;
  }
}
