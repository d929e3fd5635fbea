import type { FieldMatchDoc, MatchDoc } from "../../model/document.ts";
import { normalPath } from "../../model/normal-path.ts";
import { isPatternFault, readPattern } from "../../route/pattern.ts";
import type { HttpRouteMatch } from "../gateway-api/httproute.ts";
import type { Path } from "../schema/path.ts";
import { type Problem, Problems } from "../schema/problem.ts";

/** A match without the index of its rule, which is known once all routes are merged. */
export type LooseMatch = Omit<MatchDoc, "rule" | "hostnames">;

export interface CompiledMatch {
  readonly match: LooseMatch;
  /**
   * What heddle does not act on, by field. The match then stands for every request it could have meant, so that none of
   * them falls to another rule.
   */
  readonly unsupported: readonly Problem[];
  /** Regular expressions, and as what each is matched. */
  readonly patterns: readonly ReadPattern[];
  /** What decides its place among matches of its kind, what counts most first; the greater comes first (`precedence.ts`). */
  readonly rank: readonly number[];
}

/** A regular expression that is acted on. */
export interface ReadPattern {
  readonly path: Path;
  /** As `route/pattern.ts` calls its forms. */
  readonly form: string;
}

/** One of a rule's matches, each field of which must hold. */
export function compileMatch(given: HttpRouteMatch): CompiledMatch {
  const notes: MatchNotes = { unsupported: new Problems(), patterns: [] };
  const path = compilePath(given.path ?? {}, notes);
  const isVague = notes.unsupported.found.length > 0;
  const fold = (name: string) => name.toLowerCase();
  const match: LooseMatch = {
    path,
    method: given.method ?? null,
    headers: compileValues(given.headers ?? [], "headers", fold, notes),
    query: compileValues(given.queryParams ?? [], "queryParams", (name) => name, notes),
  };
  return {
    match,
    unsupported: notes.unsupported.found,
    patterns: notes.patterns,
    rank: [
      isVague ? 0 : pathRanks[path.type],
      path.type === "prefix" ? path.value.length : 0,
      Number(match.method !== null),
      match.headers.length,
      match.query.length,
    ],
  };
}

/** HTTPRouteSpec leaves the place of patterns open: they come behind exact paths, and before every prefix. */
const pathRanks = { exact: 3, regex: 2, "regex-prefix": 2, prefix: 1 } as const;

/** The prefix of a match by prefix, else null. */
export function prefixOf({ match, rank }: CompiledMatch): string | null {
  return match.path.type === "prefix" && rank[0] !== 0 ? match.path.value : null;
}

/** What is found out about a match on the way. */
export interface MatchNotes {
  readonly unsupported: Problems;
  readonly patterns: ReadPattern[];
}

function compilePath(
  { type = "PathPrefix", value = "/" }: NonNullable<HttpRouteMatch["path"]>,
  notes: MatchNotes,
): LooseMatch["path"] {
  const any = { type: "prefix", value: "/" } as const;
  if (type === "RegularExpression") {
    return isRead(value, notes, "path") ? { type: "regex", value } : any;
  }
  // Requests are compared in their normal form, and so is the rule's path.
  const normal = normalPath(value);
  if (normal === null) {
    notes.unsupported.add(JSON.stringify(value), "path");
    return any;
  }
  return type === "Exact"
    ? { type: "exact", value: normal }
    : { type: "prefix", value: trimSlash(normal) };
}

/** Can a whole text be held against this pattern? Notes how, or why not. */
export function isRead(text: string, notes: MatchNotes, ...path: Path): boolean {
  const pattern = readPattern(text, "full");
  if (isPatternFault(pattern)) {
    const where = `at character ${pattern.at + 1}`;
    notes.unsupported.add(`regular expression ${text}: ${pattern.message} ${where}`, ...path);
    return false;
  }
  notes.patterns.push({ path, form: pattern.form });
  return true;
}

/** A prefix matches whole segments, so that its last slash says nothing. */
function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Of several matches on one name the first counts, as the Gateway API says. */
export function compileValues(
  given: readonly { readonly type?: string; readonly name: string; readonly value: string }[],
  field: string,
  fold: (name: string) => string,
  notes: MatchNotes,
): FieldMatchDoc[] {
  const found = new Map<string, FieldMatchDoc>();
  given.forEach(({ type, name, value }, index) => {
    const folded = fold(name);
    if (found.has(folded)) return;
    if (type !== "RegularExpression") found.set(folded, { name: folded, value });
    else if (isRead(value, notes, field, index)) {
      found.set(folded, { name: folded, value, type: "regex" });
    }
  });
  return [...found.values()];
}
