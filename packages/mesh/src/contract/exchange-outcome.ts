import type { RecordedExchange } from "../history/exchange.ts";
import type { OperationDoc } from "../model/document.ts";
import { reasonRow } from "../model/reason.ts";
import type { Outcome, Value } from "./operation.ts";
import { readValue } from "./recorded-value.ts";

/**
 * What became of an operation, as the proxy that recorded this exchange can know. The reply of the process says it, by its
 * status. Where a proxy answered, or nobody, the reasons say whether a process may have seen the request.
 */
export function outcomeOf(exchange: RecordedExchange, operation: OperationDoc): Outcome {
  const { status, reason, origin, attempts } = exchange;
  const sent = attempts.filter(({ sentSeq }) => sentSeq > 0);
  const absent = { kind: "absent", status, reason: reason ?? "filter" } as const;
  if (sent.length === 0) return absent;
  if (origin === "app" && reason === null && status > 0) return answered(exchange, operation);
  const mayHaveBeenSeen = sent.some((attempt) => {
    const why = attempt.reason ?? reason;
    return why === null || !["no", "final"].includes(reasonRow(why).processed);
  });
  return mayHaveBeenSeen ? { kind: "unknown", detail: reason ?? `status ${status}` } : absent;
}

/** By the statuses of the definition. */
function answered({ status, operation: read }: RecordedExchange, operation: OperationDoc): Outcome {
  const { ok, refused, gives } = operation;
  if (refused.includes(status)) return { kind: "refused", status };
  if (!ok.includes(status)) return { kind: "unknown", detail: `status ${status}` };
  if (gives === null) return { kind: "ok", result: undefined };
  const body = read?.replyBody ?? { missing: "not-whole" };
  if ("missing" in body) return { kind: "unknown", detail: `an answer that is ${body.missing}` };
  // What is no value of the sort was answered all the same, and no model gives it: the checkers call it violated.
  const said: Value = "text" in body ? body.text : "";
  return { kind: "ok", result: readValue(body, gives) ?? said };
}
