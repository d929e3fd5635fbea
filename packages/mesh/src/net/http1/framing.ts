import type { BodyLength } from "../codec.ts";
import { latin1 } from "../latin1.ts";
import {
  readConnectionOptions,
  SAYS_CLOSE,
  SAYS_TOO_MUCH,
  SAYS_UPGRADE,
} from "./connection-options.ts";
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  equalsName,
  HOST_FIELD,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from "./kinds.ts";
import { splitList } from "./lists.ts";
import { Http1ReplyHead } from "./reply-head.ts";
import { Http1RequestHead } from "./request-head.ts";
import { type Fault, FIELD_STRIDE, FIELDS_AT, type HeadScanner } from "./scan.ts";
import { isAuthority, parseAbsolute, type TargetForm } from "./target.ts";
import { readUpgrade } from "./upgrade.ts";

const CR = 0x0d;
const SP = 0x20;
const ASTERISK = 0x2a;
const SLASH = 0x2f;
const TRANSFER = 1 << TRANSFER_ENCODING;
const LENGTH = 1 << CONTENT_LENGTH;

/** How the body of a message is framed, and what else the codec must know of a reply. */
export interface ReplyShape {
  readonly head: Http1ReplyHead;
  readonly length: BodyLength;
  /** Does the server keep the connection after this reply? */
  readonly keepsAlive: boolean;
}

/** The request whose head `scanner` has read from `bytes` (a copy that becomes the head's own), or what is wrong. */
export function frameRequest(scanner: HeadScanner, bytes: Buffer): Http1RequestHead | Fault {
  const table = scanner.table.slice(0, scanner.tableLength);
  const { seen, repeated, minor } = scanner;

  const body = frameBody(bytes, table, scanner);
  if (typeof body === "object") return body;
  if ((repeated & (1 << HOST_FIELD)) !== 0) return bad("several Host fields");
  const hostAt = (seen & (1 << HOST_FIELD)) !== 0 ? find(table, HOST_FIELD) : -1;
  if (hostAt < 0 && minor === 1) return bad("no Host field");
  let authorityStart = hostAt < 0 ? 0 : table[hostAt + 2]!;
  let authorityEnd = hostAt < 0 ? 0 : table[hostAt + 3]!;
  // An empty Host is what a URI without authority asks for (RFC 9112 §3.2).
  if (authorityStart !== authorityEnd && !isAuthority(bytes, authorityStart, authorityEnd, false)) {
    return bad("malformed Host");
  }

  const isConnect = equalsMethod(bytes, table, "connect");
  const targetStart = table[2]!;
  const targetEnd = table[3]!;
  let targetForm: TargetForm = "origin";
  let pathStart = targetStart;
  if (isConnect) {
    if (!isAuthority(bytes, targetStart, targetEnd, true)) return bad("CONNECT without host:port");
    if ((seen & (TRANSFER | LENGTH)) !== 0) return bad("CONNECT with a body");
    targetForm = "authority";
    authorityStart = targetStart;
    authorityEnd = targetEnd;
  } else if (bytes[targetStart] !== SLASH) {
    if (targetEnd - targetStart === 1 && bytes[targetStart] === ASTERISK) {
      if (!equalsMethod(bytes, table, "options")) return bad("target * without OPTIONS");
      targetForm = "asterisk";
    } else {
      const target = parseAbsolute(bytes, targetStart, targetEnd);
      if (target === null) return bad("target in no form of RFC 9112 §3.2");
      targetForm = "absolute";
      authorityStart = target.authorityStart;
      authorityEnd = target.authorityEnd;
      pathStart = target.authorityEnd;
    }
  }

  const expectation = (seen & (1 << EXPECT)) !== 0 ? find(table, EXPECT) : -1;
  let expectsContinue = false;
  if (expectation >= 0) {
    const start = table[expectation + 2]!;
    const isKnown = equalsName(bytes, start, table[expectation + 3]!, "100-continue");
    if (!isKnown || (repeated & (1 << EXPECT)) !== 0) {
      return { reason: "bad-expectation", detail: "an expectation other than 100-continue" };
    }
    expectsContinue = minor === 1 && body !== 0;
  }

  // RFC 9110 §7.8: not in HTTP/1.0. Not with a body: its octets and the tunnel's would be told apart by nothing but our word.
  const says = (seen & (1 << CONNECTION)) !== 0 ? readConnectionOptions({ bytes, table }) : 0;
  if ((says & SAYS_TOO_MUCH) !== 0) return bad("too many connection options");
  let upgrade: string | null | undefined = null;
  const mayUpgrade = (seen & (1 << UPGRADE)) !== 0 && minor === 1 && body === 0 && !isConnect;
  if (mayUpgrade && (says & SAYS_UPGRADE) !== 0) {
    upgrade = readUpgrade(bytes, table);
    if (upgrade === undefined) return bad("malformed Upgrade");
  }

  const head = new Http1RequestHead(bytes, table, {
    minor,
    length: isConnect || upgrade !== null ? "tunnel" : body,
    targetForm,
    authorityStart,
    authorityEnd,
    pathStart,
    expectsContinue,
    upgrade,
    wantsTrailers: (seen & (1 << TE)) !== 0 && namesTrailers(bytes, table),
  });
  if ((says & SAYS_CLOSE) !== 0) head.closes = true;
  // RFC 9110 §10.1.1: an expectation is void in HTTP/1.0, and where there is no body to wait with.
  if (expectation >= 0 && !expectsContinue) head.remove("expect");
  return head;
}

/** The reply whose head `scanner` has read, to a request with `method`, or what is wrong. */
export function frameReply(
  scanner: HeadScanner,
  bytes: Buffer,
  method: string,
): ReplyShape | Fault {
  const table = scanner.table.slice(0, scanner.tableLength);
  const isTunnel = method === "CONNECT" && table[0]! >= 200 && table[0]! < 300;
  // RFC 9110 §9.3.6: whatever such a reply says of a body, it has none.
  const length = isTunnel ? 0 : frameBody(bytes, table, scanner);
  if (typeof length === "object") return length;
  const hasLength = (scanner.seen & LENGTH) !== 0 && typeof length === "number";
  const head = new Http1ReplyHead(bytes, table, scanner.minor, hasLength ? length : -1);
  const says = (scanner.seen & (1 << CONNECTION)) !== 0 ? readConnectionOptions(head) : 0;
  if ((says & SAYS_TOO_MUCH) !== 0) return bad("too many connection options");
  const keepsAlive = scanner.minor === 1 && (says & SAYS_CLOSE) === 0;
  const { status } = head;
  if (isTunnel) return { head, length: "tunnel", keepsAlive };
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { head, length: 0, keepsAlive };
  }
  if ((scanner.seen & (TRANSFER | LENGTH)) !== 0) return { head, length, keepsAlive };
  return { head, length: "until-close", keepsAlive: false };
}

/** RFC 9112 §6.3, without its leniencies. A request without either field has no body. */
function frameBody(
  bytes: Buffer,
  table: number[],
  scanner: HeadScanner,
): number | "chunked" | Fault {
  const framing = scanner.seen & (TRANSFER | LENGTH);
  if (framing === 0) return 0;
  if (framing === (TRANSFER | LENGTH)) return bad("Content-Length with Transfer-Encoding");
  if ((scanner.repeated & framing) !== 0) return bad("more than one field that frames the body");
  if (framing === LENGTH) {
    const at = find(table, CONTENT_LENGTH);
    const length = parseLength(bytes, table[at + 2]!, table[at + 3]!);
    return length < 0 ? bad("malformed Content-Length") : length;
  }
  if (scanner.minor === 0) return bad("Transfer-Encoding in HTTP/1.0");
  const entry = find(table, TRANSFER_ENCODING);
  const start = table[entry + 2]!;
  const end = table[entry + 3]!;
  // A tab behind it is white space to the grammar and part of an unknown coding to some servers.
  let at = end;
  while (bytes[at] === SP) at++;
  if (bytes[at] !== CR) return bad("tab behind Transfer-Encoding");
  if (equalsName(bytes, start, end, "chunked")) return "chunked";
  return refuseCoding(latin1(bytes, start, end).toLowerCase());
}

/** 1*DIGIT up to 2^53 - 1, without leading zeros (which some read as octal); -1 for all else. */
function parseLength(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > 16) return -1;
  if (bytes[start] === 0x30 && end - start > 1) return -1;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

const registeredCodings: ReadonlySet<string> = new Set(
  "chunked compress deflate gzip x-compress x-gzip identity".split(" "),
);

/** RFC 9112 §6.1 and §6.3: 400 where the end of the body cannot be known, 501 for codings we do not speak. */
function refuseCoding(value: string): Fault {
  const codings = splitList(value);
  const isList = codings.every((coding) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(coding));
  const isChunkedOnce = codings.indexOf("chunked") === codings.lastIndexOf("chunked");
  const isUnknown = codings.some((coding) => !registeredCodings.has(coding));
  if (isList && isChunkedOnce && (isUnknown || codings.at(-1) === "chunked")) {
    return { reason: "unsupported", detail: "a transfer coding other than chunked" };
  }
  return bad("malformed Transfer-Encoding, or one that does not end in chunked");
}

function namesTrailers(bytes: Buffer, table: number[]): boolean {
  for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
    if (table[at + 4] !== TE) continue;
    const value = latin1(bytes, table[at + 2]!, table[at + 3]!).toLowerCase();
    if (splitList(value).includes("trailers")) return true;
  }
  return false;
}

function equalsMethod(bytes: Buffer, table: number[], lowerName: string): boolean {
  return equalsName(bytes, table[0]!, table[1]!, lowerName);
}

function find(table: number[], kind: number): number {
  for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
    if (table[at + 4] === kind) return at;
  }
  return -1;
}

function bad(detail: string): Fault {
  return { reason: "bad-request", detail };
}
