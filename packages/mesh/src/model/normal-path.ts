import { pathEnd } from "./target.ts";

/**
 * The one spelling of a request target in which routes compare it and in which it is forwarded: escapes of unreserved
 * characters decoded, other escapes in upper case (RFC 3986 §6.2.2), runs of slashes made one. The query is left alone.
 * Null where server and proxy could disagree on what the path names: dot segments in any spelling, an encoded slash,
 * backslash or NUL, a backslash, a broken escape. Decision 0006.
 */
export function normalPath(target: string): string | null {
  if (!mayDiffer.test(target)) return target;
  const end = pathEnd(target);
  const path = decodeUnreserved(target.slice(0, end));
  if (path === null || path.includes("\\")) return null;
  const merged = path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
  if (dotSegment.test(merged)) return null;
  return end === target.length ? merged : merged + target.slice(end);
}

/**
 * May documents put this path, or piece of one, in place of a request's? Characters of RFC 3986 §3.3 and nothing that servers read in
 * different ways; no query.
 */
export function isWirePath(path: string): boolean {
  return wirePath.test(path) && normalPath(path) !== null;
}

const wirePath = /^[A-Za-z0-9/._~!$&'()*+,;=:@%-]*$/;

/** Cheap, and true too often rather than too seldom: it also looks at the query. */
const mayDiffer = /[%\\]|\/\/|\/\./;
/** `.` and `..`, also with parameters (`..;x`), which some servers drop before they resolve them. */
const dotSegment = /(?:^|\/)\.{1,2}(?:[;/]|$)/;
const unreserved = /^[A-Za-z0-9._~-]$/;

/** Null for a broken escape, and for one whose meaning servers disagree on. */
function decodeUnreserved(path: string): string | null {
  if (!path.includes("%")) return path;
  let isRefused = false;
  const decoded = path.replace(/%(..?)?/gs, (written: string, hex: string | undefined) => {
    if (hex === undefined || !/^[0-9a-fA-F]{2}$/.test(hex)) {
      isRefused = true;
      return written;
    }
    const octet = Number.parseInt(hex, 16);
    if (octet === 0x2f || octet === 0x5c || octet === 0) isRefused = true;
    const character = String.fromCharCode(octet);
    return unreserved.test(character) ? character : `%${hex.toUpperCase()}`;
  });
  return isRefused ? null : decoded;
}
