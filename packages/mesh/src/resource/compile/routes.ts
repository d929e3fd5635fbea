import type { MatchDoc, RoutesDoc, RuleDoc } from "../../model/document.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { ConditionClaim } from "../meta.ts";
import { compareAge } from "../meta.ts";
import { formatPath, type Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { accepted, type Refusal, resolvedRefs } from "./claims.ts";
import { consequence } from "./consequence.ts";
import { comparePrecedence, type RankedMatch } from "./precedence.ts";
import type { AttachedTo, RouteKind, RouteScope } from "./route-kind.ts";
import { type CompiledRule, compileRule } from "./rule.ts";
import { carriesHttp } from "./service-port.ts";

/** A route and its rules, compiled for one parent. */
export interface CompiledRoute {
  readonly route: HttpRoute;
  readonly rules: readonly CompiledRule[];
}

function compileRoute(route: HttpRoute, scope: RouteScope): CompiledRoute {
  const rules = route.spec.rules ?? [{}];
  return {
    route,
    rules: rules.map((rule, index) => compileRule(rule, index, { ...scope, route })),
  };
}

/** What a route says of itself where it is attached. @param refusal why it is not */
function routeConditions(
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

/** What of its rules is not acted on, or leads nowhere. */
function ruleProblems({ rules }: CompiledRoute): readonly Problem[] {
  return rules.flatMap(({ rule, unsupported, unresolved }, index) => {
    const isEmpty = rule.fails !== null && unsupported.length === 0;
    const path: Path = ["spec", "rules", index, "backendRefs"];
    return [
      ...unsupported.map(({ path, message }) => ({
        path,
        message: `heddle does not act on this (${message}): ${consequence}`,
      })),
      ...unresolved.map(({ path, message }) => ({ path, message })),
      ...(isEmpty ? [{ path, message: `no backend with a weight: ${consequence}` }] : []),
    ];
  });
}

/** All routes of one frontend, merged. The order in which they are given says nothing. */
export function mergeRoutes(attached: readonly AttachedTo<CompiledRoute>[]): RoutesDoc {
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

export const httpRoutes: RouteKind<HttpRoute, CompiledRoute> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileRoute,
  conditions: routeConditions,
  problems: ruleProblems,
  isCarried: carriesHttp,
  merge: (attached) => ({ routes: mergeRoutes(attached) }),
};
