import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Frontend } from "./frontend.ts";

/** Tells the admission that took a request in that it has left. */
export function tellAdmission({ admission }: Frontend, record: ExchangeRecord): void {
  const { startMs, headMs, endMs, reason } = record;
  admission?.onEnd((headMs < 0 ? endMs : headMs) - startMs, reason);
}
