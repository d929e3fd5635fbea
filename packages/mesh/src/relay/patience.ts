import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { RequestHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength } from "../net/codec.ts";
import { deadlineField, formatDeadline } from "../policy/deadline.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import { BodyPace } from "./body-pace.ts";
import type { RelayContext } from "./context.ts";
import { QuietWatch } from "./quiet.ts";
import type { RequestBody } from "./request-body.ts";

/** Why an exchange is not waited for any longer. */
export interface Impatience {
  readonly reason: Extract<Reason, "request-timeout" | "deadline-passed" | "client-slow">;
  readonly detail: string;
}

/** What limits one exchange, in ms from its beginning; null: nothing. */
export interface ExchangeLimits {
  /** By its route. */
  readonly ruleMs: number | null;
  /** By its caller's word. */
  readonly callerMs: number | null;
  /** By policy, whatever goes through it. */
  readonly lifetimeMs: number | null;
  /** Nothing moves for so long. */
  readonly idleMs: number | null;
}

/** What limits an exchange; null: nothing does, which costs nothing. */
export function limitsOf(
  ruleMs: number | null,
  callerMs: number | null,
  policy: RequestPolicy | null,
): ExchangeLimits | null {
  const lifetimeMs = policy === null ? null : policy.lifetimeMs;
  const idleMs = policy === null ? null : policy.idleTimeoutMs;
  const isAny = ruleMs !== null || callerMs !== null || lifetimeMs !== null || idleMs !== null;
  return isAny ? { ruleMs, callerMs, lifetimeMs, idleMs } : null;
}

/** Between two looks whether anything has moved: a part of the limit, so that it is passed by no more than that. */
const idleLooks = 4;

/** How long one exchange is waited for. Made only where something limits it, or where it lasts long. */
export class Patience {
  readonly #context: RelayContext;
  #deadline: Deadline | null = null;
  #limit: "rule" | "caller" | "lifetime" = "rule";
  #endMs = Number.POSITIVE_INFINITY;
  #idle: Deadline | null = null;
  #idleMs = 0;
  #idleSinceMs = 0;
  #idleBytes = -1;
  #quiet: QuietWatch | null = null;
  #pace: BodyPace | null = null;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /** Limits the whole exchange; `handler` is told when its time is up. False: its caller's is up already. */
  limit(handler: DeadlineHandler, startMs: number, limits: ExchangeLimits): boolean {
    const { ruleMs, callerMs, lifetimeMs, idleMs } = limits;
    const { wheel, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    let limitMs = ruleMs ?? Number.POSITIVE_INFINITY;
    if (callerMs !== null && callerMs <= limitMs) {
      limitMs = callerMs;
      this.#limit = "caller";
    }
    if (lifetimeMs !== null && lifetimeMs < limitMs) {
      limitMs = lifetimeMs;
      this.#limit = "lifetime";
    }
    this.#endMs = startMs + limitMs;
    if (this.#limit === "caller" && this.#endMs <= nowMs) return false;
    if (limitMs !== Number.POSITIVE_INFINITY) {
      this.#deadline = new Deadline(handler);
      wheel.set(this.#deadline, this.#endMs - nowMs);
    }
    if (idleMs !== null) {
      this.#idle = new Deadline(handler);
      this.#idleMs = idleMs;
      this.#idleSinceMs = nowMs;
      wheel.set(this.#idle, idleMs / idleLooks);
    }
    return true;
  }

  /** What is left of the whole exchange's time, in ms; infinite: nothing limits it. */
  leftMs(nowMs: number): number {
    return this.#endMs - nowMs;
  }

  /** Tells the next hop what is left. @param isProcess the last hop, to the process beside us */
  tell(head: RequestHead, nowMs: number, isProcess: boolean): void {
    const leftMs = this.leftMs(nowMs);
    if (leftMs === Number.POSITIVE_INFINITY) return;
    head.set(deadlineField, formatDeadline(leftMs, isProcess ? nowMs : null));
  }

  /** A time is up; null: it goes on. What was sent may have been executed, whoever's time it was. */
  onDeadline(deadline: Deadline, record: ExchangeRecord): Impatience | null {
    if (deadline === this.#idle) return this.#lookIdle(record);
    if (this.#limit === "rule") {
      return { reason: "request-timeout", detail: "the time limit of the request has passed" };
    }
    if (this.#limit === "lifetime") {
      return { reason: "request-timeout", detail: "it has lasted as long as its policy lets it" };
    }
    const isUnsent = record.sentMs < 0 && record.earlier === null;
    const detail = "the caller's own deadline has passed";
    return { reason: isUnsent ? "deadline-passed" : "request-timeout", detail };
  }

  /**
   * Looks whether anything moves, about once a minute; null: it does, or may yet.
   * @param awaited the announced length of the request's body, while that is what the server waits for; else 0
   */
  look(record: ExchangeRecord, awaited: BodyLength, body: RequestBody): Impatience | null {
    const { clock, onLimit } = this.#context;
    const { requestBytes, replyBytes } = record;
    this.#quiet ??= new QuietWatch(clock);
    if (this.#quiet.isTooLong(requestBytes + replyBytes)) {
      return { reason: "request-timeout", detail: "nothing moves any more" };
    }
    const nowMs = clock.monotonicMs();
    if (this.#pace === null) {
      this.#pace = new BodyPace(nowMs, requestBytes, body);
      return null;
    }
    if (!this.#pace.isTooSlow(nowMs, requestBytes, awaited, body)) return null;
    onLimit(record.protocol === "h2" ? "h2-slow-body" : "h1-body");
    return { reason: "client-slow", detail: "the body trickles in" };
  }

  /** No time limit holds any more. */
  lift(): void {
    if (this.#deadline !== null) this.#context.wheel.clear(this.#deadline);
    if (this.#idle !== null) this.#context.wheel.clear(this.#idle);
  }

  #lookIdle({ requestBytes, replyBytes, headMs }: ExchangeRecord): Impatience | null {
    const { wheel, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const moved = requestBytes + replyBytes + (headMs < 0 ? 0 : 1);
    if (moved !== this.#idleBytes) {
      if (this.#idleBytes >= 0) this.#idleSinceMs = nowMs;
      this.#idleBytes = moved;
    }
    if (nowMs - this.#idleSinceMs >= this.#idleMs) {
      return { reason: "request-timeout", detail: `nothing has moved for ${this.#idleMs} ms` };
    }
    wheel.set(this.#idle!, this.#idleMs / idleLooks);
    return null;
  }
}
