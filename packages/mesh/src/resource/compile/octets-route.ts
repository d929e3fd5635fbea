import type { WeightedBackendDoc } from "../../model/document.ts";
import type { ConditionClaim, Resource } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import type { Problem } from "../schema/problem.ts";
import { resolveBackend } from "./backend.ts";
import { accepted, type Refusal, resolvedRefs, type UnresolvedRef } from "./claims.ts";
import type { RouteScope } from "./route-kind.ts";

/** A route of connections (TLSRoute, TCPRoute), compiled for one parent. */
export interface CompiledOctetsRoute<Route> {
  readonly route: Route;
  readonly rules: readonly {
    readonly name: string;
    readonly backends: readonly WeightedBackendDoc[];
  }[];
  readonly unresolved: readonly UnresolvedRef[];
}

interface OctetsRoute extends Resource {
  readonly spec: {
    readonly rules: readonly {
      readonly name?: string;
      readonly backendRefs: readonly {
        readonly group?: string;
        readonly kind?: string;
        readonly name: string;
        readonly namespace?: string;
        readonly port?: number;
        readonly weight?: number;
      }[];
    }[];
  };
}

/** A backend that cannot be sent to keeps its weight, so that its share of connections is closed. */
export function compileOctetsRoute<Route extends OctetsRoute>(
  route: Route,
  scope: RouteScope,
): CompiledOctetsRoute<Route> {
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

/** What such a route says of itself where it is attached. @param refusal why it is not */
export function octetsRouteConditions(
  { unresolved }: CompiledOctetsRoute<unknown>,
  refusal: Refusal | null,
): readonly ConditionClaim[] {
  return [accepted(refusal === null ? [] : [refusal]), resolvedRefs(unresolved)];
}

export function octetsRouteProblems({
  rules,
  unresolved,
}: CompiledOctetsRoute<unknown>): readonly Problem[] {
  const path: Path = ["spec", "rules", 0, "backendRefs"];
  const isEmpty = rules.every(({ backends }) => backends.every(({ weight }) => weight === 0));
  return [
    ...unresolved.map(({ path, message }) => ({ path, message })),
    ...(isEmpty ? [{ path, message: "no backend with a weight: its connections are closed" }] : []),
  ];
}
