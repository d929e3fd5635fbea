import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { frameReply, frameRequest } from "@heddle/mesh/net/http1/framing.ts";
import { HeadReader } from "@heddle/mesh/net/http1/head-reader.ts";
import { EXPECT, OTHER } from "@heddle/mesh/net/http1/kinds.ts";
import { Http1ReplyHead } from "@heddle/mesh/net/http1/reply-head.ts";
import { Http1RequestHead } from "@heddle/mesh/net/http1/request-head.ts";
import { appendReplyHead, appendRequestHead } from "@heddle/mesh/net/http1/serialise.ts";
import type { OurMessage } from "./http1-ours.ts";

const context = new Http1Context({ clock: new VirtualClock() });
const owner = { flush() {} };

/** What is wrong with the head of `message` written for the next hop and read again, or null. */
export function checkAgain(message: OurMessage, method: string): string | null {
  const first = write(message, method);
  const again = read(first, message, method);
  if (typeof again === "string") return `${again}: ${JSON.stringify(first)}`;
  const before = describe(message);
  const after = describe(again);
  if (before !== after) return `reads ${after} instead of ${before}`;
  const second = write(again, method);
  return first === second ? null : `is ${JSON.stringify(second)} the second time`;
}

function write({ head, length }: OurMessage, method: string): string {
  const { gather } = context;
  gather.take(owner);
  if (head instanceof Http1RequestHead) appendRequestHead(gather, head, length, context.via);
  else if (head instanceof Http1ReplyHead) {
    const { status } = head;
    const isBodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
    const hasNoFraming = isBodiless || length === "tunnel";
    const framing = hasNoFraming ? "none" : length === "until-close" ? "chunked" : length;
    const keeps = method === "HEAD" || status === 304;
    appendReplyHead(gather, head, { framing, lengthField: keeps ? "keep" : "drop", closes: false });
  }
  const text = gather.bytes.toString("latin1", 0, gather.length);
  gather.release(owner);
  return text;
}

function read(text: string, message: OurMessage, method: string): OurMessage | string {
  const bytes = Buffer.from(text, "latin1");
  const isRequest = message.head instanceof Http1RequestHead;
  const reader = new HeadReader(isRequest ? "request" : "reply", context.limits, null);
  if (reader.read(bytes, 0, bytes.length) !== bytes.length) return "is not read to its end";
  const copy = reader.copyHead();
  if (isRequest) {
    const head = frameRequest(reader.scanner, copy);
    if (!(head instanceof Http1RequestHead)) return `is refused (${head.detail})`;
    return { ...message, head, length: head.shape.length };
  }
  const shape = frameReply(reader.scanner, copy, method);
  return "head" in shape ? { ...message, head: shape.head, length: shape.length } : "is refused";
}

/** All that must survive the next hop. */
function describe({ head, length }: OurMessage): string {
  const parts: string[] = [`length ${length === "until-close" ? "chunked" : length}`];
  if (head instanceof Http1RequestHead) parts.push(head.method, head.path, head.authority);
  if (head instanceof Http1ReplyHead) parts.push(String(head.status));
  const { bytes, table, edits } = head;
  for (let at = 5; at < table.length; at += 5) {
    const kind = table[at + 4]!;
    if (kind !== OTHER && kind !== EXPECT) continue;
    if (edits?.[(at - 5) / 5] === null) continue;
    const name = bytes.toString("latin1", table[at], table[at + 1]);
    parts.push(`${name}: ${bytes.toString("latin1", table[at + 2], table[at + 3])}`);
  }
  return JSON.stringify(parts);
}
