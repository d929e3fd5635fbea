import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import { meshSettings } from "../heddle/mesh.ts";
import type { Placement } from "../heddle/placement.ts";
import { namespaceOf } from "../meta.ts";
import { compileEndpoints } from "./endpoints.ts";
import { compileGateway } from "./gateway.ts";
import { isOfGateway } from "./gateway-attach.ts";
import { isOurClass } from "./gateway-class.ts";
import type { MeshInputs, MeshOutputs } from "./mesh-inputs.ts";
import { compileProxy } from "./proxy.ts";
import { compileService, pointsAt } from "./service.ts";
import {
  contractClaims,
  faultClaims,
  placementClaims,
  routeClaims,
  tlsRouteClaims,
} from "./status.ts";

/** Everything at once, from nothing: what `MeshIndex` must come to however it got there, and what files are made of. */
export function compileAll(inputs: MeshInputs): MeshOutputs {
  const findService = (key: string) => inputs.services.get(key) ?? null;
  const routes = [...inputs.routes.values()];
  const tlsRoutes = [...inputs.tlsRoutes.values()];
  const services = mapValues(inputs.services, (service) =>
    compileService(service, {
      routes: routes.filter((route) => isOn(route, service)),
      tlsRoutes: tlsRoutes.filter((route) => isOn(route, service)),
      placements: targeting(inputs.placements, service),
      contracts: targeting(inputs.contracts, service),
      faults: targeting(inputs.faults, service),
      hashKey: inputs.hashKey,
      findService,
    }),
  );
  const gateways = mapValues(inputs.gateways, (gateway) =>
    compileGateway(gateway, {
      isOurs: isOurClass(gateway.spec.gatewayClassName, inputs.gatewayClasses),
      routes: routes.filter((route) => isAt(route, gateway)),
      tlsRoutes: tlsRoutes.filter((route) => isAt(route, gateway)),
      findService,
    }),
  );
  const { clusterDomain } = meshSettings(inputs.mesh);
  return {
    services,
    gateways,
    endpoints: mapValues(inputs.services, (service, key) =>
      compileEndpoints(service, inputs.workloads.values(), inputs.slots.get(key) ?? null),
    ),
    proxies: mapValues(inputs.workloads, (workload) =>
      compileProxy(workload, {
        clusterDomain,
        services: inputs.services.values(),
        gateway: gateways.get(`${workload.namespace}/${workload.gateway}`) ?? null,
        socketAddress: (name) => inputs.sockets.get(name) ?? null,
      }),
    ),
    routes: mapValues(inputs.routes, (route) => routeClaims(route, { services, gateways })),
    tlsRoutes: mapValues(inputs.tlsRoutes, (route) =>
      tlsRouteClaims(route, { services, gateways }),
    ),
    placements: mapValues(inputs.placements, (one) => placementClaims(one, { services, gateways })),
    contracts: mapValues(inputs.contracts, (one) => contractClaims(one, { services, gateways })),
    faults: mapValues(inputs.faults, (one) => faultClaims(one, { services, gateways })),
  };
}

function isOn(route: HttpRoute | TlsRoute, service: Service): boolean {
  return (route.spec.parentRefs ?? []).some((parent) => pointsAt(parent, route, service));
}

function isAt(route: HttpRoute | TlsRoute, gateway: Gateway): boolean {
  return (route.spec.parentRefs ?? []).some((parent) => isOfGateway(parent, route, gateway));
}

/** Those whose `targetRefs` name the service. */
function targeting<R extends Placement | Contract | Fault>(
  resources: ReadonlyMap<string, R>,
  service: Service,
): readonly R[] {
  return [...resources.values()].filter(
    (one) =>
      namespaceOf(one) === namespaceOf(service) &&
      one.spec.targetRefs.some(({ name }) => name === service.metadata.name),
  );
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
