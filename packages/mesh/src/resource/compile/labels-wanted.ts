import { namespacedName } from "../meta.ts";
import { subsetDoc } from "./policy-docs.ts";
import { policyRoutes } from "./policy-place.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/**
 * Labels by which callers choose among the endpoints of `service`: those that BalancingPolicies on it ask for, or on routes
 * that have to do with it.
 */
export function labelsWanted(service: ResourceKey, world: World): readonly string[] {
  const routes = policyRoutes.flatMap((table) =>
    world.attached(table, service).map((route): ResourceKey => `${table}/${namespacedName(route)}`),
  );
  const found = [service, ...routes].flatMap((target) =>
    world
      .attached("BalancingPolicy", target)
      .flatMap(({ spec: { subset } }) =>
        subset === undefined ? [] : subsetDoc(subset).labels.map(({ label }) => label),
      ),
  );
  return [...new Set(found)].sort();
}
