import type { Outcome } from "@heddle/mesh/contract/operation.ts";
import { readValue } from "@heddle/mesh/contract/recorded-value.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";
import { type Reason, reasonRow, reasonSaid } from "@heddle/mesh/model/reason.ts";
import type { CallReply } from "@heddle/mesh/net/http1/caller.ts";

/**
 * What became of an operation, as far as its caller can know. A proxy says in an answer of its own why it made it; from
 * the reason follows whether the process may have seen the request. An application could say so too: what the mesh
 * recorded overrules this (`join.ts`).
 */
export function outcomeOf(operation: OperationDoc, reply: CallReply): Outcome {
  const { failure, status, body, head } = reply;
  if (failure !== null) {
    return failure.sent
      ? { kind: "unknown", detail: failure.detail }
      : { kind: "absent", status: 0, reason: failure.detail };
  }
  const reason = head === null ? null : reasonSaid(head);
  if (reason !== null) return proxyOutcome(status, reason);
  if (operation.refused.includes(status)) return { kind: "refused", status };
  if (!operation.ok.includes(status)) return { kind: "unknown", detail: `status ${status}` };
  if (operation.gives === null) return { kind: "ok", result: undefined };
  // What is no value of the sort was answered all the same, and no model gives it.
  return { kind: "ok", result: readValue({ text: body }, operation.gives) ?? body };
}

/** Of an answer that a proxy made. */
export function proxyOutcome(status: number, reason: Reason): Outcome {
  const { processed } = reasonRow(reason);
  return processed === "no" || processed === "final"
    ? { kind: "absent", status, reason }
    : { kind: "unknown", detail: reason };
}
