import type { BodyLength } from "../codec.ts";
import {
  AUTHORITY,
  CONTENT_LENGTH,
  DROPPED,
  EXPECT,
  FIRST_MALFORMED,
  HOST,
  kindOfField,
  METHOD,
  malformedDetail,
  PATH,
  PROTOCOL,
  SCHEME,
} from "./field-kinds.ts";
import { type HeadFault, malformedRequest } from "./head-fault.ts";
import { HpackField } from "./hpack/field.ts";
import { parseLength } from "./length.ts";
import { hasPort } from "./pseudo.ts";
import { Http2RequestHead } from "./request-head.ts";

/** How much of a head one field may be. */
export interface HeadLimits {
  /** Octets of `:path`. Default 16384, as in HTTP/1.1. Beyond it 414. */
  readonly targetBytesMax: number;
  /** Octets of `:method`. Default 32, as in HTTP/1.1. Beyond it the request is malformed. */
  readonly methodBytesMax: number;
}

/**
 * The request that the field section `fields` is, or what is wrong with it (RFC 9113 §8.1 to §8.3, RFC 8441, and RFC 7540 where it was
 * stricter): what passes is one request to HTTP/1.1 too.
 * @param isEnd did the stream end with it?
 */
export function readRequestHead(
  fields: readonly HpackField[],
  isEnd: boolean,
  limits: HeadLimits,
): Http2RequestHead | HeadFault {
  let method: HpackField | null = null;
  let scheme: HpackField | null = null;
  let authority: HpackField | null = null;
  let path: HpackField | null = null;
  let protocol: HpackField | null = null;
  let host: HpackField | null = null;
  let contentLength = -1;
  let expectation: HpackField | null = null;
  const regular: HpackField[] = [];
  let isBehindPseudo = false;

  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const kind = kindOfField(field);
    if (kind >= METHOD) {
      if (kind >= FIRST_MALFORMED) return malformedRequest(malformedDetail(field));
      if (isBehindPseudo) return malformedRequest(`${field.name} behind a field`);
      let before: HpackField | null;
      switch (kind) {
        case METHOD:
          before = method;
          method = field;
          break;
        case SCHEME:
          before = scheme;
          scheme = field;
          break;
        case AUTHORITY:
          before = authority;
          authority = field;
          break;
        case PATH:
          before = path;
          path = field;
          break;
        case PROTOCOL:
          before = protocol;
          protocol = field;
          break;
        default:
          return malformedRequest(`${field.name} in a request`);
      }
      if (before !== null) return malformedRequest(`${field.name} twice`);
      continue;
    }
    isBehindPseudo = true;
    if (kind === HOST) {
      if (host !== null) return malformedRequest("several host fields");
      host = field;
    } else if (kind === CONTENT_LENGTH) {
      if (contentLength >= 0) return malformedRequest("several content-length fields");
      contentLength = parseLength(field.value);
      if (contentLength < 0) return malformedRequest("malformed content-length");
      regular.push(field);
    } else if (kind === EXPECT) {
      if (expectation !== null || field.value.toLowerCase() !== "100-continue") {
        return { reason: "bad-expectation", detail: "an expectation other than 100-continue" };
      }
      expectation = field;
    } else if (kind !== DROPPED) regular.push(field);
  }

  if (method === null) return malformedRequest("no :method");
  if (method.value.length > limits.methodBytesMax) return malformedRequest("a method too long");
  if (authority === null) {
    if (host === null) return malformedRequest("neither :authority nor host");
    authority = new HpackField(":authority", host.value);
  } else if (host !== null && host.value.toLowerCase() !== authority.value.toLowerCase()) {
    return malformedRequest("a host that is not :authority");
  }
  const isConnect = method.value === "CONNECT";
  if (isConnect && protocol === null) {
    // RFC 9113 §8.5
    if (scheme !== null || path !== null) return malformedRequest("CONNECT with :scheme or :path");
    if (!hasPort(authority.value)) return malformedRequest("CONNECT without host:port");
  } else {
    if (protocol !== null && !isConnect) return malformedRequest(":protocol without CONNECT");
    if (scheme === null) return malformedRequest("no :scheme");
    if (path === null) return malformedRequest("no :path");
    if (path.value === "*" && method.value !== "OPTIONS") {
      return malformedRequest(":path * without OPTIONS");
    }
    if (path.value.length > limits.targetBytesMax) {
      return { reason: "target-too-long", detail: `a :path of ${path.value.length} octets` };
    }
  }
  if (method.value === "TRACE") {
    return { reason: "unsupported", detail: "TRACE is not forwarded" };
  }
  if (isConnect && contentLength >= 0) return malformedRequest("CONNECT with content-length");
  if (isEnd && contentLength > 0) return malformedRequest("content-length without a body");
  const length: BodyLength = isConnect
    ? "tunnel"
    : isEnd
      ? 0
      : contentLength >= 0
        ? contentLength
        : "chunked";
  // RFC 9110 §10.1.1: an expectation is void where there is no body to wait with.
  if (expectation !== null && length !== 0 && length !== "tunnel") regular.push(expectation);
  return new Http2RequestHead({ method, scheme, authority, path, protocol }, regular, {
    length,
    contentLength,
  });
}
