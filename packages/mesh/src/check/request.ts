import type { RecordedExchange } from "../history/exchange.ts";

/**
 * How a checker reads the target of a request: in its own words, so that a mistake in how the data path reads one is
 * not made twice.
 */

/** Paths are recorded up to so many octets; of longer ones the end is not known. */
export const pathOctetsMax = 128;

/** What stands between the slashes, as octets; empty parts do not count. */
export function segmentsOf(target: string): readonly string[] {
  return pathOf(target)
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** Do servers disagree on what such a path names? Where routes look at paths it is refused (decision 0006). */
export function isDisputed(segments: readonly string[]): boolean {
  return segments.some((one) => /^\.{1,2}(;|$)/.test(one) || /[/\\\0]/.test(one));
}

/** Without its query. */
export function pathOf(target: string): string {
  return target.split("?", 1)[0]!;
}

export function endsWithSlash(target: string): boolean {
  return pathOf(target).endsWith("/");
}

export function isCut(target: string): boolean {
  return target.length >= pathOctetsMax;
}

/** The first value of a parameter of the query, or null. */
export function queryOf(target: string, name: string): string | null {
  const at = target.indexOf("?");
  if (at === -1) return null;
  for (const pair of target.slice(at + 1).split("&")) {
    const [key = "", ...rest] = pair.split("=");
    if (decoded(key.replaceAll("+", " ")) !== name) continue;
    return decoded(rest.join("=").replaceAll("+", " "));
  }
  return null;
}

/** A whole number in one spelling: `007` is `7`. Null for anything else. */
export function wholeNumber(text: string): string | null {
  return /^-?[0-9]+$/.test(text) ? String(BigInt(text)) : null;
}

/** Octets as they are meant: `%37` is `7`. A `%` that begins no escape stands for itself. */
function decoded(text: string): string {
  const parts = text.split("%");
  return parts
    .map((part, index) => {
      if (index === 0) return part;
      const hex = part.slice(0, 2);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) return `%${part}`;
      return String.fromCharCode(Number.parseInt(hex, 16)) + part.slice(2);
    })
    .join("");
}

/** Did the answer open a tunnel: to another protocol (RFC 9110 §15.2.2), or by CONNECT (§9.3.6)? */
export function isTunnel({ method, status }: RecordedExchange): boolean {
  return status === 101 || (method === "CONNECT" && status >= 200 && status < 300);
}
