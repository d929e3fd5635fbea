import { latin1 } from "../latin1.ts";
import { HEX, HOST, octets, PATH } from "./chars.ts";

/** The four forms of a request target (RFC 9112 §3.2). */
export type TargetForm = "origin" | "absolute" | "authority" | "asterisk";

/** Offsets of what an absolute-form target holds. */
export interface AbsoluteTarget {
  readonly authorityStart: number;
  readonly authorityEnd: number;
}

/**
 * Is `bytes[start, end)` a host with or without a port, as a mesh uses them? Letters, digits and `-._~`, or an IPv6
 * literal in brackets. No user information, no percent-encoding, no sub-delimiters: nothing two readers could take
 * for two hosts. An empty port is refused. With `needsPort` a port must be there (CONNECT).
 */
export function isAuthority(
  bytes: Buffer,
  start: number,
  end: number,
  needsPort: boolean,
): boolean {
  let at = start;
  if (bytes[at] === 0x5b) {
    at++;
    let colons = 0;
    while (at < end && isAddressOctet(bytes[at]!)) {
      if (bytes[at] === 0x3a) colons++;
      at++;
    }
    if (at >= end || bytes[at] !== 0x5d || colons < 2) return false;
    at++;
  } else {
    while (at < end && (octets[bytes[at]!]! & HOST) !== 0) at++;
    if (at === start) return false;
  }
  if (at === end) return !needsPort;
  if (bytes[at] !== 0x3a || end - at < 2 || end - at > 6) return false;
  let port = 0;
  for (at++; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}

/** Where the authority of an `http` or `https` URI lies, or null where `bytes[start, end)` is none. */
export function parseAbsolute(bytes: Buffer, start: number, end: number): AbsoluteTarget | null {
  const scheme = latin1(bytes, start, Math.min(end, start + 8)).toLowerCase();
  const authorityStart = scheme.startsWith("http://") ? start + 7 : start + 8;
  if (authorityStart === start + 8 && scheme !== "https://") return null;
  let at = authorityStart;
  while (at < end && bytes[at] !== 0x2f && bytes[at] !== 0x3f) at++;
  if (!isAuthority(bytes, authorityStart, at, false) || !isPath(bytes, at, end)) return null;
  return { authorityStart, authorityEnd: at };
}

/** Does `bytes[start, end)` hold, up to its query, only what we take in a path? */
function isPath(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] !== 0x3f && (octets[bytes[at]!]! & PATH) !== 0) at++;
  return at === end || bytes[at] === 0x3f;
}

function isAddressOctet(octet: number): boolean {
  return (octets[octet]! & HEX) !== 0 || octet === 0x3a || octet === 0x2e;
}
