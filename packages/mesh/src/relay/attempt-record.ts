import type { RecordedAttempt } from "../history/exchange.ts";
import type { Reason } from "../model/reason.ts";
import { lastAttempt } from "../telemetry/last-attempt.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Target } from "../upstream/target.ts";
import type { Attempt } from "./attempt.ts";
import type { RelayContext } from "./context.ts";
import type { Hedge } from "./hedges.ts";

/**
 * Attempts before the last one that a record keeps, the first ones. More are possible only where a key's process refuses
 * again and again for 2 s; `attempts` counts those too.
 */
export const earlierAttemptsMax = 32;

/** An attempt at `target` begins. What the record told of the one before goes to `earlier`. */
export function recordAttempt(record: ExchangeRecord, target: Target): void {
  if (record.attempts > 0) setAside(record);
  const { endpoint } = target;
  record.endpointUid = endpoint.uid;
  record.endpointName = endpoint.workload;
  record.destinationAddress = endpoint.addressText;
  record.destinationId = endpoint.identity;
  if (endpoint.identity !== null) record.tls = true;
  record.attempts++;
}

/** The request's head goes out on the attempt's connection. */
export function recordSent(
  record: ExchangeRecord,
  context: RelayContext,
  { session, ordinal, startMs }: Attempt,
): void {
  record.connection = session.name;
  record.ordinal = ordinal;
  record.localAddress = session.localAddress;
  record.sentMs = startMs;
  record.sentSeq = context.nextPlace();
}

/** No octet of the request has left this process: it was not sent. */
export function recordUnsent(record: ExchangeRecord): void {
  record.sentMs = -1;
  record.sentSeq = 0;
}

/** A hedge was given up, or has failed, beside the attempt that the record tells of. */
export function recordHedge(record: ExchangeRecord, hedge: Hedge, reason: Reason): void {
  record.attempts++;
  keep(record, hedgeOf(hedge, reason));
}

/** A hedge is the attempt from now on; the one before goes to `earlier`. */
export function recordTakenOver(record: ExchangeRecord, hedge: Hedge): void {
  recordAttempt(record, hedge.target);
  const { connection, ordinal, own, sentMs, sentSeq } = hedgeOf(hedge, null);
  Object.assign(record, { connection, ordinal, localAddress: own, sentMs, sentSeq });
}

function setAside(record: ExchangeRecord): void {
  keep(record, lastAttempt(record)!);
  record.connection = null;
  record.ordinal = 0;
  record.localAddress = "";
  recordUnsent(record);
  record.replyMs = -1;
  record.replySeq = 0;
  record.attemptReason = null;
}

function keep(record: ExchangeRecord, attempt: RecordedAttempt): void {
  const before: readonly RecordedAttempt[] = record.earlier ?? [];
  if (before.length < earlierAttemptsMax) record.earlier = [...before, attempt];
}

function hedgeOf(
  { target, attempt, startMs, sentSeq }: Hedge,
  reason: Reason | null,
): RecordedAttempt {
  const { endpoint } = target;
  return {
    endpointUid: endpoint.uid,
    endpoint: endpoint.workload,
    target: endpoint.addressText,
    identity: endpoint.identity,
    connection: attempt?.session.name ?? null,
    ordinal: attempt?.ordinal ?? 0,
    own: attempt?.session.localAddress ?? "",
    sentMs: sentSeq === 0 ? -1 : startMs,
    sentSeq,
    replyMs: -1,
    replySeq: 0,
    reason,
  };
}
