import type { CarriedProtocol, HttpProtocol } from "../model/protocol.ts";

/** The first octets of a client decide only so far, in octets: a request target of the longest kind and its line. */
export const detectBytesMax = 16_448;

/** The client's half of an HTTP/2 connection preface (RFC 9113 §3.4). */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Octets of a method that a registered one may have, with room (RFC 9110 §16.1.1). */
const METHOD_MAX = 32;
const VERSION = " HTTP/";

/**
 * What a client speaks, by the first octets it sent, `bytes[start, end)`; pure, and strict, so that a protocol of lines is not taken
 * for HTTP because it begins with a word (`EHLO`, `NICK`, an inline command). `more`: they fit several.
 *
 *   h2        the whole preface, 24 octets
 *   http/1.1  method SP target SP "HTTP/" digit; the target begins as one of RFC 9112 §3.2 does. One empty line may come before it (§2.2)
 *   tls       a handshake record with a ClientHello (RFC 8446 §5.1): 6 octets
 *   tcp       anything else
 */
export function detect(bytes: Buffer, start: number, end: number): CarriedProtocol | "more" {
  if (start >= end) return "more";
  if (bytes[start] === HANDSHAKE) return detectTls(bytes, start, end);
  const preface = detectPreface(bytes, start, end);
  return preface ?? detectRequest(bytes, start, end);
}

/** The same where it is HTTP, in whichever version: whoever does not begin as HTTP/2 does is told by HTTP/1.1 what is wrong. */
export function detectVersion(bytes: Buffer, start: number, end: number): HttpProtocol | "more" {
  return start >= end ? "more" : (detectPreface(bytes, start, end) ?? "http/1.1");
}

/**
 * The same where no more may be waited for: a method that is well known and the beginning of a path are taken for a request whose rest
 * is under way.
 */
export function guess(bytes: Buffer, start: number, end: number): CarriedProtocol {
  const found = detect(bytes, start, end);
  if (found !== "more") return found;
  const text = bytes.toString("latin1", start, Math.min(end, start + METHOD_MAX));
  return REQUEST_START.test(text) ? "http/1.1" : "tcp";
}

const REQUEST_START = /^(?:\r\n)?(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) [/*a-z]/i;

/** Null: it is none, whatever else. */
function detectPreface(bytes: Buffer, start: number, end: number): "h2" | "more" | null {
  const count = Math.min(end - start, PREFACE.length);
  for (let index = 0; index < count; index++) {
    if (bytes[start + index] !== PREFACE.charCodeAt(index)) return null;
  }
  return count === PREFACE.length ? "h2" : "more";
}

function detectTls(bytes: Buffer, start: number, end: number): "tls" | "tcp" | "more" {
  const count = end - start;
  if (count > 1 && bytes[start + 1] !== 3) return "tcp";
  if (count > 2 && bytes[start + 2]! > 4) return "tcp";
  // At most 2^14 octets, and a handshake message has a head of 4 at least.
  if (count > 4) {
    const length = bytes.readUInt16BE(start + 3);
    if (length < 4 || length > 16_384) return "tcp";
  }
  if (count > 5) return bytes[start + 5] === CLIENT_HELLO ? "tls" : "tcp";
  return "more";
}

function detectRequest(bytes: Buffer, start: number, end: number): "http/1.1" | "tcp" | "more" {
  let at = start;
  if (bytes[at] === CR) {
    if (at + 1 === end) return "more";
    if (bytes[at + 1] !== LF) return "tcp";
    at += 2;
  }
  const methodStart = at;
  while (at < end && isTokenOctet(bytes[at]!)) at++;
  if (at - methodStart > METHOD_MAX) return "tcp";
  if (at === end) return "more";
  if (bytes[at] !== SP || at === methodStart) return "tcp";
  const targetStart = ++at;
  if (at === end) return "more";
  if (!isTargetStart(bytes[at]!)) return "tcp";
  while (at < end && bytes[at]! > SP && bytes[at] !== DEL) at++;
  if (at - targetStart > detectBytesMax - METHOD_MAX) return "tcp";
  for (let index = 0; index < VERSION.length; index++, at++) {
    if (at === end) return "more";
    if (bytes[at] !== VERSION.charCodeAt(index)) return "tcp";
  }
  if (at === end) return "more";
  return bytes[at]! >= ZERO && bytes[at]! <= NINE ? "http/1.1" : "tcp";
}

/** RFC 9112 §3.2: a path, `*`, a scheme, or an authority. */
function isTargetStart(octet: number): boolean {
  return octet === SLASH || octet === STAR || octet === BRACKET || isAlphanumeric(octet);
}

function isAlphanumeric(octet: number): boolean {
  const lower = octet | 0x20;
  return (octet >= ZERO && octet <= NINE) || (lower >= 0x61 && lower <= 0x7a);
}

/** tchar (RFC 9110 §5.6.2). */
function isTokenOctet(octet: number): boolean {
  return isAlphanumeric(octet) || TOKEN_MARKS.includes(octet);
}

const TOKEN_MARKS: readonly number[] = [..."!#$%&'*+-.^_`|~"].map((mark) => mark.charCodeAt(0));
const HANDSHAKE = 0x16;
const CLIENT_HELLO = 0x01;
const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const DEL = 0x7f;
const SLASH = 0x2f;
const STAR = 0x2a;
const BRACKET = 0x5b;
const ZERO = 0x30;
const NINE = 0x39;
