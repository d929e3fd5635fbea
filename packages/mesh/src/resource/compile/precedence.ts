import type { HttpRoute } from "../gateway-api/httproute.ts";
import { compareAge, compareText } from "../meta.ts";
import type { LooseMatch } from "./match.ts";

/** A match with all that decides its place among those of other rules and routes. */
export interface RankedMatch {
  readonly match: LooseMatch;
  readonly isVague: boolean;
  /** Empty, or one host name of a gateway's listener and route; `*.` begins a wildcard. */
  readonly hostname: string;
  readonly route: HttpRoute;
  readonly rule: number;
  readonly index: number;
}

/**
 * Which of two matches is tried first (HTTPRouteSpec: rules): the more specific host name, the exact path, the longest
 * prefix, a method, most headers, most query parameters; then the older route, its name, and the order within it.
 */
export function comparePrecedence(a: RankedMatch, b: RankedMatch): number {
  return (
    compareHostname(a.hostname, b.hostname) ||
    pathRank(b) - pathRank(a) ||
    prefixLength(b) - prefixLength(a) ||
    Number(b.match.method !== null) - Number(a.match.method !== null) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    compareAge(a.route, b.route) ||
    a.rule - b.rule ||
    a.index - b.index
  );
}

/** Names before wildcards, longer before shorter, none last. */
function compareHostname(a: string, b: string): number {
  return hostRank(b) - hostRank(a) || b.length - a.length || compareText(a, b);
}

function hostRank(hostname: string): number {
  if (hostname === "") return 0;
  return hostname.startsWith("*.") ? 1 : 2;
}

function pathRank({ match, isVague }: RankedMatch): number {
  if (isVague) return 0;
  return match.path.type === "exact" ? 2 : 1;
}

function prefixLength({ match }: RankedMatch): number {
  return match.path.type === "prefix" ? match.path.value.length : 0;
}
