import { type Reason, reasonRow } from "../model/reason.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, Source } from "./frontend.ts";
import { openRecord } from "./open-record.ts";

/** A request whose head was not understood. */
export interface Refusal {
  readonly reason: Reason;
  readonly detail: string;
  /** Which exchange of its connection it would have been, from 1. */
  readonly ordinal: number;
  /** Has the codec answered it? Else the connection was reset. */
  readonly isAnswered: boolean;
}

/** Records a request whose head was not understood; nothing else was decided about it. */
export function recordRefusal(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  { reason, detail, ordinal, isAnswered }: Refusal,
): void {
  const record = openRecord(context, frontend, source, ordinal);
  if (isAnswered) record.answeredSeq = context.nextPlace();
  record.reason = reason;
  record.detail = detail;
  record.origin = "proxy";
  record.status = reasonRow(reason).status;
  record.headMs = record.startMs;
  record.endMs = record.startMs;
  context.onBegin();
  context.onEnd(record);
}
