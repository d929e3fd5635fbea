import { defaultBackendPolicy } from "../../policy/backend-policy.ts";
import type { Service } from "../core/service.ts";
import { compareAge, namespacedName, type Resource, resourceKey } from "../meta.ts";
import { compileAdmission } from "./admission.ts";
import { grpcRoutes } from "./grpc-route.ts";
import { httpRoutes } from "./http-route.ts";
import { oldestOn, policyRoutes } from "./policy-place.ts";
import type { ServiceWords, Word } from "./policy-words.ts";
import type { AnyRouteKind } from "./route-kind.ts";
import type { CompiledRoute } from "./routes.ts";
import { serviceWordsOf } from "./service-policy.ts";
import { pointsAt } from "./service-routes.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/** One field that holds, of what, and who says so. */
export interface EffectiveField {
  /** `Service/<namespace>/<name>`, or a rule: `<kind>/<namespace>/<name>#<rule>`. */
  readonly of: string;
  /** As in documents: `retry`, `attemptTimeoutMs`. */
  readonly field: string;
  readonly value: unknown;
  /** A policy, a route's own stanza, an annotation; null: it is the default. */
  readonly from: string | null;
}

const routeKinds = { HTTPRoute: httpRoutes, GRPCRoute: grpcRoutes } as unknown as Readonly<
  Record<(typeof policyRoutes)[number], AnyRouteKind>
>;

/**
 * All that holds for requests to a Service, and where it comes from: what is said of the Service and by default, what is said otherwise of
 * rules of routes that are attached to it, and what its processes take in. Of a rule only what it says itself: the rest is as of the
 * Service that it sends to.
 */
export function effectivePolicy(service: Service, world: World): readonly EffectiveField[] {
  const of = resourceKey(service);
  const words = serviceWordsOf(service, world);
  const defaults = Object.entries(defaultBackendPolicy)
    .filter(([field, value]) => value !== null && !(field in words))
    .map(([field, value]): EffectiveField => ({ of, field, value, from: null }));
  return [
    ...fieldsOf(of, words),
    ...defaults,
    ...ruleFields(service, world),
    ...admissionFields(service, world),
  ];
}

function ruleFields(service: Service, world: World): readonly EffectiveField[] {
  const target: ResourceKey = `Service/${namespacedName(service)}`;
  return policyRoutes.flatMap((table) => {
    const kind = routeKinds[table];
    const routes: readonly Resource[] = world.attached(table, target);
    return [...routes]
      .filter((route) => kind.parents(route).some((parent) => pointsAt(parent, route, service)))
      .sort(compareAge)
      .flatMap((route) => {
        const compiled = kind.compile(route, { crossesNamespaces: true, world }) as CompiledRoute;
        return compiled.rules.flatMap(({ rule, words }) =>
          fieldsOf(`${rule.route}#${rule.name}`, words),
        );
      });
  });
}

function admissionFields(service: Service, world: World): readonly EffectiveField[] {
  const of = resourceKey(service);
  const admission = compileAdmission(service, world);
  if (admission === null) return [];
  const place = { kind: "Service", name: service.metadata.name, rule: null };
  const limits = world.attached("ConcurrencyLimit", `Service/${namespacedName(service)}`);
  const limit = oldestOn(limits, place);
  const { rates, concurrency } = admission;
  return [
    ...rates.map(({ name, route, ...value }): EffectiveField => {
      const from = name.slice(0, name.lastIndexOf("["));
      return { of: route ?? of, field: "rate", value, from };
    }),
    ...(concurrency === null || limit === null
      ? []
      : [{ of, field: "concurrency", value: concurrency, from: resourceKey(limit) }]),
  ];
}

function fieldsOf(of: string, words: ServiceWords): readonly EffectiveField[] {
  return (Object.entries(words) as [string, Word<unknown>][]).map(([field, { value, from }]) => ({
    of,
    field,
    value,
    from,
  }));
}
