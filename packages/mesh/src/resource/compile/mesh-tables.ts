import type { Address } from "../../model/address.ts";
import type { SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { GatewayClass } from "../gateway-api/gatewayclass.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import { isService, isServiceParent } from "../gateway-api/reference.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Mesh } from "../heddle/mesh.ts";
import type { Placement } from "../heddle/placement.ts";
import { namespaceOf } from "../meta.ts";
import type { MeshInputs } from "./mesh-inputs.ts";
import { noHashKey } from "./service.ts";
import type { WorkloadView } from "./workload-view.ts";

/** The inputs of a mesh, with the reverse of their references: who points at what. */
export class MeshTables implements MeshInputs {
  mesh: Mesh | null = null;
  readonly services = new Map<string, Service>();
  readonly routes = new Map<string, HttpRoute>();
  readonly tlsRoutes = new Map<string, TlsRoute>();
  readonly placements = new Map<string, Placement>();
  readonly contracts = new Map<string, Contract>();
  readonly faults = new Map<string, Fault>();
  readonly gateways = new Map<string, Gateway>();
  readonly gatewayClasses = new Map<string, GatewayClass>();
  readonly workloads = new Map<string, WorkloadView>();
  readonly slots = new Map<string, SlotsDoc>();
  sockets: ReadonlyMap<string, Address> = new Map();
  hashKey = noHashKey;
  /** `Service/<key>` or `Gateway/<key>` → routes that have it as a parent. */
  readonly #byParent = new Pointers<HttpRoute>();
  readonly #byBackend = new Pointers<HttpRoute>();
  readonly #tlsByParent = new Pointers<TlsRoute>();
  readonly #tlsByBackend = new Pointers<TlsRoute>();
  readonly #placed = new Pointers<Placement>();
  readonly #contracted = new Pointers<Contract>();
  readonly #faulted = new Pointers<Fault>();

  setRoute(key: string, route: HttpRoute | null): void {
    this.#byParent.set(key, route, route === null ? [] : parentsOf(route));
    this.#byBackend.set(key, route, route === null ? [] : backendsOf(route));
    setOrDelete(this.routes, key, route);
  }

  setTlsRoute(key: string, route: TlsRoute | null): void {
    this.#tlsByParent.set(key, route, route === null ? [] : parentsOf(route));
    this.#tlsByBackend.set(key, route, route === null ? [] : backendsOf(route));
    setOrDelete(this.tlsRoutes, key, route);
  }

  setPlacement(key: string, placement: Placement | null): void {
    this.#placed.set(key, placement, targetsOf(placement));
    setOrDelete(this.placements, key, placement);
  }

  setContract(key: string, contract: Contract | null): void {
    this.#contracted.set(key, contract, targetsOf(contract));
    setOrDelete(this.contracts, key, contract);
  }

  setFault(key: string, fault: Fault | null): void {
    this.#faulted.set(key, fault, targetsOf(fault));
    setOrDelete(this.faults, key, fault);
  }

  /** Routes with this parent, `Service/<key>` or `Gateway/<key>`. */
  routesOf(parent: string): readonly HttpRoute[] {
    return this.#byParent.to(parent);
  }

  tlsRoutesOf(parent: string): readonly TlsRoute[] {
    return this.#tlsByParent.to(parent);
  }

  /** Routes of both kinds with a backend that is this service. */
  routesTo(service: string): readonly (HttpRoute | TlsRoute)[] {
    return [...this.#byBackend.to(service), ...this.#tlsByBackend.to(service)];
  }

  /** Placements that target this service. */
  placementsOf(service: string): readonly Placement[] {
    return this.#placed.to(service);
  }

  contractsOf(service: string): readonly Contract[] {
    return this.#contracted.to(service);
  }

  faultsOf(service: string): readonly Fault[] {
    return this.#faulted.to(service);
  }
}

/** Which sources point at a target, kept up to date as sources change. */
class Pointers<S> {
  readonly #targets = new Map<string, readonly string[]>();
  readonly #sources = new Map<string, Map<string, S>>();

  set(key: string, source: S | null, targets: readonly string[]): void {
    for (const target of this.#targets.get(key) ?? []) {
      const sources = this.#sources.get(target);
      sources?.delete(key);
      if (sources?.size === 0) this.#sources.delete(target);
    }
    if (source === null) {
      this.#targets.delete(key);
      return;
    }
    this.#targets.set(key, targets);
    for (const target of targets) {
      const sources = this.#sources.get(target) ?? new Map<string, S>();
      this.#sources.set(target, sources.set(key, source));
    }
  }

  to(target: string): readonly S[] {
    return [...(this.#sources.get(target)?.values() ?? [])];
  }
}

/** Services that it is about, by `<namespace>/<name>`. */
export function targetsOf(resource: Placement | Contract | Fault | null): readonly string[] {
  return (resource?.spec.targetRefs ?? []).map(({ name }) => `${namespaceOf(resource!)}/${name}`);
}

export function setOrDelete<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}

function parentsOf(route: HttpRoute | TlsRoute): readonly string[] {
  return (route.spec.parentRefs ?? []).map((parent) => {
    const kind = isServiceParent(parent) ? "Service" : "Gateway";
    return `${kind}/${parent.namespace ?? namespaceOf(route)}/${parent.name}`;
  });
}

function backendsOf(route: HttpRoute | TlsRoute): readonly string[] {
  const rules: readonly { readonly backendRefs?: readonly BackendRef[] }[] = route.spec.rules ?? [];
  return rules
    .flatMap((rule) => rule.backendRefs ?? [])
    .filter(isService)
    .map(({ namespace = namespaceOf(route), name }) => `${namespace}/${name}`);
}

interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}
