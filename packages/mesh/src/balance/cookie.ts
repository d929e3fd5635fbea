import type { Fields } from "../model/head.ts";

/**
 * Calls `visit` with each value of cookie `name` in the order of the request, until it says true (RFC 6265 §5.4: there may be several
 * of one name, for other paths; RFC 9113 §8.2.3: one field may have come as many).
 */
export function findCookie(head: Fields, name: string, visit: (value: string) => boolean): void {
  let isFound = false;
  head.each((field, text) => {
    if (isFound || field !== "cookie") return;
    for (let start = 0; start < text.length && !isFound; ) {
      let end = text.indexOf(";", start);
      if (end === -1) end = text.length;
      const equals = text.indexOf("=", start);
      if (equals !== -1 && equals < end && text.slice(start, equals).trim() === name) {
        isFound = visit(unquoted(text.slice(equals + 1, end).trim()));
      }
      start = end + 1;
    }
  });
}

/** The first value of cookie `name`, or null. */
export function cookieValue(head: Fields, name: string): string | null {
  if (head.get("cookie") === null) return null;
  let found: string | null = null;
  findCookie(head, name, (value) => {
    found = value;
    return true;
  });
  return found;
}

function unquoted(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1) : value;
}
