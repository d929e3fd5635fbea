import type { RequestHead } from "../../model/head.ts";
import type { RequestSink, ServerStream } from "../codec.ts";
import { PlainReplyHead } from "../plain-head.ts";

/** With which such a request is answered. */
export const maxForwardsStatus = 200;

/**
 * RFC 9110 §7.6.2: an OPTIONS that may be forwarded no further is answered here; one that may has its count lowered.
 * True if the request was answered.
 */
export function answerMaxForwards(
  stream: ServerStream & { sink: RequestSink | null },
  head: RequestHead,
): boolean {
  if (head.method !== "OPTIONS") return false;
  const value = head.get("max-forwards");
  if (value === null || !/^[0-9]{1,9}$/.test(value)) return false;
  const count = Number(value);
  if (count > 0) {
    head.set("max-forwards", String(count - 1));
    return false;
  }
  stream.sink = ignored;
  stream.sendHead(new PlainReplyHead(maxForwardsStatus), 0);
  stream.sendEnd(null);
  return true;
}

const ignored: RequestSink = {
  onRequestBody() {},
  onRequestEnd() {},
  onRequestFailed() {},
  onWritable() {},
};
