import { meshSettings } from "../heddle/mesh.ts";
import type { KnownResource } from "../index.ts";
import { namespaceOf, type Resource } from "../meta.ts";
import { attachableOf, attachedTables } from "./attachables.ts";
import type { Claims } from "./claims.ts";
import { compileEndpoints } from "./endpoints.ts";
import { compileGateway } from "./gateway.ts";
import type { MeshInputs, MeshOutputs } from "./mesh-inputs.ts";
import { MeshTables } from "./mesh-tables.ts";
import { compileProxy, inOrder } from "./proxy.ts";
import { compileService, noHashKey } from "./service.ts";
import type { ResourceKey, TableName, Tables } from "./tables.ts";
import type { CompiledWorld, World } from "./world.ts";

/** Everything at once, from nothing: what `MeshIndex` must come to however it got there, and what files are made of. */
export function compileAll(inputs: MeshInputs): MeshOutputs {
  const world = plainWorld(inputs);
  const ordered = inOrder(inputs.services.values());
  const services = mapValues(inputs.services, (service) => compileService(service, world));
  const gateways = mapValues(inputs.gateways, (gateway) => compileGateway(gateway, world));
  const compiled: CompiledWorld = {
    ...world,
    service: (key) => services.get(key) ?? null,
    gateway: (key) => gateways.get(key) ?? null,
  };
  const claims = new Map<ResourceKey, Claims>();
  for (const table of attachedTables) {
    for (const [key, one] of inputs.resources.all(table)) {
      claims.set(`${table}/${key}`, attachableOf(table)!.claims(one, compiled));
    }
  }
  const { clusterDomain } = meshSettings(inputs.mesh);
  return {
    services,
    gateways,
    endpoints: mapValues(inputs.services, (service, key) =>
      compileEndpoints(
        service,
        inputs.workloads.values(),
        inputs.slots.get(key) ?? null,
        new Set(services.get(key)!.labelsWanted),
      ),
    ),
    proxies: mapValues(inputs.workloads, (workload) =>
      compileProxy(workload, {
        clusterDomain,
        services: ordered,
        gateway: gateways.get(`${workload.namespace}/${workload.gateway}`) ?? null,
        backendTls: (key, port) => services.get(key)?.backendTls.get(port),
        socketAddress: (name) => inputs.sockets.get(name) ?? null,
      }),
    ),
    claims,
  };
}

/** Resources as the compiler takes them, without a world: no workloads, slots or sockets. The last of a name counts. */
export function inputsOf(resources: Iterable<KnownResource>): MeshInputs {
  const tables = new MeshTables(resources);
  const { mesh, services, gateways, gatewayClasses } = tables;
  return {
    resources: tables.resources,
    mesh,
    services,
    gateways,
    gatewayClasses,
    workloads: new Map(),
    slots: new Map(),
    sockets: new Map(),
    hashKey: noHashKey, // no secret is in files; those of the Walk profile say what they hash with to all who read them
  };
}

/** What is attached to what, found by looking at all there is once: it shares no state with `MeshTables`. */
export function plainWorld({ resources, hashKey }: MeshInputs): World {
  const found = new Map<string, Resource[]>();
  const note = (place: string, one: Resource) => {
    const there = found.get(place);
    if (there === undefined) found.set(place, [one]);
    else there.push(one);
  };
  for (const table of attachedTables) {
    for (const one of resources.all(table).values()) {
      const targets = new Set(attachableOf(table)!.targets(one));
      for (const target of targets) note(`${table}@${target}`, one);
    }
  }
  return {
    find: (table, key) => resources.all(table).get(key) ?? null,
    attached: <K extends TableName>(table: K, target: ResourceKey) =>
      (found.get(`${table}@${target}`) ?? []) as unknown as Tables[K][],
    inNamespace: (table, namespace) =>
      [...resources.all(table).values()].filter((one) => namespaceOf(one) === namespace),
    hashKey,
  };
}

/** A map of what `make` gives for each value; null leaves the key out. */
function mapValues<V, R>(
  map: ReadonlyMap<string, V>,
  make: (value: V, key: string) => R | null,
): ReadonlyMap<string, R> {
  const result = new Map<string, R>();
  for (const [key, value] of map) {
    const made = make(value, key);
    if (made !== null) result.set(key, made);
  }
  return result;
}
