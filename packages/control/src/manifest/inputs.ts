import { type MeshInputs, noHashKey } from "@heddle/mesh/resource/compile.ts";
import { builtInGatewayClass } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { namespacedName } from "@heddle/mesh/resource/meta.ts";

/** Resources as the compiler takes them, without a world: no workloads, slots or sockets. The last of a name counts. */
export function meshInputs(resources: readonly KnownResource[]): MeshInputs {
  const byKind = <K extends KnownResource["kind"]>(kind: K, key: (one: KnownResource) => string) =>
    new Map(
      resources
        .filter((one): one is Extract<KnownResource, { kind: K }> => one.kind === kind)
        .map((one) => [key(one), one]),
    );
  const classes = byKind("GatewayClass", (one) => one.metadata.name);
  return {
    mesh: byKind("Mesh", (one) => one.metadata.name).get("mesh") ?? null,
    services: byKind("Service", namespacedName),
    routes: byKind("HTTPRoute", namespacedName),
    tlsRoutes: byKind("TLSRoute", namespacedName),
    placements: byKind("Placement", namespacedName),
    contracts: byKind("Contract", namespacedName),
    faults: byKind("Fault", namespacedName),
    gateways: byKind("Gateway", namespacedName),
    gatewayClasses: new Map([[builtInGatewayClass.metadata.name, builtInGatewayClass], ...classes]),
    workloads: new Map(),
    slots: new Map(),
    sockets: new Map(),
    hashKey: noHashKey, // no secret is in files; those of the Walk profile say what they hash with to all who read them
  };
}
