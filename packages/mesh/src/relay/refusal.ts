import { type Reason, reasonRow } from "../model/reason.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, Source } from "./frontend.ts";
import { openRecord } from "./open-record.ts";

/** Records a request whose head was not understood: the codec has answered it, nothing else was decided. */
export function recordRefusal(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  reason: Reason,
  detail: string,
): void {
  const record = openRecord(context, frontend, source);
  record.reason = reason;
  record.detail = detail;
  record.origin = "proxy";
  record.status = reasonRow(reason).status;
  record.headMs = record.startMs;
  record.endMs = record.startMs;
  context.onBegin();
  context.onEnd(record);
}
