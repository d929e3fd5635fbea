import { reasonRow } from "../model/reason.ts";
import type { ExchangeRecord } from "./record.ts";

/**
 * `success`: answered below 500; of octets that are not read, carried until both sides had enough. `failure`: answered with 500 and above, or an answer that broke off or never came.
 * `cancelled`: the caller went away before there was an answer, so nothing is known (Linkerd counts it nowhere either).
 */
export type Outcome = "success" | "failure" | "cancelled";

/** What an exchange counts as. */
export function outcomeOf(record: ExchangeRecord): Outcome {
  const { status, reason, protocol } = record;
  if (reason === null && (protocol === "tcp" || protocol === "tls")) return "success";
  if (reason === "client-gone") return status === 0 ? "cancelled" : byStatus(status);
  if (status === 0 || (reason !== null && reasonRow(reason).status >= 500)) return "failure";
  return byStatus(status);
}

function byStatus(status: number): Outcome {
  return status >= 500 ? "failure" : "success";
}
