import { isGrpcFailure } from "../model/grpc.ts";
import { isOctets } from "./outcome.ts";
import type { ExchangeRecord } from "./record.ts";

/** From so long to the reply's head on, in ms, an exchange counts as slow. */
export const slowMs = 1000;

/** Is it one of those that are looked for: failed, or slow? They are kept before the others. */
export function isNotable(record: ExchangeRecord): boolean {
  if (record.reason !== null || record.status >= 500 || isGrpcFailure(record.grpcStatus))
    return true;
  if (isOctets(record)) return false; // connections last
  const untilMs = record.headMs < 0 ? record.endMs : record.headMs;
  return untilMs - record.startMs >= slowMs;
}
