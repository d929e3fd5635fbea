import type { RequestHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { RelayContext } from "./context.ts";
import { recordOwnAnswer } from "./ending-record.ts";
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
  endAtOnce(record, context);
}

/** Records a request that the codec has answered itself, as it should. */
export function recordCodecAnswer(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  { head, status, ordinal }: CodecAnswer,
): void {
  const record = openRecord(context, frontend, source, ordinal);
  record.method = head.method;
  record.path = head.path;
  record.authority = head.authority;
  recordOwnAnswer(record, context, status);
  endAtOnce(record, context);
}

export interface CodecAnswer {
  readonly head: RequestHead;
  readonly status: number;
  readonly ordinal: number;
}

function endAtOnce(record: ExchangeRecord, context: RelayContext): void {
  record.endMs = record.headMs;
  context.onBegin();
  context.onEnd(record);
}
