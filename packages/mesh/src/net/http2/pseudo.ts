import { HEX, HOST, octets, PATH, QUERY, TOKEN } from "../http1/chars.ts";

/** What the values of pseudo-header fields may hold: nothing that HTTP/1.1 would refuse in the same place. */

/** A method is a token (RFC 9110 §9.1). */
export function isMethodText(text: string): boolean {
  return isToken(text, 0, text.length);
}

/** Nothing is reached here by any other scheme. */
export function isSchemeText(text: string): boolean {
  return text === "http" || text === "https";
}

/** Origin-form, or the asterisk of OPTIONS (RFC 9113 §8.3.1): no fragment, no blank, nothing beyond US-ASCII. */
export function isPathText(text: string): boolean {
  if (text.charCodeAt(0) !== 0x2f) return text === "*";
  let at = 1;
  while (at < text.length && (octets[text.charCodeAt(at)]! & PATH) !== 0) {
    if (text.charCodeAt(at) === 0x3f) break;
    at++;
  }
  if (at === text.length) return true;
  if (text.charCodeAt(at) !== 0x3f) return false;
  for (at++; at < text.length; at++) {
    if ((octets[text.charCodeAt(at)]! & QUERY) === 0) return false;
  }
  return true;
}

/**
 * What an Upgrade must not offer on from here: other versions of HTTP and TLS, by which a client would get an HTTP/1.1 server's
 * connection out of our hands, with requests on it that nobody looks at.
 */
const ownHop = /^(?:h2c?|h3|http(?:\/.*)?|tls(?:\/.*)?)$/i;

/** The name of a protocol as Upgrade has it, with or without a version (RFC 9110 §7.8). */
export function isUpgradeToken(text: string): boolean {
  if (ownHop.test(text)) return false;
  const slash = text.indexOf("/");
  if (slash < 0) return isToken(text, 0, text.length);
  return isToken(text, 0, slash) && isToken(text, slash + 1, text.length);
}

/** Three digits, from 100 to 599. */
export function isStatusText(text: string): boolean {
  if (text.length !== 3) return false;
  for (let at = 0; at < 3; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  const hundreds = text.charCodeAt(0) - 0x30;
  return hundreds >= 1 && hundreds <= 5;
}

/** host[:port] as `http1/target.ts` takes it: nothing that two readers could take for two hosts, and not empty. */
export function isAuthorityText(text: string): boolean {
  const end = text.length;
  let at = 0;
  if (text.charCodeAt(0) === 0x5b) {
    at++;
    let colons = 0;
    while (at < end && isAddressCode(text.charCodeAt(at))) {
      if (text.charCodeAt(at) === 0x3a) colons++;
      at++;
    }
    if (at >= end || text.charCodeAt(at) !== 0x5d || colons < 2) return false;
    at++;
  } else {
    while (at < end && (octets[text.charCodeAt(at)]! & HOST) !== 0) at++;
    if (at === 0) return false;
  }
  if (at === end) return true;
  if (text.charCodeAt(at) !== 0x3a || end - at < 2 || end - at > 6) return false;
  let port = 0;
  for (at++; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}

/** Has `text`, an authority, a port? */
export function hasPort(text: string): boolean {
  return text.charCodeAt(text.length - 1) !== 0x5d && text.lastIndexOf(":") > text.lastIndexOf("]");
}

function isToken(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((octets[text.charCodeAt(at)]! & TOKEN) === 0) return false;
  }
  return end > start;
}

function isAddressCode(code: number): boolean {
  return (octets[code]! & HEX) !== 0 || code === 0x3a || code === 0x2e;
}
