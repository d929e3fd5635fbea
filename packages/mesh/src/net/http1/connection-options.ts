import { latin1 } from "../latin1.ts";
import { CONNECTION, equalsName, NAMED, OTHER } from "./kinds.ts";
import { isBlank } from "./lists.ts";
import { FIELD_STRIDE, FIELDS_AT } from "./scan.ts";

/** What the Connection fields of a head say, as bits. */
export const SAYS_CLOSE = 1;
export const SAYS_KEEP_ALIVE = 2;
export const SAYS_UPGRADE = 8;
/** More options than anybody needs: each is looked for among all fields. */
export const SAYS_TOO_MUCH = 4;

const OPTIONS_MAX = 64;

/**
 * RFC 9110 §7.6.1: a Connection field must not name what is meant for all recipients, so a client cannot make us drop
 * what the next hop relies on: who asks, from where, and under which trace.
 */
const protectedNames: ReadonlySet<string> = new Set([
  ..."age authorization cache-control cookie date expires forwarded max-forwards origin".split(" "),
  ..."pragma range set-cookie traceparent tracestate baggage vary via warning".split(" "),
  ..."x-request-id b3 l5d-client-id".split(" "),
]);
const protectedPrefixes = ["x-forwarded-", "x-b3-", "x-heddle-", "content-", "x-envoy-", "if-"];

/** The octets and the offset table of a head. */
interface Named {
  readonly bytes: Buffer;
  readonly table: number[];
}

/** Reads all Connection fields of `head` and marks the fields they name as this hop's own. */
export function readConnectionOptions(head: Named): number {
  const { bytes, table } = head;
  let says = 0;
  let count = 0;
  for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
    if (table[at + 4] !== CONNECTION) continue;
    let start = table[at + 2]!;
    const valueEnd = table[at + 3]!;
    while (start < valueEnd) {
      let end = start;
      while (end < valueEnd && bytes[end] !== 0x2c) end++;
      if (++count > OPTIONS_MAX) return SAYS_TOO_MUCH;
      says |= readOption(head, start, end);
      start = end + 1;
    }
  }
  return says;
}

function readOption(head: Named, from: number, to: number): number {
  const { bytes } = head;
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start]!)) start++;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  if (start === end) return 0;
  if (equalsName(bytes, start, end, "keep-alive")) return SAYS_KEEP_ALIVE;
  if (equalsName(bytes, start, end, "close")) return SAYS_CLOSE;
  if (equalsName(bytes, start, end, "upgrade")) return SAYS_UPGRADE;
  markNamed(head, latin1(bytes, start, end).toLowerCase());
  return 0;
}

function markNamed(head: Named, name: string): void {
  if (protectedNames.has(name) || protectedPrefixes.some((prefix) => name.startsWith(prefix))) {
    return;
  }
  const { bytes, table } = head;
  for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
    // Known kinds are framing, Host or this hop's own already: no option can change what becomes of them.
    if (table[at + 4] === OTHER && equalsName(bytes, table[at]!, table[at + 1]!, name)) {
      table[at + 4] = NAMED;
    }
  }
}
