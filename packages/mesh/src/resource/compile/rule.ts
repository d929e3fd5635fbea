import type { RuleDoc, WeightedBackendDoc } from "../../model/document.ts";
import type { HttpRouteFilter } from "../gateway-api/filter.ts";
import type { HttpBackendRef } from "../gateway-api/httproute.ts";
import { resourceKey } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { type BackendScope, resolveBackend } from "./backend.ts";
import type { UnresolvedRef } from "./claims.ts";
import { type CompiledFilters, compileFilters } from "./filters.ts";
import { type CompiledMatch, prefixOf, type ReadPattern } from "./match.ts";
import type { RequestWords } from "./policy-words.ts";
import { compileRulePolicy, type OwnRulePolicy, ruleWordsOf } from "./rule-policy.ts";

export interface CompiledRule {
  readonly rule: RuleDoc;
  /** What is said of how its requests are tried, and by whom. */
  readonly words: RequestWords;
  readonly matches: readonly CompiledMatch[];
  /** What heddle does not act on, by its place in the resource; nothing of the rule is then done. */
  readonly unsupported: readonly Problem[];
  readonly unresolved: readonly UnresolvedRef[];
  readonly patterns: readonly ReadPattern[];
}

/** A rule of a route whose requests are read, of whichever kind. */
export interface GivenRule {
  /** Its name, or its index. */
  readonly name: string;
  /** At least one. */
  readonly matches: readonly CompiledMatch[];
  readonly filters: readonly HttpRouteFilter[];
  readonly backendRefs: readonly HttpBackendRef[];
  readonly own: OwnRulePolicy;
}

/**
 * One rule of a route. What heddle cannot act on makes it fail whole, status 500: skipping a match, a filter or a
 * policy would send requests where nobody wanted them.
 */
export function compileRule(given: GivenRule, index: number, scope: BackendScope): CompiledRule {
  const { name, matches } = given;
  const prefix = matches.length === 1 ? prefixOf(matches[0]!) : null;
  const filters = compileFilters(given.filters, prefix, scope);
  const backends = given.backendRefs.map((one) => compileBackend(one, prefix, scope));
  const at = (...below: Path) => ["spec", "rules", index, ...below];
  const refused = [
    ...below(filters.unsupported, at("filters")),
    ...matches.flatMap((match, one) => below(match.unsupported, at("matches", one))),
  ];
  const weight = backends.reduce((sum, { doc }) => sum + doc.weight, 0);
  const answers = filters.filters.some(({ type }) => type === "redirect");
  const fails = refused.length > 0 || (weight === 0 && !answers);
  const { route, world } = scope;
  const place = { route, rule: name, world };
  const words = ruleWordsOf(given.own, place);
  return {
    rule: {
      route: resourceKey(route),
      name,
      filters: fails ? [] : filters.filters,
      backends: fails ? [] : backends.map(({ doc }) => doc),
      ...compileRulePolicy(words, place),
      fails: fails ? "invalid-backend" : null,
    },
    words,
    matches,
    unsupported: [
      ...refused,
      ...backends.flatMap(({ filters }, place) =>
        below(filters.unsupported, at("backendRefs", place, "filters")),
      ),
    ],
    unresolved: [
      ...below(filters.unresolved, at("filters")),
      ...backends.flatMap(({ filters, refusal }, place) => [
        ...(refusal === null ? [] : below([refusal], at("backendRefs", place))),
        ...below(filters.unresolved, at("backendRefs", place, "filters")),
      ]),
    ],
    patterns: matches.flatMap(({ patterns }, one) => below(patterns, at("matches", one))),
  };
}

interface CompiledBackend {
  readonly doc: WeightedBackendDoc;
  readonly filters: CompiledFilters;
  /** Why its share of requests fails, if the reference is the reason. */
  readonly refusal: UnresolvedRef | null;
}

/** An invalid backend keeps its weight and leads nowhere, so that its share answers 500. */
function compileBackend(
  reference: HttpBackendRef,
  prefix: string | null,
  scope: BackendScope,
): CompiledBackend {
  const filters = compileFilters(reference.filters ?? [], prefix, scope);
  const resolved = resolveBackend(reference, scope);
  const isRefused = "reason" in resolved;
  const isUsable = !isRefused && filters.unsupported.length === 0;
  const doc = {
    backend: isUsable ? resolved : null,
    weight: reference.weight ?? 1,
    filters: isUsable ? filters.filters : [],
  };
  return { doc, filters, refusal: isRefused ? { ...resolved, path: [] } : null };
}

function below<P extends { readonly path: Path }>(found: readonly P[], base: Path): readonly P[] {
  return found.map((one) => ({ ...one, path: [...base, ...one.path] }));
}
