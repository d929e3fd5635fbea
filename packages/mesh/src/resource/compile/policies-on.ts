import { oldestOn, type PolicyPlace } from "./policy-place.ts";
import type { SaidPolicies } from "./policy-words.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/** Of each kind of policy the one that holds for a place. @param target the Service or route that it is or is part of */
export function saidOn(target: ResourceKey, place: PolicyPlace, world: World): SaidPolicies {
  return {
    retry: oldestOn(world.attached("RetryPolicy", target), place),
    timeout: oldestOn(world.attached("TimeoutPolicy", target), place),
    breaker: oldestOn(world.attached("CircuitBreaker", target), place),
    balancing: oldestOn(world.attached("BalancingPolicy", target), place),
    health: oldestOn(world.attached("HealthCheck", target), place),
    fault: oldestOn(world.attached("Fault", target), place),
  };
}
