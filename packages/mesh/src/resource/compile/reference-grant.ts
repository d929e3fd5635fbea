import { gatewayGroup } from "../gateway-api/reference.ts";
import { namespaceOf, type Resource } from "../meta.ts";
import type { World } from "./world.ts";

interface Referent {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** May `from` point at `to`: within its namespace, or because a ReferenceGrant there says so? */
export function isGranted(from: Resource, to: Referent, world: World): boolean {
  const own = namespaceOf(from);
  if (own === to.namespace) return true;
  return world
    .inNamespace("ReferenceGrant", to.namespace)
    .some(
      ({ spec }) =>
        spec.from.some(
          ({ group, kind, namespace }) =>
            group === gatewayGroup && kind === from.kind && namespace === own,
        ) &&
        spec.to.some(
          ({ group, kind, name = to.name }) =>
            group === to.group && kind === to.kind && name === to.name,
        ),
    );
}
