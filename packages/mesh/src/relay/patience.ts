import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength } from "../net/codec.ts";
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

/** How long one exchange is waited for. Made only where something limits it, or where it lasts long. */
export class Patience {
  readonly #context: RelayContext;
  #deadline: Deadline | null = null;
  #isCallers = false;
  #quiet: QuietWatch | null = null;
  #pace: BodyPace | null = null;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /**
   * Limits the whole exchange; `handler` is told when its time is up. False: its caller's is up already.
   * @param ruleMs by its route, from its beginning @param callerMs by its caller's word (`grpc-timeout`)
   */
  limit(
    handler: DeadlineHandler,
    startMs: number,
    ruleMs: number | null,
    callerMs: number | null,
  ): boolean {
    this.#isCallers = callerMs !== null && (ruleMs === null || callerMs <= ruleMs);
    this.#deadline = new Deadline(handler);
    const limitMs = this.#isCallers ? callerMs! : ruleMs!;
    const leftMs = startMs + limitMs - this.#context.clock.monotonicMs();
    if (leftMs <= 0 && this.#isCallers) return false;
    this.#context.wheel.set(this.#deadline, leftMs);
    return true;
  }

  /** Its time is up. What was sent may have been executed, whoever's time it was. */
  onDeadline({ sentMs, earlier }: ExchangeRecord): Impatience {
    if (!this.#isCallers) {
      return { reason: "request-timeout", detail: "the time limit of the request has passed" };
    }
    const isUnsent = sentMs < 0 && earlier === null;
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
  }
}
