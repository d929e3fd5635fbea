import type { AdmissionDoc, ConcurrencyDoc, RateLimitDoc } from "../../model/policy.ts";
import type { Service } from "../core/service.ts";
import type { RateLimit } from "../heddle/rate-limit.ts";
import { compareAge, namespacedName, type Resource, resourceKey } from "../meta.ts";
import { rulesTo } from "./backends-of.ts";
import { concurrencyDoc, rateLimitDoc } from "./policy-docs.ts";
import { oldestOn, type PolicyPlace, policyRoutes } from "./policy-place.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/**
 * What the processes of a Service take in: as policies on it say, and policies on routes and rules that send to it, from wherever. Every
 * limit on the way holds: of rates a rule's word does not replace its route's or the Service's, which would lift what protects it. Null:
 * nobody says anything.
 */
export function compileAdmission(service: Service, world: World): AdmissionDoc | null {
  const target: ResourceKey = `Service/${namespacedName(service)}`;
  const whole: PolicyPlace = { kind: "Service", name: service.metadata.name, rule: null };
  const rates: RateLimitDoc[] = [
    ...ratesOf(oldestOn(world.attached("RateLimit", target), whole), null),
  ];
  const ofRules: ConcurrencyDoc["priorities"][number][] = [];
  const ofRoutes: ConcurrencyDoc["priorities"][number][] = [];
  for (const { key, place } of placesTo(service, world)) {
    const route = place.rule === null ? key : `${key}#${place.rule}`;
    rates.push(...ratesOf(oldestOn(world.attached("RateLimit", key), place), route));
    const priority = oldestOn(world.attached("ConcurrencyLimit", key), place)?.spec.priority;
    if (priority === undefined) continue;
    (place.rule === null ? ofRoutes : ofRules).push({ route, priority });
  }
  const limit = oldestOn(world.attached("ConcurrencyLimit", target), whole);
  const adaptive = limit?.spec.adaptive;
  const concurrency =
    adaptive === undefined
      ? null
      : concurrencyDoc(adaptive, limit!.spec, [...ofRules, ...ofRoutes]);
  return rates.length === 0 && concurrency === null ? null : { rates, concurrency };
}

/** Routes that send to the Service, the older first, and each of their rules that does. */
function placesTo(
  service: Service,
  world: World,
): readonly { readonly key: ResourceKey; readonly place: PolicyPlace }[] {
  const target: ResourceKey = `Service/${namespacedName(service)}`;
  return policyRoutes.flatMap((table) => {
    const routes: readonly Resource[] = world.attached(table, target);
    return [...routes].sort(compareAge).flatMap((route) => {
      const key: ResourceKey = `${table}/${namespacedName(route)}`;
      const rules = rulesTo(route, namespacedName(service));
      const of = { kind: table, name: route.metadata.name };
      const places = rules.length === 0 ? [] : [null, ...rules];
      return places.map((rule) => ({ key, place: { ...of, rule } }));
    });
  });
}

function ratesOf(policy: RateLimit | null, route: string | null): readonly RateLimitDoc[] {
  if (policy === null) return [];
  const name = resourceKey(policy);
  return policy.spec.limits.map((limit, index) => rateLimitDoc(limit, `${name}[${index}]`, route));
}
