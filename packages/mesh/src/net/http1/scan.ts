import type { Reason } from "../../model/reason.ts";
import { octets, PATH, QUERY, TEXT, TOKEN } from "./chars.ts";
import { isFirstFrame } from "./http2-frame.ts";
import { ALIAS, kindOf, OTHER } from "./kinds.ts";
import type { Http1Limits } from "./limits.ts";
import { isBlank } from "./lists.ts";

/** Why a message is refused. */
export interface Fault {
  readonly reason: Extract<
    Reason,
    | "bad-request"
    | "head-too-large"
    | "target-too-long"
    | "bad-version"
    | "unsupported"
    | "bad-expectation"
    | "client-slow"
  >;
  readonly detail: string;
}

/** More octets are needed. */
export const INCOMPLETE = -1;
/** The head breaks the grammar or a limit; `fault` says how. */
export const FAULT = -2;

/**
 * The offset table of a head, counted from its first octet:
 *
 *     request  [method start, method end, target start, target end, fields start]
 *     reply    [status code,  –,          reason start, reason end, fields start]
 *     then per field [name start, name end, value start, value end, kind]
 */
export const FIELDS_AT = 5;
export const FIELD_STRIDE = 5;

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const VERSION = "HTTP/";

/** What a scanner reads: heads of either kind, or the bare fields of a trailer section. */
export type HeadKind = "request" | "reply" | "trailers";

/**
 * Reads a head once, octet by octet, under the grammar of RFC 9112 without its leniencies: CRLF ends lines and nothing
 * else does, no line is folded, no space stands before a colon. Makes no strings. After `INCOMPLETE` a scan of the same
 * head with more octets goes on at the line that was cut.
 */
export class HeadScanner {
  readonly #kind: HeadKind;
  readonly #limits: Http1Limits;
  readonly #bytesMax: number;
  readonly #fieldsMax: number;
  /** The offsets; valid up to `tableLength`. */
  readonly table: number[] = [0, 0, 0, 0, 0];
  tableLength = FIELDS_AT;
  /** The 1 of HTTP/1.1. */
  minor = 1;
  /** Bit 1 << kind of each known field seen, and of each seen more than once. */
  seen = 0;
  repeated = 0;
  fault: Fault | null = null;
  /** Where the line to be read next starts; 0 only before the start line. */
  #line = 0;
  #isStarted = false;

  constructor(kind: HeadKind, limits: Http1Limits) {
    this.#kind = kind;
    this.#limits = limits;
    this.#bytesMax = kind === "trailers" ? limits.trailerBytesMax : limits.headBytesMax;
    this.#fieldsMax = kind === "trailers" ? limits.trailerFieldsMax : limits.fieldsMax;
  }

  /** Forgets the head read last. */
  reset(): void {
    this.tableLength = FIELDS_AT;
    this.seen = 0;
    this.repeated = 0;
    this.fault = null;
    this.#line = 0;
    this.#isStarted = this.#kind === "trailers";
  }

  /** Octets of the head in `bytes[base, end)`, its empty line included, or `INCOMPLETE`, or `FAULT`. */
  scan(bytes: Buffer, base: number, end: number): number {
    if (!this.#isStarted) {
      let start = base;
      if (this.#kind === "request" && bytes[base] === CR) {
        // RFC 9112 §2.2: one empty line before a request line is skipped; some old clients send it after a body.
        if (base + 1 >= end) return INCOMPLETE;
        if (bytes[base + 1] === LF) start = base + 2;
      }
      const next =
        this.#kind === "request"
          ? this.#scanRequestLine(bytes, base, start, end)
          : this.#scanStatusLine(bytes, base, start, end);
      if (next < 0) return next === INCOMPLETE ? this.#wait(base, end) : next;
      this.#isStarted = true;
      this.#line = next - base;
      this.table[4] = this.#line;
    }
    return this.#scanFields(bytes, base, end);
  }

  #scanFields(bytes: Buffer, base: number, end: number): number {
    const table = this.table;
    let at = base + this.#line;
    for (;;) {
      if (at >= end) return this.#wait(base, end);
      if (bytes[at] === CR) {
        if (at + 1 >= end) return this.#wait(base, end);
        if (bytes[at + 1] !== LF) return this.#refuse("bare CR where the head should end");
        const length = at + 2 - base;
        return length > this.#bytesMax ? this.#refuseSize("head") : length;
      }
      const nameStart = at;
      while (at < end && (octets[bytes[at]!]! & TOKEN) !== 0) at++;
      if (at >= end) return this.#wait(base, end);
      if (bytes[at] !== COLON || at === nameStart) return this.#refuseName(bytes, nameStart, at);
      const nameEnd = at++;
      while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
      const valueStart = at;
      while (at < end && (octets[bytes[at]!]! & TEXT) !== 0) at++;
      if (at + 1 >= end) {
        return at < end && bytes[at] !== CR ? this.#refuseValue(bytes, at) : this.#wait(base, end);
      }
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.#refuseValue(bytes, at);
      let valueEnd = at;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
      at += 2;

      const kind = kindOf(bytes, nameStart, nameEnd);
      if (kind !== OTHER) {
        if (kind === ALIAS) return this.#refuse("name that some read as one which frames the body");
        const bit = 1 << kind;
        this.repeated |= this.seen & bit;
        this.seen |= bit;
      }
      const entry = this.tableLength;
      if (entry >= FIELDS_AT + this.#fieldsMax * FIELD_STRIDE) return this.#refuseSize("field");
      table[entry] = nameStart - base;
      table[entry + 1] = nameEnd - base;
      table[entry + 2] = valueStart - base;
      table[entry + 3] = valueEnd - base;
      table[entry + 4] = kind;
      this.tableLength = entry + FIELD_STRIDE;
      this.#line = at - base;
    }
  }

  #scanRequestLine(bytes: Buffer, base: number, start: number, end: number): number {
    const table = this.table;
    let at = start;
    while (at < end && isMethodOctet(bytes[at]!)) at++;
    if (at - start > this.#limits.methodBytesMax) return this.#refuse("method too long");
    if (at >= end) return INCOMPLETE;
    if (at === start || bytes[at] !== SP) return this.#refuse("no method and space at the start");
    table[0] = start - base;
    table[1] = at - base;
    const target = ++at;
    if (at < end && bytes[at] === SLASH) {
      while (at < end && (octets[bytes[at]!]! & PATH) !== 0 && bytes[at] !== QUESTION) at++;
      if (at < end && bytes[at] === QUESTION) {
        while (at < end && (octets[bytes[at]!]! & QUERY) !== 0) at++;
      }
    } else {
      while (at < end && (octets[bytes[at]!]! & QUERY) !== 0) at++;
    }
    if (at - target > this.#limits.targetBytesMax) {
      this.fault = { reason: "target-too-long", detail: "request target over its limit" };
      return FAULT;
    }
    if (at >= end) return INCOMPLETE;
    if (at === target || bytes[at] !== SP) {
      return this.#refuse("request target not followed by a space, or with an octet not allowed");
    }
    table[2] = target - base;
    table[3] = at - base;
    return this.#scanVersion(bytes, at + 1, end, true);
  }

  #scanStatusLine(bytes: Buffer, base: number, start: number, end: number): number {
    const table = this.table;
    let at = this.#scanVersion(bytes, start, end, false);
    if (at < 0) return at;
    if (at + 3 >= end) return INCOMPLETE;
    const hundreds = bytes[at]! - 0x30;
    const tens = bytes[at + 1]! - 0x30;
    const ones = bytes[at + 2]! - 0x30;
    if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) {
      return this.#refuse("status is not three digits from 100 to 599");
    }
    at += 3;
    // RFC 9112 §4 wants a space even before an empty reason; servers that leave it out are common and harmless.
    if (bytes[at] === SP) at++;
    else if (bytes[at] !== CR) return this.#refuse("status not followed by a space");
    const reason = at;
    while (at < end && (octets[bytes[at]!]! & TEXT) !== 0) at++;
    if (at >= end) return INCOMPLETE;
    if (bytes[at] !== CR) return this.#refuse("control character in the status line");
    if (at + 1 >= end) return INCOMPLETE;
    if (bytes[at + 1] !== LF) return this.#refuse("bare CR in the status line");
    table[0] = hundreds * 100 + tens * 10 + ones;
    table[2] = reason - base;
    table[3] = at - base;
    return at + 2;
  }

  /** `HTTP/1.x` and what must follow it: CRLF in a request line, a space in a status line. The offset after that. */
  #scanVersion(bytes: Buffer, start: number, end: number, isRequest: boolean): number {
    for (let index = 0; index < 5; index++) {
      if (start + index >= end) return INCOMPLETE;
      if (bytes[start + index] !== VERSION.charCodeAt(index)) {
        return this.#refuse(
          !isRequest && isFirstFrame(bytes, start, end)
            ? "HTTP/2 where HTTP/1.1 was asked for; declare it: appProtocol kubernetes.io/h2c"
            : "no HTTP version in its place",
        );
      }
    }
    if (start + 8 >= end) return INCOMPLETE;
    const major = bytes[start + 5]! - 0x30;
    const minor = bytes[start + 7]! - 0x30;
    const isVersion =
      major >= 0 && major <= 9 && bytes[start + 6] === 0x2e && minor >= 0 && minor <= 9;
    const after = bytes[start + 8];
    if (!isVersion || after !== (isRequest ? CR : SP))
      return this.#refuse("malformed HTTP version");
    if (isRequest) {
      if (start + 9 >= end) return INCOMPLETE;
      if (bytes[start + 9] !== LF) return this.#refuse("bare CR in the request line");
    }
    if (major !== 1 || minor > 1) {
      this.fault = { reason: "bad-version", detail: `HTTP/${major}.${minor} is not spoken here` };
      return FAULT;
    }
    this.minor = minor;
    return start + (isRequest ? 10 : 9);
  }

  #wait(base: number, end: number): number {
    return end - base >= this.#bytesMax ? this.#refuseSize("head") : INCOMPLETE;
  }

  #refuse(detail: string): number {
    this.fault = { reason: "bad-request", detail };
    return FAULT;
  }

  #refuseSize(what: "head" | "field"): number {
    const detail =
      what === "head"
        ? `${this.#kind} of more than ${this.#bytesMax} octets`
        : `${this.#kind} of more than ${this.#fieldsMax} fields`;
    this.fault = { reason: "head-too-large", detail };
    return FAULT;
  }

  #refuseName(bytes: Buffer, start: number, at: number): number {
    const octet = bytes[at]!;
    if (at === start) {
      if (isBlank(octet)) return this.#refuse("folded line, or space before the first field");
      if (octet === LF) return this.#refuse("bare LF");
      return this.#refuse(octet === COLON ? "field without a name" : "octet not allowed in a name");
    }
    if (isBlank(octet)) return this.#refuse("space before the colon");
    if (octet === LF || octet === CR) return this.#refuse("field line without a colon");
    return this.#refuse("octet not allowed in a field name");
  }

  #refuseValue(bytes: Buffer, at: number): number {
    const octet = bytes[at]!;
    if (octet === LF) return this.#refuse("bare LF");
    return this.#refuse(octet === CR ? "bare CR" : "control character in a field value");
  }
}

/**
 * A tchar that is no lower-case letter. Methods are case-sensitive, yet a server that reads `head` as HEAD would answer
 * it without the body we would wait for: all registered methods are upper case, so nothing is lost.
 */
function isMethodOctet(octet: number): boolean {
  return (octets[octet]! & TOKEN) !== 0 && (octet < 0x61 || octet > 0x7a);
}
