import type { RuleDoc } from "../../model/document.ts";
import type { HttpRouteRule } from "../gateway-api/httproute.ts";
import { namespacedName } from "../meta.ts";
import { parseDurationMs } from "../schema/formats.ts";
import type { Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { type BackendScope, compileBackend } from "./backend.ts";
import type { Refusal } from "./claims.ts";
import { compileFilters } from "./filters.ts";
import { type CompiledMatch, compileMatch, prefixOf } from "./match.ts";

export interface CompiledRule {
  readonly rule: RuleDoc;
  readonly matches: readonly CompiledMatch[];
  /** What heddle does not act on, by its place in the resource. */
  readonly unsupported: readonly Problem[];
  readonly unresolved: readonly UnresolvedRef[];
}

/** A backend that cannot be sent to, and where it is named. */
export interface UnresolvedRef extends Refusal {
  readonly path: Path;
}

/**
 * One rule of a route. What heddle cannot act on makes it fail whole, status 500: skipping a match, a filter or a
 * policy would send requests where nobody wanted them.
 */
export function compileRule(
  given: HttpRouteRule,
  index: number,
  scope: BackendScope,
): CompiledRule {
  const name = given.name ?? String(index);
  const matches = (given.matches ?? []).map(compileMatch);
  if (matches.length === 0) matches.push(compileMatch({}));
  const prefix = matches.length === 1 ? prefixOf(matches[0]!) : null;
  const { filters, unsupported } = compileFilters(given.filters ?? [], prefix);
  const backends = (given.backendRefs ?? []).map((one) => compileBackend(one, prefix, scope));
  const at = (...below: Path) => ["spec", "rules", index, ...below];
  const refused = [
    ...below(unsupported, at("filters")),
    ...matches.flatMap((match, one) => below(match.unsupported, at("matches", one))),
  ];
  const weight = backends.reduce((sum, { backend }) => sum + backend.weight, 0);
  const fails = refused.length > 0 || weight === 0;
  return {
    rule: {
      route: `HTTPRoute/${namespacedName(scope.route)}`,
      name,
      filters: fails ? [] : filters,
      backends: fails ? [] : backends.map(({ backend }) => backend),
      requestTimeoutMs: requestTimeoutMs(given),
      fails: fails ? "invalid-backend" : null,
    },
    matches,
    unsupported: [
      ...refused,
      ...backends.flatMap((one, place) =>
        below(one.unsupported, at("backendRefs", place, "filters")),
      ),
    ],
    unresolved: backends.flatMap(({ refusal }, place) =>
      refusal === null ? [] : { ...refusal, path: at("backendRefs", place) },
    ),
  };
}

function below(problems: readonly Problem[], base: Path): readonly Problem[] {
  return problems.map(({ path, message }) => ({ path: [...base, ...path], message }));
}

/**
 * The longest an exchange may last. A time limit for each attempt bounds the exchange too: an attempt that reached the
 * backend is not repeated, so that its end is the end. 0s switches a limit off (GEP-1742).
 */
function requestTimeoutMs({ timeouts }: HttpRouteRule): number | null {
  const limits = [timeouts?.request, timeouts?.backendRequest]
    .map((text) => (text === undefined ? 0 : (parseDurationMs(text) ?? 0)))
    .filter((limitMs) => limitMs > 0);
  return limits.length === 0 ? null : Math.min(...limits);
}
