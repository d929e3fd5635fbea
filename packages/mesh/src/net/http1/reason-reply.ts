import { type Reason, reasonField, reasonRow } from "../../model/reason.ts";
import { PlainReplyHead } from "../plain-head.ts";

/** A reply that the proxy makes itself, and its body. */
export interface ReasonReply {
  readonly head: PlainReplyHead;
  readonly body: Buffer;
}

/** The reply for `reason`: its status, `x-heddle-reason`, and a line of text that says what was wrong. */
export function reasonReply(reason: Reason, detail: string, wallMs: number): ReasonReply {
  const body = Buffer.from(`${reason}: ${detail}\n`, "utf8");
  const head = new PlainReplyHead(reasonRow(reason).status, [
    ["date", new Date(wallMs).toUTCString()],
    ["content-type", "text/plain; charset=utf-8"],
    [reasonField, reason],
  ]);
  return { head, body };
}
