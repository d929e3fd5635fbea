import type { ConcurrencyLimit } from "../heddle/concurrency-limit.ts";
import { namespaceOf } from "../meta.ts";
import { backendsOf, servicesTo } from "./backends-of.ts";
import type { EventClaim } from "./claims.ts";
import { oldestOn, type TargetReference } from "./policy-place.ts";
import type { CompiledWorld } from "./world.ts";

/**
 * Priorities that nobody asks for: who goes first is decided where a Service's `adaptive` keeps some waiting. Of a route it is enough that
 * one Service has one, of those that it sends to.
 */
export function idlePriorities(
  policy: ConcurrencyLimit,
  world: CompiledWorld,
): readonly EventClaim[] {
  const { priority, priorityHeader, targetRefs } = policy.spec;
  if (priority === undefined && priorityHeader === undefined) return [];
  return targetRefs.flatMap((target, index): EventClaim | [] => {
    const services = servicesOf(target, policy, world);
    if (services.length === 0 || services.some((key) => isLimited(key, world))) return [];
    const message = `No ConcurrencyLimit with \`adaptive\` is on Service ${services.join(", ")}: a priority has no effect there.`;
    const path = ["spec", "targetRefs", index];
    return { type: "Warning", reason: "NoConcurrencyLimit", message, path };
  });
}

/** Whose processes are to go by it, `<namespace>/<name>`; none where its target is not there. */
function servicesOf(
  { kind, name, sectionName }: TargetReference,
  policy: ConcurrencyLimit,
  world: CompiledWorld,
): readonly string[] {
  const key = `${namespaceOf(policy)}/${name}`;
  if (kind === "Service") return world.find("Service", key) === null ? [] : [key];
  const route = world.find(kind as "HTTPRoute", key);
  if (route === null) return [];
  const services = sectionName === undefined ? backendsOf(route) : servicesTo(route, sectionName);
  return [...new Set(services)];
}

function isLimited(service: string, world: CompiledWorld): boolean {
  const name = service.slice(service.indexOf("/") + 1);
  const limits = world.attached("ConcurrencyLimit", `Service/${service}`);
  return oldestOn(limits, { kind: "Service", name, rule: null })?.spec.adaptive !== undefined;
}
