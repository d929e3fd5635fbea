import { octets, TEXT, TOKEN } from "../http1/chars.ts";
import { isFramingAlias } from "../http1/kinds.ts";
import type { HpackField } from "./hpack/field.ts";
import {
  isAuthorityText,
  isMethodText,
  isPathText,
  isSchemeText,
  isStatusText,
  isUpgradeToken,
} from "./pseudo.ts";

/**
 * What a field line is to the rules of a head (RFC 9113 §8.2 and §8.3). It depends on the field alone, so it is found out once for
 * each HpackField, however often it comes.
 */
export const OTHER = 0;
export const CONTENT_LENGTH = 1;
export const EXPECT = 2;
export const VIA = 3;
export const COOKIE = 4;
export const HOST = 5;
export const TE = 6;
/** Of one hop: left out of what is read. */
export const DROPPED = 7;
/** Pseudo-header fields whose value is well-formed. */
export const METHOD = 8;
export const SCHEME = 9;
export const AUTHORITY = 10;
export const PATH = 11;
export const PROTOCOL = 12;
export const STATUS = 13;
/** From here on the whole head is malformed. */
export const FIRST_MALFORMED = 14;
export const BAD_NAME = 14;
export const BAD_VALUE = 15;
export const CONNECTION_SPECIFIC = 16;
export const BAD_TE = 17;
export const UNKNOWN_PSEUDO = 18;
export const BAD_PSEUDO = 19;
/** `content_length` and the like: no field of any standard, and the same variable as the real one in CGI. */
export const ALIAS = 20;

/** The kind of `field`. */
export function kindOfField(field: HpackField): number {
  if (field.kind < 0) field.kind = judge(field);
  return field.kind;
}

/** What is wrong with a field of a kind from `FIRST_MALFORMED` on. */
export function malformedDetail(field: HpackField): string {
  switch (field.kind) {
    case BAD_NAME:
      return "a field name that is no token in lower case";
    case BAD_VALUE:
      return `control characters or blanks at the ends of ${field.name}`;
    case CONNECTION_SPECIFIC:
      return `${field.name}, which HTTP/2 has no use for`;
    case ALIAS:
      return `${field.name}, which looks like a field that frames`;
    case BAD_TE:
      return "te other than trailers";
    case UNKNOWN_PSEUDO:
      return "a pseudo-header field that nobody has defined";
    default:
      return `malformed ${field.name}`;
  }
}

const pseudoKinds: ReadonlyMap<string, readonly [number, (value: string) => boolean]> = new Map([
  [":method", [METHOD, isMethodText]],
  [":scheme", [SCHEME, isSchemeText]],
  [":authority", [AUTHORITY, isAuthorityText]],
  [":path", [PATH, isPathText]],
  [":protocol", [PROTOCOL, isUpgradeToken]],
  [":status", [STATUS, isStatusText]],
]);

const knownKinds: ReadonlyMap<string, number> = new Map([
  ["content-length", CONTENT_LENGTH],
  ["expect", EXPECT],
  ["via", VIA],
  ["cookie", COOKIE],
  ["host", HOST],
  ["proxy-authenticate", DROPPED],
  ["proxy-authorization", DROPPED],
  // RFC 9113 §8.2.2
  ["connection", CONNECTION_SPECIFIC],
  ["keep-alive", CONNECTION_SPECIFIC],
  ["proxy-connection", CONNECTION_SPECIFIC],
  ["transfer-encoding", CONNECTION_SPECIFIC],
  ["upgrade", CONNECTION_SPECIFIC],
]);

function judge(field: HpackField): number {
  const { name, value } = field;
  if (name.charCodeAt(0) === 0x3a) {
    const pseudo = pseudoKinds.get(name);
    if (pseudo === undefined) return UNKNOWN_PSEUDO;
    return pseudo[1](value) ? pseudo[0] : BAD_PSEUDO;
  }
  if (!isLowerToken(name)) return BAD_NAME;
  if (!isFieldText(value)) return BAD_VALUE;
  if (name === "te") return value.toLowerCase() === "trailers" ? TE : BAD_TE;
  if (name === "host" && !isAuthorityText(value)) return BAD_PSEUDO;
  const kind = knownKinds.get(name);
  if (kind !== undefined) return kind;
  return name.includes("_") && isFramingAlias(name) ? ALIAS : OTHER;
}

function isLowerToken(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if ((octets[code]! & TOKEN) === 0 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return name.length > 0;
}

/** RFC 9113 §8.2.1, and no other control characters either: HTTP/1.1 could not carry them on. */
function isFieldText(value: string): boolean {
  const { length } = value;
  for (let index = 0; index < length; index++) {
    if ((octets[value.charCodeAt(index)]! & TEXT) === 0) return false;
  }
  return length === 0 || (!isBlankAt(value, 0) && !isBlankAt(value, length - 1));
}

function isBlankAt(value: string, index: number): boolean {
  const code = value.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}
