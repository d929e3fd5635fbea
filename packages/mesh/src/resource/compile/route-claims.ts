import { isServiceParent, type ParentReference } from "../gateway-api/reference.ts";
import { namespacedName, namespaceOf, type Resource } from "../meta.ts";
import type { Attachable } from "./attachable.ts";
import { backendsOf } from "./backends-of.ts";
import { accepted, type ParentClaims, resolvedRefs } from "./claims.ts";
import type { ResourceKey, TableName } from "./tables.ts";
import type { CompiledWorld } from "./world.ts";

/** A route of any kind: attached to what its parentRefs name. */
export interface AnyRoute extends Resource {
  readonly spec: { readonly parentRefs?: readonly ParentReference[] };
}

/**
 * How routes of a kind are attached; what is said of them is what their parents say. They are attached to their backends, too: what these
 * take in may depend on the route by which it comes (`admission.ts`).
 */
export function routeAttachable(table: TableName): Attachable<AnyRoute> {
  return {
    targets: (route) => [
      ...(route.spec.parentRefs ?? []).map((parent) => parentKey(parent, route)),
      ...backendsOf(route).map((service): ResourceKey => `Service/${service}`),
    ],
    claims: (route, world) => ({ parents: parentClaims(table, route, world) }),
  };
}

function parentKey(parent: ParentReference, route: Resource): ResourceKey {
  const kind = isServiceParent(parent) ? "Service" : "Gateway";
  return `${kind}/${parent.namespace ?? namespaceOf(route)}/${parent.name}`;
}

/** One entry for each parentRef that is ours, in order. */
function parentClaims(
  table: TableName,
  route: AnyRoute,
  world: CompiledWorld,
): readonly ParentClaims[] {
  const name: ResourceKey = `${table}/${namespacedName(route)}`;
  return (route.spec.parentRefs ?? []).flatMap((parent, index): ParentClaims | [] => {
    const key = `${parent.namespace ?? namespaceOf(route)}/${parent.name}`;
    const isMesh = isServiceParent(parent);
    const from = isMesh ? world.service(key) : world.gateway(key);
    const found = from?.parents.find((one) => one.route === name && one.parent === index);
    if (found !== undefined) return found;
    if (!isMesh) return []; // a Gateway of another controller, or none: theirs to say
    const message = `There is no Service ${key}.`;
    const refusal = { reason: "NoMatchingParent", message };
    return { route: name, parent: index, conditions: [accepted([refusal]), resolvedRefs([])] };
  });
}
