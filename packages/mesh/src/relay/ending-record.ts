import type { Reason } from "../model/reason.ts";
import type { FaultStrike } from "../policy/fault.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { RelayContext } from "./context.ts";

/** A reply's head goes to the client, or has gone. */
export function recordAnswer(
  record: ExchangeRecord,
  context: RelayContext,
  status: number,
  nowMs: number,
): void {
  record.status = status;
  record.headMs = nowMs;
  if (record.receivedSeq > 0) record.answeredSeq = context.nextPlace(); // else it is a copy, and nobody is answered
}

/** The same of one that this proxy made. */
export function recordOwnAnswer(
  record: ExchangeRecord,
  context: RelayContext,
  status: number,
): void {
  record.origin = "proxy";
  recordAnswer(record, context, status, context.clock.monotonicMs());
}

/** @param fault what the request met on purpose: who reads of a failure later is told of the delay before it */
export function recordFailure(
  record: ExchangeRecord,
  fault: FaultStrike | null,
  reason: Reason,
  detail: string,
): void {
  const isHeldBack = fault !== null && fault.delayMs > 0;
  record.reason = reason;
  record.detail = isHeldBack ? `${heldBackBy(fault)}; ${detail}` : detail;
}

export function heldBackBy({ name, delayMs }: FaultStrike): string {
  return `fault ${name}: held back ${delayMs} ms`;
}
