import type { Reason } from "../model/reason.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import { type Backend, type EndpointWaiter, slotWaitMs } from "../upstream/backend.ts";

/** What one exchange waits for an endpoint with. */
export interface QueuePlace {
  /** The request's slot, or -1. */
  readonly slot: number;
  /** The slot's owner is there and has just refused the request. */
  readonly isRetry: boolean;
  /** There are endpoints, and all said that the request is not theirs: documents are on their way. */
  readonly isPause: boolean;
}

/** How long one exchange has waited, for documents or for an endpoint. Made where it does first. */
export class QueueWait {
  readonly #record: ExchangeRecord;
  #sinceMs = -1;
  /** Where it waits for a slot's owner: until then, however often. */
  #untilMs = -1;

  constructor(record: ExchangeRecord) {
    this.#record = record;
  }

  /** It waits from now on, if it did not before. */
  begin(nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
  }

  /** Waits for an endpoint of `backend`; the reason why it must not, or null. */
  enter(
    backend: Backend,
    waiter: EndpointWaiter,
    { slot, isRetry, isPause }: QueuePlace,
    nowMs: number,
  ): Reason | null {
    if (this.#untilMs < 0) this.#untilMs = nowMs + slotWaitMs;
    this.begin(nowMs);
    const reason = backend.wait(waiter, { slot, untilMs: this.#untilMs, isRetry, isPause });
    if (reason !== null) this.stop(nowMs);
    return reason;
  }

  /** It waits no longer; that it did is in the record. */
  stop(nowMs: number): void {
    if (this.#sinceMs < 0) return;
    this.#record.queueMs += nowMs - this.#sinceMs;
    this.#sinceMs = -1;
  }
}
