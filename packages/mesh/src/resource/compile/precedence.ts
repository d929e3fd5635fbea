import { compareAge, compareText, type Resource } from "../meta.ts";

/** A match with all that decides its place among those of other rules and routes. */
export interface RankedMatch {
  /** Empty, or one host name of a gateway's listener and route; `*.` begins a wildcard. */
  readonly hostname: string;
  /** Of its kind (`CompiledMatch.rank`). */
  readonly rank: readonly number[];
  readonly route: Resource;
  readonly rule: number;
  readonly index: number;
}

/**
 * Which of two matches is tried first: the more specific host name; a GRPCRoute's before an HTTPRoute's; what counts most
 * for their kind (HTTPRouteSpec: exact path, longest prefix, a method, most headers, most query parameters; GRPCRouteSpec:
 * longest service, longest method, most headers); then the older route, its name, and the order within it.
 */
export function comparePrecedence(a: RankedMatch, b: RankedMatch): number {
  return (
    compareHostname(a.hostname, b.hostname) ||
    compareText(a.route.kind, b.route.kind) ||
    compareRanks(b.rank, a.rank) ||
    compareAge(a.route, b.route) ||
    a.rule - b.rule ||
    a.index - b.index
  );
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, index) => one !== b[index]);
  return at === -1 ? 0 : a[at]! - b[at]!;
}

/** Names before wildcards, longer before shorter, none last. */
function compareHostname(a: string, b: string): number {
  return hostRank(b) - hostRank(a) || b.length - a.length || compareText(a, b);
}

function hostRank(hostname: string): number {
  if (hostname === "") return 0;
  return hostname.startsWith("*.") ? 1 : 2;
}
