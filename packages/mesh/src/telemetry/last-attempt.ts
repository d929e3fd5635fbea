import type { RecordedAttempt } from "../history/exchange.ts";
import type { ExchangeRecord } from "./record.ts";

/** The attempt that the record itself tells of, the last one; null: there was none. Those before are `earlier`. */
export function lastAttempt(record: ExchangeRecord): RecordedAttempt | null {
  if (record.attempts === 0) return null;
  return {
    endpointUid: record.endpointUid ?? "",
    endpoint: record.endpointName ?? "",
    target: record.destinationAddress,
    identity: record.destinationId,
    connection: record.connection,
    ordinal: record.ordinal,
    own: record.localAddress,
    sentMs: record.sentMs,
    sentSeq: record.sentSeq,
    replyMs: record.replyMs,
    replySeq: record.replySeq,
    reason: record.attemptReason,
  };
}
