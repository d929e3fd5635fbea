import type { TlsRouteDoc, WeightedBackendDoc } from "../../model/document.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import { type ConditionClaim, compareAge, namespacedName } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { resolveBackend } from "./backend.ts";
import { accepted, type Refusal, resolvedRefs } from "./claims.ts";
import type { AttachedTo, RouteKind, RouteScope } from "./route-kind.ts";
import type { UnresolvedRef } from "./rule.ts";
import { carriesTls } from "./service-port.ts";

/** A TLSRoute, compiled for one parent. */
export interface CompiledTlsRoute {
  readonly route: TlsRoute;
  readonly rules: readonly {
    readonly name: string;
    readonly backends: readonly WeightedBackendDoc[];
  }[];
  readonly unresolved: readonly UnresolvedRef[];
}

/** A backend that cannot be sent to keeps its weight, so that its share of connections is closed. */
function compileTlsRoute(route: TlsRoute, scope: RouteScope): CompiledTlsRoute {
  const unresolved: UnresolvedRef[] = [];
  const rules = route.spec.rules.map((rule, index) => ({
    name: rule.name ?? String(index),
    backends: rule.backendRefs.map((reference, place): WeightedBackendDoc => {
      const resolved = resolveBackend(reference, { ...scope, route });
      const isRefused = "reason" in resolved;
      if (isRefused) {
        const path = ["spec", "rules", index, "backendRefs", place];
        unresolved.push({ ...resolved, path });
      }
      const { weight = 1 } = reference;
      return { backend: isRefused ? null : resolved, weight, filters: [] };
    }),
  }));
  return { route, rules, unresolved };
}

/** What a TLSRoute says of itself where it is attached. @param refusal why it is not */
function tlsRouteConditions(
  { unresolved }: CompiledTlsRoute,
  refusal: Refusal | null,
): readonly ConditionClaim[] {
  return [accepted(refusal === null ? [] : [refusal]), resolvedRefs(unresolved)];
}

function ruleProblems({ rules, unresolved }: CompiledTlsRoute): readonly Problem[] {
  const path: Path = ["spec", "rules", 0, "backendRefs"];
  const isEmpty = rules.every(({ backends }) => backends.every(({ weight }) => weight === 0));
  return [
    ...unresolved.map(({ path, message }) => ({ path, message })),
    ...(isEmpty ? [{ path, message: "no backend with a weight: its connections are closed" }] : []),
  ];
}

/** All TLSRoutes of one frontend: the older before the younger, whose names they take (TLSRouteSpec, "hostnames"). */
export function tlsRouteDocs(
  attached: readonly AttachedTo<CompiledTlsRoute>[],
): readonly TlsRouteDoc[] {
  return [...attached]
    .sort((a, b) => compareAge(a.compiled.route, b.compiled.route))
    .flatMap(({ compiled, hostnames }) =>
      compiled.rules.map(({ name, backends }) => ({
        route: `TLSRoute/${namespacedName(compiled.route)}`,
        name,
        hostnames,
        backends,
      })),
    );
}

export const tlsRoutes: RouteKind<TlsRoute, CompiledTlsRoute> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileTlsRoute,
  conditions: tlsRouteConditions,
  problems: ruleProblems,
  isCarried: carriesTls,
  merge: (attached) => ({
    tlsRoutes: tlsRouteDocs(
      attached.map(({ compiled }) => ({ compiled, hostnames: compiled.route.spec.hostnames })),
    ),
  }),
};
