import type { MatchDoc, RoutesDoc, RuleDoc } from "../../model/document.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { ConditionClaim } from "../meta.ts";
import { compareAge } from "../meta.ts";
import { formatPath } from "../schema/path.ts";
import type { BackendScope } from "./backend.ts";
import { accepted, type Refusal, resolvedRefs } from "./claims.ts";
import { comparePrecedence, type RankedMatch } from "./precedence.ts";
import { type CompiledRule, compileRule } from "./rule.ts";

/** A route and its rules, compiled for one parent. */
export interface CompiledRoute {
  readonly route: HttpRoute;
  readonly rules: readonly CompiledRule[];
}

export function compileRoute(route: HttpRoute, scope: Omit<BackendScope, "route">): CompiledRoute {
  const rules = route.spec.rules ?? [{}];
  return {
    route,
    rules: rules.map((rule, index) => compileRule(rule, index, { ...scope, route })),
  };
}

/** What becomes of requests that something unsupported would have matched, changed or received. */
export const consequence = "its requests answer 500";

/** What a route says of itself where it is attached. @param refusal why it is not */
export function routeConditions(
  { rules }: CompiledRoute,
  refusal: Refusal | null,
): readonly ConditionClaim[] {
  const unsupported = rules.flatMap((rule) => rule.unsupported);
  const refusals = unsupported.map(
    ({ path, message }): Refusal => ({
      reason: "UnsupportedValue",
      message: `heddle does not act on ${formatPath(path)} (${message}): ${consequence}.`,
    }),
  );
  return [
    accepted(refusal === null ? refusals : [refusal]),
    resolvedRefs(rules.flatMap((rule) => rule.unresolved)),
  ];
}

/** A route on a frontend, with the host names it has there; none on a Service. */
export interface AttachedRoute {
  readonly compiled: CompiledRoute;
  readonly hostnames: readonly string[];
}

/** All routes of one frontend, merged. The order in which they are given says nothing. */
export function mergeRoutes(attached: readonly AttachedRoute[]): RoutesDoc {
  const ordered = [...attached].sort((a, b) => compareAge(a.compiled.route, b.compiled.route));
  const rules: RuleDoc[] = [];
  const ranked: (RankedMatch & { readonly at: number })[] = [];
  for (const { compiled, hostnames } of ordered) {
    compiled.rules.forEach(({ rule, matches }, ruleIndex) => {
      const at = rules.push(rule) - 1;
      matches.forEach(({ match, isVague }, index) => {
        for (const hostname of hostnames.length === 0 ? [""] : hostnames) {
          ranked.push({
            at,
            match,
            isVague,
            hostname,
            route: compiled.route,
            rule: ruleIndex,
            index,
          });
        }
      });
    });
  }
  ranked.sort(comparePrecedence);
  const matches = ranked.map(
    ({ at, match, hostname }): MatchDoc => ({
      rule: at,
      hostnames: hostname === "" ? [] : [hostname],
      ...match,
    }),
  );
  return { matches, rules };
}
