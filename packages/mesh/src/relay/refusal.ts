import { type Reason, reasonRow } from "../model/reason.ts";
import { ExchangeRecord } from "../telemetry/record.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, Source } from "./frontend.ts";

/** Records a request whose head was not understood: the codec has answered it, nothing else was decided. */
export function recordRefusal(
  context: RelayContext,
  frontend: Frontend,
  source: Source,
  reason: Reason,
  detail: string,
): void {
  const nowMs = context.clock.monotonicMs();
  const record = new ExchangeRecord(context.nextId(), frontend.direction, nowMs);
  record.service = frontend.service;
  record.servicePort = frontend.port;
  record.sourceAddress = source.address;
  record.sourceId = source.identity;
  record.tls = source.isTls;
  record.reason = reason;
  record.detail = detail;
  record.origin = "proxy";
  record.status = reasonRow(reason).status;
  record.headMs = nowMs;
  record.endMs = nowMs;
  context.onBegin();
  context.onEnd(record);
}
