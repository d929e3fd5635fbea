import { unreachable } from "../../base/assert.ts";
import type { Service } from "../core/service.ts";
import { opaquePortsAnnotation, protocolAnnotation } from "../core/service-protocol.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import { isServiceParent } from "../gateway-api/reference.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Placement } from "../heddle/placement.ts";
import type { KnownResource } from "../index.ts";
import { namespacedName, namespaceOf } from "../meta.ts";
import type { MeshOutputs } from "./mesh-inputs.ts";
import { type MeshTables, setOrDelete, targetsOf } from "./mesh-tables.ts";
import { selects, type WorkloadView } from "./workload-view.ts";

/** Where each kind of output notes that one of its keys must be made anew. */
export type Touchable = { readonly [K in keyof MeshOutputs]: { touch(key: string): void } };

/**
 * Puts changes into the tables and marks which outputs each of them touches.
 *
 *   Service ──┬─▶ its document, its endpoints, every proxy (listeners)
 *             └─▶ the parents of routes that send to it
 *   HTTPRoute, TLSRoute ──▶ its parents, before and after
 *   Placement, Contract, Fault ──▶ its targets, before and after
 *   Workload ───▶ its proxy, and endpoints of services that select it, before and after
 */
export class Touch {
  readonly #tables: MeshTables;
  readonly #outputs: Touchable;

  constructor(tables: MeshTables, outputs: Touchable) {
    this.#tables = tables;
    this.#outputs = outputs;
  }

  /** `resource` names what changed; `isGone` tells whether it is there no more. */
  change(resource: KnownResource, isGone: boolean): void {
    const key = namespacedName(resource);
    const tables = this.#tables;
    switch (resource.kind) {
      case "Service": {
        const before = tables.services.get(key) ?? null;
        const after = isGone ? null : resource;
        setOrDelete(tables.services, key, after);
        this.#service(key);
        // Every proxy listens for every service, so that what says nothing new of listeners is kept from them.
        if (listenersOf(before) !== listenersOf(after)) this.#allProxies();
        return;
      }
      case "HTTPRoute": {
        const before = tables.routes.get(key);
        tables.setRoute(key, isGone ? null : resource);
        this.#outputs.routes.touch(key);
        for (const route of [before, resource]) this.#parents(route);
        return;
      }
      case "TLSRoute": {
        const before = tables.tlsRoutes.get(key);
        tables.setTlsRoute(key, isGone ? null : resource);
        this.#outputs.tlsRoutes.touch(key);
        for (const route of [before, resource]) this.#parents(route);
        return;
      }
      case "Placement": {
        const before = tables.placements.get(key);
        tables.setPlacement(key, isGone ? null : resource);
        this.#outputs.placements.touch(key);
        this.#targets(before, resource);
        return;
      }
      case "Contract": {
        const before = tables.contracts.get(key);
        tables.setContract(key, isGone ? null : resource);
        this.#outputs.contracts.touch(key);
        this.#targets(before, resource);
        return;
      }
      case "Fault": {
        const before = tables.faults.get(key);
        tables.setFault(key, isGone ? null : resource);
        this.#outputs.faults.touch(key);
        this.#targets(before, resource);
        return;
      }
      case "Gateway":
        setOrDelete(tables.gateways, key, isGone ? null : resource);
        this.#outputs.gateways.touch(key);
        return;
      case "GatewayClass":
        setOrDelete(tables.gatewayClasses, resource.metadata.name, isGone ? null : resource);
        for (const [gateway, { spec }] of tables.gateways) {
          if (spec.gatewayClassName === resource.metadata.name)
            this.#outputs.gateways.touch(gateway);
        }
        return;
      case "Mesh":
        tables.mesh = isGone ? null : resource;
        this.#allProxies();
        return;
      case "Process":
      case "Workload":
        return; // they become processes first, and come back as WorkloadViews
      case "Event":
        return; // tells what happened; nothing follows from it
      default:
        unreachable(resource);
    }
  }

  /** A workload appeared, looks different, or went. */
  workload(uid: string, after: WorkloadView | null): void {
    const before = this.#tables.workloads.get(uid) ?? null;
    setOrDelete(this.#tables.workloads, uid, after);
    this.#outputs.proxies.touch(uid);
    for (const [key, service] of this.#tables.services) {
      const isIn = [before, after].some((view) => view !== null && selects(service, view));
      if (isIn) this.#outputs.endpoints.touch(key);
    }
  }

  /** The compiled form of a service came out different. */
  afterService(key: string): void {
    this.#routesOf(`Service/${key}`);
    for (const placement of this.#tables.placementsOf(key)) {
      this.#outputs.placements.touch(namespacedName(placement));
    }
    for (const contract of this.#tables.contractsOf(key)) {
      this.#outputs.contracts.touch(namespacedName(contract));
    }
    for (const fault of this.#tables.faultsOf(key)) {
      this.#outputs.faults.touch(namespacedName(fault));
    }
  }

  /** Recorded values are hashed with another key. */
  hashKey(hashKey: string): void {
    if (this.#tables.hashKey === hashKey) return;
    this.#tables.hashKey = hashKey;
    for (const contract of this.#tables.contracts.values()) this.#targets(contract);
  }

  /** The compiled form of a gateway came out different. */
  afterGateway(key: string): void {
    this.#routesOf(`Gateway/${key}`);
    for (const { uid, namespace, gateway } of this.#tables.workloads.values()) {
      if (`${namespace}/${gateway}` === key) this.#outputs.proxies.touch(uid);
    }
  }

  #service(key: string): void {
    this.#outputs.services.touch(key);
    this.#outputs.endpoints.touch(key);
    for (const route of this.#tables.routesTo(key)) this.#parents(route);
  }

  #routesOf(parent: string): void {
    for (const route of this.#tables.routesOf(parent)) {
      this.#outputs.routes.touch(namespacedName(route));
    }
    for (const route of this.#tables.tlsRoutesOf(parent)) {
      this.#outputs.tlsRoutes.touch(namespacedName(route));
    }
  }

  #parents(route: HttpRoute | TlsRoute | undefined): void {
    for (const parent of route?.spec.parentRefs ?? []) {
      const key = `${parent.namespace ?? namespaceOf(route!)}/${parent.name}`;
      const { services, gateways } = this.#outputs;
      (isServiceParent(parent) ? services : gateways).touch(key);
    }
  }

  /** Services that any of `resources` is about. */
  #targets(...resources: readonly (Placement | Contract | Fault | undefined)[]): void {
    for (const one of resources) {
      for (const service of targetsOf(one ?? null)) this.#outputs.services.touch(service);
    }
  }

  #allProxies(): void {
    for (const uid of this.#tables.workloads.keys()) this.#outputs.proxies.touch(uid);
  }
}

/** What proxies' own documents are made of, as text: an annotation may say what a port speaks. */
function listenersOf(service: Service | null): string {
  const { annotations } = service?.metadata ?? {};
  const said = [annotations?.[protocolAnnotation], annotations?.[opaquePortsAnnotation]];
  return JSON.stringify([service?.spec, said]);
}
