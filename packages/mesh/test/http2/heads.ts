import { Gather } from "@heddle/mesh/net/gather.ts";
import type { HeadFault } from "@heddle/mesh/net/http2/head-fault.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHpackLimits } from "@heddle/mesh/net/http2/hpack/limits.ts";
import { type Asked, readReplyHead } from "@heddle/mesh/net/http2/read-reply.ts";
import { readRequestHead } from "@heddle/mesh/net/http2/read-request.ts";
import type { Http2ReplyHead } from "@heddle/mesh/net/http2/reply-head.ts";
import type { Http2RequestHead } from "@heddle/mesh/net/http2/request-head.ts";

/** Heads of HTTP/2 in short: "name value" per line; only the first blank divides. */

export const headLimits = { targetBytesMax: 16_384, methodBytesMax: 32 };

export function fieldOf(line: string): HpackField {
  const blank = line.indexOf(" ");
  return blank < 0
    ? new HpackField(line, "")
    : new HpackField(line.slice(0, blank), line.slice(blank + 1));
}

export const fieldsOf = (lines: readonly string[]): HpackField[] => lines.map(fieldOf);

/** What every request has: GET http://kvs/ */
export const get = [":method GET", ":scheme http", ":authority kvs", ":path /"];
export const post = [":method POST", ...get.slice(1)];
/** A WebSocket (RFC 8441). */
export const webSocket = [":method CONNECT", ":protocol websocket", ...get.slice(1)];

/** The head, or what is wrong with it. */
export function readRequest(lines: readonly string[], isEnd = true): Http2RequestHead | HeadFault {
  return readRequestHead(fieldsOf(lines), isEnd, headLimits);
}

export function goodRequest(lines: readonly string[], isEnd = true): Http2RequestHead {
  const head = readRequest(lines, isEnd);
  if ("reason" in head) throw new Error(head.detail);
  return head;
}

const asksGet: Asked = { method: "GET", isUpgrade: false };

export function readReply(
  lines: readonly string[],
  isEnd = true,
  asked: Asked = asksGet,
): Http2ReplyHead | HeadFault {
  return readReplyHead(fieldsOf(lines), isEnd, asked);
}

export function goodReply(lines: readonly string[], isEnd = true, asked = asksGet): Http2ReplyHead {
  const head = readReply(lines, isEnd, asked);
  if ("reason" in head) throw new Error(head.detail);
  return head;
}

/** The lines of a head: its fields in order. */
export function linesOf(head: {
  each(visit: (name: string, value: string) => void): void;
}): string[] {
  const lines: string[] = [];
  head.each((name, value) => lines.push(`${name} ${value}`.trimEnd()));
  return lines;
}

/** What `append` appends, decoded: fields of one section, those that are never indexed with a `!`. */
export function appended(append: (encoder: HpackEncoder, out: Gather) => void): string[] {
  const out = new Gather(16);
  append(new HpackEncoder(), out);
  const fields: HpackField[] = [];
  const decoder = new HpackDecoder(defaultHpackLimits);
  const fault = decoder.decode(out.bytes, 0, out.length, fields);
  if (fault !== null) throw new Error(fault.detail);
  return fields.map(({ name, value, isSensitive }) =>
    `${isSensitive ? "!" : ""}${name} ${value}`.trimEnd(),
  );
}
