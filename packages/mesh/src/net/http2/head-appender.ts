import { assert } from "../../base/assert.ts";
import type { Fields, ReplyHead, RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import type { Gather } from "../gather.ts";
import { Http1Fields } from "../http1/fields.ts";
import {
  CONTENT_LENGTH as H1_CONTENT_LENGTH,
  FIRST_OF_HOP as H1_FIRST_OF_HOP,
  HOST_FIELD as H1_HOST,
  OTHER as H1_OTHER,
  VIA as H1_VIA,
  kindOfName,
} from "../http1/kinds.ts";
import { Http1RequestHead } from "../http1/request-head.ts";
import { FIELD_STRIDE, FIELDS_AT } from "../http1/scan.ts";
import { latin1 } from "../latin1.ts";
import {
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  DROPPED,
  FIRST_MALFORMED,
  kindOfField,
  VIA,
} from "./field-kinds.ts";
import { Http2Fields } from "./fields.ts";
import type { HpackEncoder } from "./hpack/encoder.ts";
import { HpackField } from "./hpack/field.ts";
import { TextCache } from "./hpack/text-cache.ts";
import { Http2ReplyHead } from "./reply-head.ts";
import { Http2RequestHead } from "./request-head.ts";

/** RFC 8441 §5: what the handshake of HTTP/1.1 needs and an extended CONNECT does not. */
const handshakeNames: ReadonlySet<string> = new Set(["sec-websocket-key", "sec-websocket-accept"]);

const connect = new HpackField(":method", "CONNECT");
const plainScheme = new HpackField(":scheme", "http");
const securedScheme = new HpackField(":scheme", "https");
const teTrailers = repeated("te", "trailers");
const noBody = repeated("content-length", "0");

/**
 * Appends heads of any kind as field sections of HTTP/2: pseudo-header fields first, then the fields in order without those
 * of one hop, with this hop's own. Each call is one block, to be sent whatever becomes of the stream.
 */
export class HeadAppender {
  readonly #via: HpackField | null;
  readonly #texts = new TextCache();

  /** @param via what forwarded requests add as Via (RFC 9110 §7.6.3); null adds none */
  constructor(via: string | null) {
    this.#via = via === null ? null : repeated("via", via);
  }

  /** Appends a request head. An upgrade becomes an extended CONNECT (RFC 8441). */
  request(encoder: HpackEncoder, out: Gather, head: RequestHead, length: BodyLength): void {
    encoder.begin(out);
    const isOurs = head instanceof Http2RequestHead;
    const isExtended = head.upgrade !== null;
    const { method, authority, path } = head;
    assert(!isExtended || method === "GET", "an extended CONNECT stands for GET");
    if (isExtended) encoder.field(out, connect);
    else if (isOurs) appendOwn(encoder, out, head.methodField);
    else this.#pair(encoder, out, ":method", method);
    if (isExtended) this.#pair(encoder, out, ":protocol", firstOf(head.upgrade!));
    if (isExtended || method !== "CONNECT") {
      if (isOurs && head.schemeField !== null) appendOwn(encoder, out, head.schemeField);
      else encoder.field(out, isHttps(head) ? securedScheme : plainScheme);
      if (isOurs && head.pathField !== null) appendOwn(encoder, out, head.pathField);
      else this.#pair(encoder, out, ":path", path);
    }
    if (isOurs) appendOwn(encoder, out, head.authorityField);
    else if (authority !== "") this.#pair(encoder, out, ":authority", authority);

    const hasLength = this.#fields(encoder, out, head, {
      length: typeof length === "number" ? length : -1,
      isExtended,
      addsVia: this.#via !== null,
    });
    if (!hasLength && typeof length === "number" && length > 0) {
      this.#pair(encoder, out, "content-length", String(length));
    }
    if (head instanceof Http1RequestHead && head.shape.wantsTrailers) {
      encoder.field(out, teTrailers);
    }
  }

  /**
   * Appends a reply head, final or interim. 101 becomes 200, as the answer to an extended CONNECT. `length` is what the head says of its
   * body: a number, or null where it is to say nothing; `"kept"` leaves the Content-Length it came with (HEAD, 304).
   */
  reply(encoder: HpackEncoder, out: Gather, head: ReplyHead, length: number | null | "kept"): void {
    encoder.begin(out);
    const { status } = head;
    if (status === 101) this.#pair(encoder, out, ":status", "200");
    else if (head instanceof Http2ReplyHead) appendOwn(encoder, out, head.statusField);
    else this.#pair(encoder, out, ":status", String(status));
    // RFC 9110 §8.6: not in these, whatever they came with.
    const isLengthless = status < 200 || status === 204;
    const hasLength = this.#fields(encoder, out, head, {
      length: length === null || isLengthless ? -1 : length === "kept" ? null : length,
      isExtended: status === 101,
      addsVia: false,
    });
    if (hasLength || typeof length !== "number" || isLengthless) return;
    if (length === 0) encoder.field(out, noBody);
    else this.#pair(encoder, out, "content-length", String(length));
  }

  /** Appends trailer fields. */
  trailers(encoder: HpackEncoder, out: Gather, trailers: Fields): void {
    encoder.begin(out);
    this.#fields(encoder, out, trailers, { length: -1, isExtended: false, addsVia: false });
  }

  /** True if there was a Content-Length and it was appended. */
  #fields(encoder: HpackEncoder, out: Gather, head: Fields, options: FieldOptions): boolean {
    if (head instanceof Http2Fields) return this.#ownFields(encoder, out, head, options);
    let hasLength = false;
    let lastVia: string | null = null;
    const visit = (kind: number, name: string, value: string): void => {
      if (kind >= H1_FIRST_OF_HOP || kind === H1_HOST) return;
      if (kind === H1_CONTENT_LENGTH) {
        if (hasLength || !isLengthKept(value, options.length)) return;
        hasLength = true;
      } else if (kind === H1_VIA) lastVia = value;
      else if (options.isExtended && handshakeNames.has(name)) return;
      this.#pair(encoder, out, name, value);
    };
    if (head instanceof Http1Fields) eachHttp1(head, visit);
    else head.each((name, value) => visit(kindOfName(name), name, value));
    if (options.addsVia) this.#appendVia(encoder, out, lastVia);
    return hasLength;
  }

  #ownFields(
    encoder: HpackEncoder,
    out: Gather,
    head: Http2Fields,
    options: FieldOptions,
  ): boolean {
    const { fields } = head;
    let hasLength = false;
    let lastVia: string | null = null;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!;
      const kind = kindOfField(field);
      if (kind >= DROPPED) {
        // Nothing of the kind came in: a filter has put it there.
        assert(kind === DROPPED || kind === CONNECTION_SPECIFIC, "a field of ours is well-formed");
        continue;
      }
      if (kind === CONTENT_LENGTH) {
        if (hasLength || !isLengthKept(field.value, options.length)) continue;
        hasLength = true;
      } else if (kind === VIA) lastVia = field.value;
      else if (options.isExtended && handshakeNames.has(field.name)) continue;
      encoder.field(out, field);
    }
    if (options.addsVia) this.#appendVia(encoder, out, lastVia);
    return hasLength;
  }

  #pair(encoder: HpackEncoder, out: Gather, name: string, value: string): void {
    appendOwn(encoder, out, this.#texts.field(name, value));
  }

  /** Once for all proxies of ours in a row. */
  #appendVia(encoder: HpackEncoder, out: Gather, last: string | null): void {
    const via = this.#via!;
    if (last !== null && last.slice(last.lastIndexOf(",") + 1).trim() === via.value) return;
    encoder.field(out, via);
  }
}

/** Appends a field that the proxy or a filter may have made: what it must not hold is our bug. */
function appendOwn(encoder: HpackEncoder, out: Gather, field: HpackField): void {
  assert(
    kindOfField(field) < FIRST_MALFORMED || isRewrittenPath(field),
    "a field of ours is well-formed",
  );
  encoder.field(out, field);
}

/** A rewrite may put into a path what we take from no client, such as `<`. */
function isRewrittenPath({ name, value }: HpackField): boolean {
  return name === ":path" && /^\/[\x21\x22\x24-\x7e]*$/.test(value);
}

function repeated(name: string, value: string): HpackField {
  const field = new HpackField(name, value);
  field.isRepeated = true;
  return field;
}

interface FieldOptions {
  /** The only Content-Length that is kept; -1 keeps none, null any. */
  readonly length: number | null;
  readonly isExtended: boolean;
  readonly addsVia: boolean;
}

/** Upgrade may offer several protocols, the one liked best first (RFC 9110 §7.8); an extended CONNECT asks for one. */
function firstOf(upgrade: string): string {
  const comma = upgrade.indexOf(",");
  return comma < 0 ? upgrade : upgrade.slice(0, comma);
}

function isLengthKept(value: string, length: number | null): boolean {
  return length === null || (length >= 0 && value === String(length));
}

function isHttps(head: RequestHead): boolean {
  return head instanceof Http1RequestHead && head.isHttps;
}

/** Visits the fields with their kinds of `http1/kinds.ts`, which say, too, what Connection named. */
function eachHttp1(
  head: Http1Fields,
  visit: (kind: number, name: string, value: string) => void,
): void {
  const { bytes, table, edits, added } = head;
  for (let at = FIELDS_AT, index = 0; at < table.length; at += FIELD_STRIDE, index++) {
    const edit = edits === null ? undefined : edits[index];
    if (edit === null) continue;
    const kind = table[at + 4]!;
    if (kind !== H1_OTHER && kind >= H1_FIRST_OF_HOP) continue;
    const name = latin1(bytes, table[at]!, table[at + 1]!).toLowerCase();
    visit(kind, name, edit ?? latin1(bytes, table[at + 2]!, table[at + 3]!));
  }
  if (added === null) return;
  for (let index = 0; index < added.length; index += 2) {
    visit(kindOfName(added[index]!), added[index]!, added[index + 1]!);
  }
}
