import type {
  HttpRoute,
  HttpRouteMatch,
  HttpRouteRule,
} from "../resource/gateway-api/httproute.ts";
import { compareAge } from "../resource/meta.ts";
import type { Seen } from "./records.ts";
import { endsWithSlash, isCut, isDisputed, queryOf, segmentsOf } from "./request.ts";

/** Is `host` (or a narrower pattern) of this name? `*.a.b` stands for one label or more before `.a.b`. */
export function isHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern.toLowerCase() === host;
  const end = pattern.slice(1).toLowerCase();
  return host.endsWith(end) && host.length > end.length;
}

type Word = "yes" | "no" | "unknown";

/** Does a request match? Unknown where the match looks at what is not recorded. */
export function accepts(match: HttpRouteMatch, hostname: string, { exchange }: Seen): Word {
  const target = exchange.receivedPath ?? exchange.path;
  const words: Word[] = [pathWord(match, target)];
  if (match.method !== undefined) words.push(match.method === exchange.method ? "yes" : "no");
  if (hostname !== "") {
    const host = exchange.authority.replace(/:\d+$/, "").replace(/\.$/, "").toLowerCase();
    words.push(isHost(hostname, host) ? "yes" : "no");
  }
  const first = new Set<string>();
  for (const { name, value, type } of match.queryParams ?? []) {
    if (first.has(name)) continue; // of several on one name the first counts
    first.add(name);
    if (type === "RegularExpression" || isCut(target)) words.push("unknown");
    else words.push(queryOf(target, name) === utf8(value) ? "yes" : "no");
  }
  if ((match.headers ?? []).length > 0) words.push("unknown");
  if (words.includes("no")) return "no";
  return words.includes("unknown") ? "unknown" : "yes";
}

function pathWord({ path }: HttpRouteMatch, target: string): Word {
  const { type = "PathPrefix", value = "/" } = path ?? {};
  if (type === "RegularExpression") return "unknown";
  const asked = segmentsOf(target);
  const wanted = segmentsOf(value);
  if (isDisputed(asked)) return "unknown"; // refused or not, no rule is to blame
  const isPrefix = wanted.every((segment, index) => asked[index] === segment);
  if (!isPrefix) return isCut(target) && asked.length <= wanted.length ? "unknown" : "no";
  if (type === "PathPrefix")
    return isCut(target) && asked.length === wanted.length ? "unknown" : "yes";
  if (isCut(target)) return "unknown";
  const isSameEnd = endsWithSlash(target) === endsWithSlash(value);
  return asked.length === wanted.length && isSameEnd ? "yes" : "no";
}

export function matchesOf({ matches }: HttpRouteRule): readonly HttpRouteMatch[] {
  return matches === undefined || matches.length === 0 ? [{}] : matches;
}

/** A match of a rule, with all that decides which of several is tried first. */
export interface Candidate {
  readonly hostname: string;
  readonly match: HttpRouteMatch;
  readonly route: HttpRoute;
  readonly ruleIndex: number;
  readonly index: number;
}

/** HTTPRouteSpec, "rules": what is more specific comes first, then what is older. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  const [first, second] = [specificity(a), specificity(b)];
  for (const [index, value] of first.entries()) {
    if (value !== second[index]) return second[index]! - value;
  }
  return compareAge(a.route, b.route) || a.ruleIndex - b.ruleIndex || a.index - b.index;
}

/** As requests have it once escapes are read: an octet, a character. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function specificity({ hostname, match }: Candidate): readonly number[] {
  const { type = "PathPrefix", value = "/" } = match.path ?? {};
  const isPattern = type === "RegularExpression";
  const names = (given: readonly { readonly name: string }[] = []) =>
    new Set(given.map(({ name }) => name.toLowerCase())).size;
  return [
    hostname === "" ? 0 : hostname.startsWith("*.") ? 1 : 2,
    hostname.length,
    type === "Exact" ? 2 : isPattern ? 1 : 0,
    type === "PathPrefix" ? value.replace(/(?<=.)\/$/, "").length : 0,
    match.method === undefined ? 0 : 1,
    names(match.headers),
    new Set((match.queryParams ?? []).map(({ name }) => name)).size,
  ];
}
