/** Index `index` (1 is the first) of the path's segments; empty ones, as between `//`, do not count. */
export function pathSegment(target: string, index: number): string | null {
  const end = pathEnd(target);
  let left = index;
  let start = 0;
  while (start < end) {
    if (target.charCodeAt(start) === SLASH) {
      start++;
      continue;
    }
    let stop = target.indexOf("/", start);
    if (stop === -1 || stop > end) stop = end;
    if (--left === 0) return target.slice(start, stop);
    start = stop;
  }
  return null;
}

/** The first value of query parameter `name`, decoded (`+` is a space there), or null where it is not present. */
export function firstQueryValue(target: string, name: string): string | null {
  let start = pathEnd(target) + 1;
  while (start <= target.length) {
    let stop = target.indexOf("&", start);
    if (stop === -1) stop = target.length;
    let equals = target.indexOf("=", start);
    if (equals === -1 || equals > stop) equals = stop;
    if (queryDecode(target.slice(start, equals)) === name) {
      return queryDecode(target.slice(equals + 1, stop));
    }
    start = stop + 1;
  }
  return null;
}

/**
 * Replaces each %XX by the octet it stands for, as a latin1 character: one octet, one character, as in heads. What is
 * no valid escape stays as it is.
 */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Where the path of an origin-form target ends: at `?`, or at the end. */
export function pathEnd(target: string): number {
  const query = target.indexOf("?");
  return query === -1 ? target.length : query;
}

function queryDecode(text: string): string {
  return percentDecode(text.includes("+") ? text.replaceAll("+", " ") : text);
}

const SLASH = 0x2f;
