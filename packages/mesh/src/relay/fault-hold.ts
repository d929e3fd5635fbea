import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { FaultStrike } from "../policy/fault.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { RelayContext } from "./context.ts";
import { heldBackBy } from "./ending-record.ts";

/** Whose request meets a fault. */
export interface FaultedOwner {
  /** It was held back for long enough. */
  onDelayOver(): void;
}

/** What one request meets on purpose. Made only where a fault strikes it. */
export class FaultHold implements DeadlineHandler {
  readonly strike: FaultStrike;
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

  /** Why the caller's connection is reset at this moment; null: it is not. */
  reset(when: "before" | "after"): string | null {
    const { name, reset } = this.strike;
    if (reset !== when) return null;
    const moment = when === "before" ? "before it was sent" : "after the process had answered";
    return `fault ${name}: reset ${moment}`;
  }

  onDeadline(): void {
    this.#owner.onDelayOver();
  }

  /** The request is over. */
  lift(): void {
    if (this.#delay !== null) this.#context.wheel.clear(this.#delay);
  }
}
