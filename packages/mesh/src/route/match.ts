import type { RequestHead } from "../model/head.ts";
import { normalPath } from "../model/normal-path.ts";
import { pathEnd } from "../model/target.ts";
import { Bucket } from "./bucket.ts";
import { hostOf } from "./host.ts";
import type { Entry, Rule } from "./rule.ts";
import { Subject } from "./subject.ts";

/** Why there is no rule for a request, for people. */
export const unroutable = {
  "no-route": "no rule matches the request",
  "bad-request": "servers read such a path in different ways, and routes look at it",
} as const;

/** Where the path leads to; `compile.ts` fills it. */
export interface PathIndex {
  readonly exact: ReadonlyMap<string, readonly Entry[]>;
  /** By segments with which the path begins, without a slash at the end. */
  readonly prefixes: ReadonlyMap<string, readonly Entry[]>;
  /** Whatever the path, as far as an index can tell. */
  readonly everywhere: readonly Entry[];
}

/**
 * The routes of one frontend. Of all matches that accept a request the first in the document wins:
 * precedence was settled when the document was written.
 *
 *   path ── exact ─────────────────▶ bucket     by Map
 *        ── each beginning of it ──▶ bucket     by Map
 *        ── everywhere ────────────▶ bucket     the lowest `order` that accepts wins
 *
 * A pattern is found by the literal segments it begins with. A bucket of many entries has indexes of its own (`bucket.ts`).
 */
export class RouteTable {
  readonly rules: readonly Rule[];
  /** Null: no match asks for so much. */
  readonly #exact: ReadonlyMap<string, Bucket> | null;
  readonly #prefixes: ReadonlyMap<string, Bucket> | null;
  /** 1 for each length that a prefix has, so that no other beginning of a path is looked for. */
  readonly #prefixLengths: Uint8Array;
  readonly #everywhere: Bucket | null;
  /** Does any match look at the path? If not, it is forwarded as it came, octet by octet. */
  readonly #readsPath: boolean;
  readonly #readsHost: boolean;
  /** The request at hand; nothing is matched while another is. */
  readonly #subject = new Subject();

  constructor(rules: readonly Rule[], { exact, prefixes, everywhere }: PathIndex) {
    this.rules = rules;
    this.#exact = bucketsOf(exact);
    this.#prefixes = bucketsOf(prefixes);
    let longest = 0;
    for (const { length } of prefixes.keys()) longest = Math.max(longest, length);
    this.#prefixLengths = new Uint8Array(longest + 1);
    for (const { length } of prefixes.keys()) this.#prefixLengths[length] = 1;
    this.#everywhere = everywhere.length === 0 ? null : new Bucket(everywhere);
    this.#readsPath =
      exact.size + prefixes.size > 0 || everywhere.some(({ pattern }) => pattern !== null);
    const all = [...exact.values(), ...prefixes.values(), everywhere].flat();
    this.#readsHost = all.some((entry) => entry.hostname !== null);
  }

  /**
   * The rule for this request, or why there is none. Where routes look at paths the head's path is put in its normal
   * form first, and so forwarded: what was matched is what is sent.
   */
  match(head: RequestHead): Rule | keyof typeof unroutable {
    let path = "";
    if (this.#readsPath) {
      const target = normalPath(head.path);
      if (target === null) return "bad-request";
      if (target !== head.path) head.path = target;
      path = target.slice(0, pathEnd(target));
    }
    const subject = this.#subject;
    subject.begin(head, path, this.#readsHost ? hostOf(head.authority) : "");
    let best: Entry | null = null;
    if (this.#readsPath) {
      if (this.#exact !== null) best = this.#exact.get(path)?.first(subject, best) ?? best;
      if (this.#prefixes !== null) best = this.#byBeginning(this.#prefixes, subject, path, best);
    }
    if (this.#everywhere !== null) best = this.#everywhere.first(subject, best);
    subject.end();
    return best === null ? "no-route" : best.rule;
  }

  /** Each beginning that ends with a segment, the whole path last. */
  #byBeginning(
    prefixes: ReadonlyMap<string, Bucket>,
    subject: Subject,
    path: string,
    before: Entry | null,
  ): Entry | null {
    const lengths = this.#prefixLengths;
    let best = before;
    for (let end = path.indexOf("/", 1); end < lengths.length; end = path.indexOf("/", end + 1)) {
      const length = end === -1 ? path.length : end;
      if (lengths[length] === 1) {
        best = prefixes.get(path.slice(0, length))?.first(subject, best) ?? best;
      }
      if (end === -1) break;
    }
    return best;
  }
}

function bucketsOf(
  lists: ReadonlyMap<string, readonly Entry[]>,
): ReadonlyMap<string, Bucket> | null {
  if (lists.size === 0) return null;
  return new Map([...lists].map(([path, entries]) => [path, new Bucket(entries)]));
}
