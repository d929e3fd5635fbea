import type { WeightedBackendDoc } from "../../model/document.ts";
import type { PortProtocol } from "../../model/protocol.ts";
import { protocolOf } from "../core/service-protocol.ts";
import { isService } from "../gateway-api/reference.ts";
import { namespaceOf, type Resource } from "../meta.ts";
import type { Refusal } from "./claims.ts";
import { isGranted } from "./reference-grant.ts";
import { carriesHttp, carriesOctets, carriesTls, isServed } from "./service-port.ts";
import type { World } from "./world.ts";

/** Where a route's references lead. */
export interface BackendScope {
  readonly route: Resource;
  /** May a backend be in another namespace? Within the mesh yes; from a Gateway only with a ReferenceGrant. */
  readonly crossesNamespaces: boolean;
  readonly world: World;
}

interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

/** The port of a Service that a backendRef of any route means, or why it means none. */
export function resolveBackend(
  reference: BackendRef,
  { route, crossesNamespaces, world }: BackendScope,
): NonNullable<WeightedBackendDoc["backend"]> | Refusal {
  const { kind = "Service", group = "", name, port } = reference;
  if (!isService(reference)) {
    const full = group === "" ? kind : `${group}/${kind}`;
    return refusal("InvalidKind", `Backend ${name} is a ${full}; heddle sends to Services only.`);
  }
  const namespace = reference.namespace ?? namespaceOf(route);
  const key = `${namespace}/${name}`;
  if (
    !crossesNamespaces &&
    !isGranted(route, { group: "", kind: "Service", namespace, name }, world)
  ) {
    const message = `Service ${key} is in another namespace than the route, and no ReferenceGrant there lets it.`;
    return refusal("RefNotPermitted", message);
  }
  const service = world.find("Service", key);
  if (service === null) {
    return refusal("BackendNotFound", `There is no Service ${name} in namespace ${namespace}.`);
  }
  if (service.spec.type === "ExternalName") {
    return refusal("InvalidKind", `Service ${key} has type ExternalName, which has no endpoints.`);
  }
  const found = (service.spec.ports ?? []).find((one) => one.port === port);
  if (found === undefined || port === undefined) {
    return refusal("BackendNotFound", `Service ${key} has no port ${port ?? "given"}.`);
  }
  if (!isServed(found)) {
    const message = `Port ${port} of Service ${key} is not TCP: ${found.protocol}.`;
    return refusal("UnsupportedProtocol", message);
  }
  const protocol = protocolOf(service, found);
  const isReached = reaches[route.kind] ?? carriesHttp;
  if (!isReached(protocol)) {
    const article = route.kind === "HTTPRoute" ? "an" : "a";
    const message = `Port ${port} of Service ${key} carries ${protocol}, which ${article} ${route.kind} does not reach.`;
    return refusal("UnsupportedProtocol", message);
  }
  return { service: key, port };
}

/** Which ports each kind of route can send to; any other: those whose requests are read. */
const reaches: Readonly<Record<string, (protocol: PortProtocol) => boolean>> = {
  GRPCRoute: (protocol) => carriesHttp(protocol) && protocol !== "http1",
  TLSRoute: carriesTls,
  TCPRoute: carriesOctets,
};

function refusal(reason: string, message: string): Refusal {
  return { reason, message };
}
