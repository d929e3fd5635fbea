import type { BodyLength } from "../codec.ts";
import {
  CONTENT_LENGTH,
  DROPPED,
  FIRST_MALFORMED,
  HOST,
  kindOfField,
  METHOD,
  malformedDetail,
  STATUS,
  TE,
} from "./field-kinds.ts";
import { type HeadFault, malformedReply } from "./head-fault.ts";
import type { HpackField } from "./hpack/field.ts";
import { parseLength } from "./length.ts";
import { Http2ReplyHead } from "./reply-head.ts";

/** What the request says about its reply. */
export interface Asked {
  /** As it was forwarded: GET for an extended CONNECT. */
  readonly method: string;
  /** Was it an extended CONNECT? */
  readonly isUpgrade: boolean;
}

/**
 * The reply head, final or interim, that the field section `fields` is, or what is wrong with it.
 * @param isEnd did the stream end with it?
 */
export function readReplyHead(
  fields: readonly HpackField[],
  isEnd: boolean,
  asked: Asked,
): Http2ReplyHead | HeadFault {
  let statusField: HpackField | null = null;
  let contentLength = -1;
  const regular: HpackField[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const kind = kindOfField(field);
    if (kind >= FIRST_MALFORMED) return malformedReply(malformedDetail(field));
    if (kind >= METHOD) {
      if (kind !== STATUS) return malformedReply(`${field.name} in a reply`);
      if (index > 0) return malformedReply(":status behind a field, or twice");
      statusField = field;
    } else if (kind === CONTENT_LENGTH) {
      if (contentLength >= 0) return malformedReply("several content-length fields");
      contentLength = parseLength(field.value);
      if (contentLength < 0) return malformedReply("malformed content-length");
      regular.push(field);
    } else if (kind !== DROPPED && kind !== HOST && kind !== TE) regular.push(field);
  }
  if (statusField === null) return malformedReply("no :status");
  const { value } = statusField;
  const status =
    (value.charCodeAt(0) - 0x30) * 100 +
    (value.charCodeAt(1) - 0x30) * 10 +
    (value.charCodeAt(2) - 0x30);
  if (status === 101) return malformedReply("101, which HTTP/2 does not have"); // RFC 9113 §8.6
  if (status < 200) {
    if (isEnd) return malformedReply("an interim reply that ends the stream");
    return new Http2ReplyHead(statusField, regular, { status, length: 0, contentLength });
  }
  const { method, isUpgrade } = asked;
  if (status < 300 && (isUpgrade || method === "CONNECT")) {
    // RFC 9110 §9.3.6: a length means nothing here.
    const kept =
      contentLength < 0 ? regular : regular.filter((each) => each.kind !== CONTENT_LENGTH);
    const granted = isUpgrade ? 101 : status;
    return new Http2ReplyHead(statusField, kept, {
      status: granted,
      length: "tunnel",
      contentLength: -1,
    });
  }
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  if (isEnd && contentLength > 0 && !isBodiless) {
    return malformedReply("content-length without a body");
  }
  const length: BodyLength =
    isEnd || isBodiless ? 0 : contentLength >= 0 ? contentLength : "chunked";
  return new Http2ReplyHead(statusField, regular, { status, length, contentLength });
}
