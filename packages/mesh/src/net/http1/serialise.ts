import { assert } from "../../base/assert.ts";
import type { Fields, ReplyHead, RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import type { Gather } from "../gather.ts";
import { latin1 } from "../latin1.ts";
import { Http1Fields } from "./fields.ts";
import { CONTENT_LENGTH, FIRST_OF_HOP, HOST_FIELD, kindOfName, OTHER } from "./kinds.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import { Http1ReplyHead } from "./reply-head.ts";
import { Http1RequestHead } from "./request-head.ts";
import { FIELD_STRIDE, FIELDS_AT } from "./scan.ts";

/** What frames a body on this hop: its length, `chunked`, or nothing (`none`: no body, or one that ends with the connection). */
export type Framing = number | "chunked" | "none";

/** What becomes of a Content-Length that the head holds. */
type LengthField = "keep" | "drop";

/**
 * Room for what a codec adds: start line, framing, connection and via. Text added by edits comes on top.
 */
const OWN_BYTES_MAX = 256;

/** Appends a request head for the next hop: origin-form, this hop's own version, framing and connection fields. */
export function appendRequestHead(
  out: Gather,
  head: RequestHead,
  length: BodyLength,
  via: string | null,
): void {
  const framing: Framing =
    length === "until-close" ? "chunked" : length === "tunnel" ? "none" : length;
  let hasHost = false;
  let keepsLength = false;
  if (head instanceof Http1RequestHead) {
    const { shape, table } = head;
    keepsLength = framing !== "chunked" && shape.length === framing && head.edits === null;
    const isHostKept = !head.isAuthorityEdited && shape.targetForm !== "absolute";
    const isLineKept =
      shape.minor === 1 &&
      !head.isMethodEdited &&
      !head.isPathEdited &&
      shape.targetForm !== "absolute";
    if (!isLineKept) appendRequestLine(out, head);
    hasHost = appendFields(out, head, {
      from: isLineKept ? table[0]! : table[4]!,
      lengthField: keepsLength ? "keep" : "drop",
      host: isHostKept ? null : head.authority,
    });
  } else {
    appendRequestLine(out, head);
    // RFC 9110 §7.2: best in front of all others.
    appendField(out, "host", head.authority);
    hasHost = true;
    appendPlainFields(out, head, "drop");
  }
  if (!hasHost) appendField(out, "host", head.authority);
  if (via !== null && !endsWithVia(head, via)) appendField(out, "via", via);
  if (
    !keepsLength &&
    framing !== "none" &&
    (framing !== 0 || head.get("content-length") !== null || saysNoBody(head))
  ) {
    appendFraming(out, framing);
  }
  if (length === "tunnel") {
    if (head.upgrade !== null) appendUpgrade(out, head.upgrade);
  } else if (wantsTrailers(head)) {
    out.appendText("te: trailers\r\nconnection: te\r\n");
  }
  out.appendText("\r\n");
}

/** Of HTTP/1 the head's shape says it: Connection may name TE. */
function wantsTrailers(head: RequestHead): boolean {
  if (head instanceof Http1RequestHead) return head.shape.wantsTrailers;
  return head.get("te")?.toLowerCase() === "trailers";
}

/**
 * HTTP/2 tells that there is no body by the stream's end. RFC 9110 §8.6 wants it said where a method usually has one: some servers
 * answer 411 otherwise.
 */
function saysNoBody(head: RequestHead): boolean {
  if (head instanceof Http1RequestHead) return false;
  return head.method === "POST" || head.method === "PUT" || head.method === "PATCH";
}

export interface ReplyHeadOptions {
  /** The framing of the body that follows. */
  readonly framing: Framing;
  /** Replies without a body by rule (HEAD, 304) keep the Content-Length they came with. */
  readonly lengthField: LengthField;
  /** Say `connection: close`. */
  readonly closes: boolean;
  /** What the connection is handed over to, with 101. Default nothing. */
  readonly upgrade?: string | null;
}

/** Appends a reply head, final or interim. */
export function appendReplyHead(out: Gather, head: ReplyHead, options: ReplyHeadOptions): void {
  let { framing, lengthField } = options;
  if (head instanceof Http1ReplyHead) {
    const { table } = head;
    // A server may have left out the space before an empty reason; then the line is made anew.
    const isLineKept = head.minor === 1 && !head.isStatusEdited && table[2]! > 12;
    if (!isLineKept) appendStatusLine(out, head.status, reasonOf(head));
    if (head.edits === null && head.contentLength === framing) {
      framing = "none";
      lengthField = "keep";
    }
    const from = isLineKept ? 0 : table[4]!;
    appendFields(out, head, { from, lengthField, host: null });
  } else {
    appendStatusLine(out, head.status, reasonPhrase(head.status));
    appendPlainFields(out, head, lengthField);
  }
  appendFraming(out, framing);
  if (options.upgrade) appendUpgrade(out, options.upgrade);
  out.appendText(options.closes ? "connection: close\r\n\r\n" : "\r\n");
}

function appendUpgrade(out: Gather, upgrade: string): void {
  appendField(out, "connection", "upgrade");
  appendField(out, "upgrade", upgrade);
}

/** An upper bound of the octets that a head takes. */
export function headBytesBound(head: Fields): number {
  if (head instanceof Http1Fields && head.edits === null && head.added === null) {
    const line = head instanceof Http1RequestHead && isTextEdited(head) ? lineBytes(head) : 0;
    return head.bytes.length + OWN_BYTES_MAX + line;
  }
  let count = OWN_BYTES_MAX;
  head.each((name, value) => {
    count += name.length + value.length + 4;
  });
  if ("path" in head) {
    const { upgrade } = head as RequestHead;
    count += lineBytes(head as RequestHead) + (upgrade === null ? 0 : upgrade.length);
  } else if (head instanceof Http1Fields) count += head.table[4]!;
  return count;
}

/** Appends trailer fields. */
export function appendTrailers(out: Gather, trailers: Fields): void {
  trailers.each((name, value) => appendField(out, name, value));
}

interface FieldOptions {
  /** The first octet to forward. */
  readonly from: number;
  readonly lengthField: LengthField;
  /** What Host becomes; null leaves it. */
  readonly host: string | null;
}

/**
 * Forwards the octets of the fields as they came, in runs as long as nothing is left out, replaced or added.
 * True if there was a Host.
 */
function appendFields(out: Gather, head: Http1Fields, options: FieldOptions): boolean {
  const { bytes, table, edits } = head;
  let hasHost = false;
  let runStart = options.from;
  const last = table.length;
  for (let at = FIELDS_AT, index = 0; at < last; at += FIELD_STRIDE, index++) {
    const kind = table[at + 4]!;
    if (kind === OTHER && edits === null) continue;
    const lineStart = table[at]!;
    const lineEnd = at + FIELD_STRIDE < last ? table[at + FIELD_STRIDE]! : bytes.length - 2;
    let value: string | null | undefined = edits === null ? undefined : edits[index];
    if (kind === HOST_FIELD) {
      if (options.host !== null) value = options.host;
      hasHost ||= value !== null;
    } else if (kind >= FIRST_OF_HOP) value = null;
    else if (kind === CONTENT_LENGTH && options.lengthField === "drop") value = null;
    if (value === undefined) continue;
    if (lineStart > runStart) out.append(bytes, runStart, lineStart);
    if (value !== null) {
      out.append(bytes, lineStart, table[at + 1]!);
      appendValue(out, value);
    }
    runStart = lineEnd;
  }
  if (bytes.length - 2 > runStart) out.append(bytes, runStart, bytes.length - 2);
  const { added } = head;
  if (added !== null) {
    for (let index = 0; index < added.length; index += 2) {
      if (isForwarded(added[index]!, options.lengthField)) {
        appendField(out, added[index]!, added[index + 1]!);
      }
    }
  }
  return hasHost;
}

function appendPlainFields(out: Gather, head: Fields, lengthField: LengthField): void {
  head.each((name, value) => {
    if (isForwarded(name, lengthField)) appendField(out, name, value);
  });
}

function isForwarded(name: string, lengthField: LengthField): boolean {
  const kind = kindOfName(name);
  if (kind === CONTENT_LENGTH) return lengthField === "keep";
  return kind < FIRST_OF_HOP && kind !== HOST_FIELD;
}

function appendRequestLine(out: Gather, head: RequestHead): void {
  const { method } = head;
  const target = method === "CONNECT" ? head.authority : head.path;
  assert(isVisible(method) && isVisible(target), "an edited request line stays one line");
  out.appendText(method);
  out.appendText(" ");
  out.appendText(target);
  out.appendText(" HTTP/1.1\r\n");
}

function appendStatusLine(out: Gather, status: number, reason: string): void {
  out.appendText("HTTP/1.1 ");
  out.appendText(String(status));
  out.appendText(" ");
  out.appendText(reason);
  out.appendText("\r\n");
}

function appendFraming(out: Gather, framing: Framing): void {
  if (framing === "none") return;
  if (framing === "chunked") out.appendText("transfer-encoding: chunked\r\n");
  else appendField(out, "content-length", String(framing));
}

function appendField(out: Gather, name: string, value: string): void {
  assert(isVisible(name), "a field name is a token");
  out.appendText(name);
  appendValue(out, value);
}

function appendValue(out: Gather, value: string): void {
  assert(isText(value), "a field value is one line");
  out.appendText(": ");
  out.appendText(value);
  out.appendText("\r\n");
}

function reasonOf(head: Http1ReplyHead): string {
  if (head.isStatusEdited) return reasonPhrase(head.status);
  return latin1(head.bytes, head.table[2]!, head.table[3]!);
}

function endsWithVia(head: Fields, via: string): boolean {
  let value: string | null = null;
  if (head.get("via") === null) return false;
  head.each((name, each) => {
    if (name === "via") value = each;
  });
  const text = value as string | null;
  return text !== null && text.slice(text.lastIndexOf(",") + 1).trim() === via;
}

function isTextEdited(head: Http1RequestHead): boolean {
  return (
    head.isMethodEdited ||
    head.isPathEdited ||
    head.isAuthorityEdited ||
    head.shape.targetForm === "absolute"
  );
}

function lineBytes(head: RequestHead): number {
  return head.method.length + head.path.length + 2 * head.authority.length;
}

/** One line of visible latin1, without spaces: what a request line and a name may hold. */
function isVisible(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code > 0xff || code === 0x7f) return false;
  }
  return text.length > 0;
}

function isText(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code > 0xff || code === 0x7f) return false;
  }
  return true;
}
