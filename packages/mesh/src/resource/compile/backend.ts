import type { WeightedBackendDoc } from "../../model/document.ts";
import { protocolOf } from "../core/service-protocol.ts";
import type { HttpBackendRef } from "../gateway-api/httproute.ts";
import { isService } from "../gateway-api/reference.ts";
import { namespaceOf, type Resource } from "../meta.ts";
import type { Problem } from "../schema/problem.ts";
import type { Refusal } from "./claims.ts";
import { compileFilters } from "./filters.ts";
import { carriesHttp, carriesTls, isServed } from "./service-port.ts";
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

export interface CompiledBackend {
  readonly backend: WeightedBackendDoc;
  /** What of its filters heddle does not act on, by index. */
  readonly unsupported: readonly Problem[];
  /** Why its share of requests fails, if the reference is the reason. */
  readonly refusal: Refusal | null;
}

/** One backendRef of an HTTPRoute. An invalid one keeps its weight and has no backend, so that its share answers 500. */
export function compileBackend(
  reference: HttpBackendRef,
  prefix: string | null,
  scope: BackendScope,
): CompiledBackend {
  const { filters, unsupported } = compileFilters(reference.filters ?? [], prefix);
  const resolved = resolveBackend(reference, scope);
  const isUsable = !("reason" in resolved) && unsupported.length === 0;
  return {
    backend: {
      backend: isUsable ? resolved : null,
      weight: reference.weight ?? 1,
      filters: isUsable ? filters : [],
    },
    unsupported,
    refusal: "reason" in resolved ? resolved : null,
  };
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
  if (namespace !== namespaceOf(route) && !crossesNamespaces) {
    return refusal("RefNotPermitted", `Service ${key} is in another namespace than the route.`);
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
  const isCarried = route.kind === "TLSRoute" ? carriesTls : carriesHttp;
  if (!isCarried(protocol)) {
    const message = `Port ${port} of Service ${key} carries ${protocol}, which a ${route.kind} does not reach.`;
    return refusal("UnsupportedProtocol", message);
  }
  return { service: key, port };
}

function refusal(reason: string, message: string): Refusal {
  return { reason, message };
}
