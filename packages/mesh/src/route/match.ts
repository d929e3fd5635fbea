import type { RequestHead } from "../model/head.ts";
import { normalPath } from "../model/normal-path.ts";
import { firstQueryValue, pathEnd } from "../model/target.ts";
import { hostOf, matchesHostname } from "./host.ts";
import type { Entry, Rule } from "./rule.ts";

/** Why there is no rule for a request, for people. */
export const unroutable = {
  "no-route": "no rule matches the request",
  "bad-request": "servers read such a path in different ways, and routes look at it",
} as const;

/** Entries of one prefix length, so that a path is cut once for each length that occurs and not for each segment. */
interface PrefixLength {
  readonly length: number;
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
}

/**
 * The routes of one frontend. Of all matches that accept a request the first in the document wins:
 * precedence was settled when the document was written.
 *
 *   path ── exact ────────────▶ [entry, entry …]   by Map
 *        ── prefix, by length ▶ [entry …]          by Map
 *        ── everywhere ───────▶ [entry …]          the lowest `order` that accepts wins
 */
export class RouteTable {
  readonly rules: readonly Rule[];
  readonly #exact: ReadonlyMap<string, readonly Entry[]>;
  readonly #prefixes: readonly PrefixLength[];
  readonly #everywhere: readonly Entry[];
  /** Does any match look at the path? If not, it is forwarded as it came, octet by octet. */
  readonly #readsPath: boolean;
  readonly #readsHost: boolean;

  constructor(
    rules: readonly Rule[],
    exact: ReadonlyMap<string, readonly Entry[]>,
    prefixes: ReadonlyMap<string, readonly Entry[]>,
    everywhere: readonly Entry[],
  ) {
    this.rules = rules;
    this.#exact = exact;
    this.#prefixes = byLength(prefixes);
    this.#everywhere = everywhere;
    this.#readsPath = exact.size + prefixes.size > 0;
    const all = [...exact.values(), ...prefixes.values(), everywhere].flat();
    this.#readsHost = all.some((entry) => entry.hostnames !== null);
  }

  /**
   * The rule for this request, or why there is none. Where routes look at paths the head's path is put in its normal
   * form first, and so forwarded: what was matched is what is sent.
   */
  match(head: RequestHead): Rule | keyof typeof unroutable {
    const host = this.#readsHost ? hostOf(head.authority) : "";
    let best: Entry | null = null;
    if (this.#readsPath) {
      const target = normalPath(head.path);
      if (target === null) return "bad-request";
      if (target !== head.path) head.path = target;
      const path = target.slice(0, pathEnd(target));
      best = first(this.#exact.get(path), head, host, best);
      for (const { length, entries } of this.#prefixes) {
        if (length > path.length) continue;
        if (length < path.length && path.charCodeAt(length) !== SLASH) continue;
        best = first(entries.get(path.slice(0, length)), head, host, best);
      }
    }
    best = first(this.#everywhere, head, host, best);
    return best === null ? "no-route" : best.rule;
  }
}

/** The first of `entries` that accepts the request, or `best` where that comes before it. */
function first(
  entries: readonly Entry[] | undefined,
  head: RequestHead,
  host: string,
  best: Entry | null,
): Entry | null {
  if (entries === undefined) return best;
  for (const entry of entries) {
    if (best !== null && best.order < entry.order) return best;
    if (accepts(entry, head, host)) return entry;
  }
  return best;
}

function accepts(entry: Entry, head: RequestHead, host: string): boolean {
  if (entry.method !== null && entry.method !== head.method) return false;
  if (entry.hostnames !== null && !entry.hostnames.some((name) => matchesHostname(name, host))) {
    return false;
  }
  if (entry.headers !== null) {
    for (const header of entry.headers) if (head.get(header.name) !== header.value) return false;
  }
  if (entry.query !== null) {
    for (const parameter of entry.query) {
      if (firstQueryValue(head.path, parameter.name) !== parameter.value) return false;
    }
  }
  return true;
}

/** A prefix ends without a slash, so that a whole segment is compared: the character after it is `/` or nothing. */
function byLength(prefixes: ReadonlyMap<string, readonly Entry[]>): readonly PrefixLength[] {
  const lengths = new Map<number, Map<string, readonly Entry[]>>();
  for (const [prefix, entries] of prefixes) {
    const same = lengths.get(prefix.length);
    if (same === undefined) lengths.set(prefix.length, new Map([[prefix, entries]]));
    else same.set(prefix, entries);
  }
  return [...lengths].map(([length, entries]) => ({ length, entries }));
}

const SLASH = 0x2f;
