import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import { type FaultStrike, joinStrikes } from "../policy/fault.ts";
import type { Rule } from "../route/rule.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Backend } from "../upstream/backend.ts";
import type { RelayContext } from "./context.ts";
import { heldBackBy } from "./ending-record.ts";
import type { Frontend } from "./frontend.ts";
import { type PacedEnds, PacedFlow } from "./paced-flow.ts";

/** Whose request meets a fault. */
export interface FaultedOwner {
  /** It was held back for long enough. */
  onPauseOver(): void;
}

/** What the next request meets by its rule's fault and its service's; null: nothing. */
export function nextStrike(
  frontend: Frontend,
  rule: Rule | null,
  backend: Backend,
): FaultStrike | null {
  const of = backend.fault === null ? null : backend.fault.next();
  if (rule === null || rule.fault === null) return of;
  return joinStrikes(frontend.faultOf?.(rule.name, rule.fault)?.next() ?? null, of);
}

/** What one request meets on purpose. Made only where a fault strikes it. */
export class FaultHold implements DeadlineHandler {
  readonly strike: FaultStrike;
  /** Bodies that go no faster than it says; null: they do. */
  request: PacedFlow | null = null;
  reply: PacedFlow | null = null;
  readonly #context: RelayContext;
  readonly #owner: FaultedOwner;
  #delay: Deadline | null = null;

  constructor(context: RelayContext, owner: FaultedOwner, strike: FaultStrike) {
    this.#context = context;
    this.#owner = owner;
    this.strike = strike;
  }

  /** Is the request held back now? Its owner is told when it goes on. */
  delay(record: ExchangeRecord): boolean {
    const { strike } = this;
    if (strike.delayMs === 0) return false;
    record.detail = heldBackBy(strike);
    this.#delay = new Deadline(this);
    this.#context.wheel.set(this.#delay, strike.delayMs);
    return true;
  }

  /** Bodies are slow from now on. */
  slow(request: PacedEnds, reply: PacedEnds): void {
    const { bytesPerSecond } = this.strike;
    this.request = new PacedFlow(this.#context, bytesPerSecond, request);
    this.reply = new PacedFlow(this.#context, bytesPerSecond, reply);
  }

  /** Why the caller's connection is reset at this moment; null: it is not. */
  reset(when: "before" | "after"): string | null {
    const { name, reset } = this.strike;
    if (reset !== when) return null;
    const moment = when === "before" ? "before it was sent" : "after the process had answered";
    return `fault ${name}: reset ${moment}`;
  }

  onDeadline(): void {
    this.#owner.onPauseOver();
  }

  /** The request is over. */
  lift(): void {
    if (this.#delay !== null) this.#context.wheel.clear(this.#delay);
    this.request?.stop();
    this.reply?.stop();
  }
}
