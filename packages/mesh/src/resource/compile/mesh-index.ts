import type { Address } from "../../model/address.ts";
import type { EndpointsDoc, ProxyDoc, SlotsDoc } from "../../model/document.ts";
import { meshSettings } from "../heddle/mesh.ts";
import type { KnownResource } from "../index.ts";
import type { ConditionClaim } from "../meta.ts";
import type { ParentClaims } from "./claims.ts";
import { compileEndpoints } from "./endpoints.ts";
import { type CompiledGateway, compileGateway } from "./gateway.ts";
import { isOurClass } from "./gateway-class.ts";
import type { MeshInputs, MeshOutputs } from "./mesh-inputs.ts";
import { MeshTables } from "./mesh-tables.ts";
import { Output } from "./output.ts";
import { compileProxy } from "./proxy.ts";
import { type CompiledService, compileService } from "./service.ts";
import { socketPrefix } from "./sockets.ts";
import {
  contractClaims,
  faultClaims,
  placementClaims,
  routeClaims,
  tlsRouteClaims,
} from "./status.ts";
import { Touch } from "./touch.ts";
import type { WorkloadView } from "./workload-view.ts";

/** What became different since the last `take()`: the new value, or null where it is gone. */
export type MeshChanges = {
  readonly [K in keyof MeshOutputs]: MeshOutputs[K] extends ReadonlyMap<string, infer V>
    ? ReadonlyMap<string, V | null>
    : never;
};

/**
 * The documents of a mesh, kept up to date: each change of an input marks what it touches (`touch.ts`), and `take()`
 * compiles only that. After any sequence of changes the outputs equal those of `compileAll` on the same inputs.
 */
export class MeshIndex {
  readonly #tables = new MeshTables();
  readonly #services = new Output<CompiledService>();
  readonly #endpoints = new Output<EndpointsDoc>();
  readonly #gateways = new Output<CompiledGateway>();
  readonly #proxies = new Output<ProxyDoc>();
  readonly #routes = new Output<readonly ParentClaims[]>();
  readonly #tlsRoutes = new Output<readonly ParentClaims[]>();
  readonly #placements = new Output<readonly ConditionClaim[]>();
  readonly #contracts = new Output<readonly ConditionClaim[]>();
  readonly #faults = new Output<readonly ConditionClaim[]>();
  readonly #touch = new Touch(this.#tables, {
    services: this.#services,
    endpoints: this.#endpoints,
    gateways: this.#gateways,
    proxies: this.#proxies,
    routes: this.#routes,
    tlsRoutes: this.#tlsRoutes,
    placements: this.#placements,
    contracts: this.#contracts,
    faults: this.#faults,
  });

  /** The inputs, as they are now. */
  readonly inputs: MeshInputs = this.#tables;

  /** Outputs as of the last `take()`; live views, which the next one changes. */
  readonly outputs: MeshOutputs = {
    services: this.#services.values,
    endpoints: this.#endpoints.values,
    gateways: this.#gateways.values,
    proxies: this.#proxies.values,
    routes: this.#routes.values,
    tlsRoutes: this.#tlsRoutes.values,
    placements: this.#placements.values,
    contracts: this.#contracts.values,
    faults: this.#faults.values,
  };

  /** A resource was made or changed. */
  put(resource: KnownResource): void {
    this.#touch.change(resource, false);
  }

  /** A resource is gone; only its kind and name are read. */
  remove(resource: KnownResource): void {
    this.#touch.change(resource, true);
  }

  /** A workload appeared or looks different. */
  putWorkload(view: WorkloadView): void {
    this.#touch.workload(view.uid, view);
  }

  removeWorkload(uid: string): void {
    this.#touch.workload(uid, null);
  }

  /** Who keeps which keys of a service; null: nobody is bound to any. */
  setSlots(service: string, slots: SlotsDoc | null): void {
    if (slots === null) this.#tables.slots.delete(service);
    else this.#tables.slots.set(service, slots);
    this.#endpoints.touch(service);
  }

  /** Key of the hashes of recorded values, 32 hex digits. */
  setHashKey(hashKey: string): void {
    this.#touch.hashKey(hashKey);
  }

  /** Where sockets are bound now, all of them, by name. */
  setSockets(sockets: ReadonlyMap<string, Address>): void {
    const before = this.#tables.sockets;
    const owners = new Set<string>();
    for (const name of [...before.keys(), ...sockets.keys()]) {
      const isSame = JSON.stringify(before.get(name)) === JSON.stringify(sockets.get(name));
      if (!isSame) owners.add(name.slice(0, name.indexOf("/") + 1));
    }
    this.#tables.sockets = new Map(sockets);
    for (const view of this.#tables.workloads.values()) {
      if (owners.has(socketPrefix(view))) this.#proxies.touch(view.uid);
    }
  }

  /** Compiles what was touched and says what came out different. Order: what others read comes first. */
  take(): MeshChanges {
    const services = this.#services.update((key) => this.#compileService(key));
    const gateways = this.#gateways.update((key) => this.#compileGateway(key));
    for (const key of services.keys()) this.#touch.afterService(key);
    for (const key of gateways.keys()) this.#touch.afterGateway(key);
    const { routes, tlsRoutes, placements, contracts, faults } = this.#tables;
    return {
      services,
      gateways,
      endpoints: this.#endpoints.update((key) => this.#compileEndpoints(key)),
      proxies: this.#proxies.update((uid) => this.#compileProxy(uid)),
      routes: this.#routes.update((key) => {
        const route = routes.get(key);
        return route === undefined ? null : routeClaims(route, this.outputs);
      }),
      tlsRoutes: this.#tlsRoutes.update((key) => {
        const route = tlsRoutes.get(key);
        return route === undefined ? null : tlsRouteClaims(route, this.outputs);
      }),
      placements: this.#placements.update((key) => {
        const placement = placements.get(key);
        return placement === undefined ? null : placementClaims(placement, this.outputs);
      }),
      contracts: this.#contracts.update((key) => {
        const contract = contracts.get(key);
        return contract === undefined ? null : contractClaims(contract, this.outputs);
      }),
      faults: this.#faults.update((key) => {
        const fault = faults.get(key);
        return fault === undefined ? null : faultClaims(fault, this.outputs);
      }),
    };
  }

  #compileService(key: string): CompiledService | null {
    const tables = this.#tables;
    const service = tables.services.get(key);
    if (service === undefined) return null;
    return compileService(service, {
      routes: tables.routesOf(`Service/${key}`),
      tlsRoutes: tables.tlsRoutesOf(`Service/${key}`),
      placements: tables.placementsOf(key),
      contracts: tables.contractsOf(key),
      faults: tables.faultsOf(key),
      hashKey: tables.hashKey,
      findService: (name) => tables.services.get(name) ?? null,
    });
  }

  #compileGateway(key: string): CompiledGateway | null {
    const tables = this.#tables;
    const gateway = tables.gateways.get(key);
    if (gateway === undefined) return null;
    return compileGateway(gateway, {
      isOurs: isOurClass(gateway.spec.gatewayClassName, tables.gatewayClasses),
      routes: tables.routesOf(`Gateway/${key}`),
      tlsRoutes: tables.tlsRoutesOf(`Gateway/${key}`),
      findService: (name) => tables.services.get(name) ?? null,
    });
  }

  #compileEndpoints(key: string): EndpointsDoc | null {
    const { services, workloads, slots } = this.#tables;
    const service = services.get(key);
    if (service === undefined) return null;
    return compileEndpoints(service, workloads.values(), slots.get(key) ?? null);
  }

  #compileProxy(uid: string): ProxyDoc | null {
    const tables = this.#tables;
    const view = tables.workloads.get(uid);
    if (view === undefined) return null;
    return compileProxy(view, {
      clusterDomain: meshSettings(tables.mesh).clusterDomain,
      services: tables.services.values(),
      gateway: this.#gateways.values.get(`${view.namespace}/${view.gateway}`) ?? null,
      socketAddress: (name) => tables.sockets.get(name) ?? null,
    });
  }
}
