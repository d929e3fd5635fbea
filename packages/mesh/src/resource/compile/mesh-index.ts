import type { Address } from "../../model/address.ts";
import type { EndpointsDoc, ProxyDoc, SlotsDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import { meshSettings } from "../heddle/mesh.ts";
import type { KnownResource } from "../index.ts";
import { attachableOf } from "./attachables.ts";
import type { Claims } from "./claims.ts";
import type { CompiledGateway, CompiledService } from "./compiled.ts";
import { compileEndpoints } from "./endpoints.ts";
import { compileGateway } from "./gateway.ts";
import type { MeshInputs, MeshOutputs } from "./mesh-inputs.ts";
import { MeshTables } from "./mesh-tables.ts";
import { Output } from "./output.ts";
import { compileProxy, inOrder } from "./proxy.ts";
import { Reads } from "./reads.ts";
import { compileService } from "./service.ts";
import { socketPrefix } from "./sockets.ts";
import type { ResourceKey, TableName } from "./tables.ts";
import { readerOf, Touch, type Tracked } from "./touch.ts";
import type { WorkloadView } from "./workload-view.ts";
import type { CompiledWorld } from "./world.ts";

/** What became different since the last `take()`: the new value, or null where it is gone. */
export type MeshChanges = {
  readonly [K in keyof MeshOutputs]: MeshOutputs[K] extends ReadonlyMap<infer Key, infer V>
    ? ReadonlyMap<Key, V | null>
    : never;
};

/**
 * The documents of a mesh, kept up to date: each change of an input marks what it touches (`touch.ts`), and `take()`
 * compiles only that. After any sequence of changes the outputs equal those of `compileAll` on the same inputs.
 */
export class MeshIndex {
  readonly #tables = new MeshTables();
  readonly #reads = new Reads();
  readonly #services = new Output<CompiledService>();
  readonly #endpoints = new Output<EndpointsDoc>();
  readonly #gateways = new Output<CompiledGateway>();
  readonly #proxies = new Output<ProxyDoc>();
  readonly #claims = new Output<Claims, ResourceKey>();
  readonly #touch = new Touch(this.#tables, this.#reads, {
    services: this.#services,
    endpoints: this.#endpoints,
    gateways: this.#gateways,
    proxies: this.#proxies,
    claims: this.#claims,
  });

  /** The inputs, as they are now. */
  readonly inputs: MeshInputs = this.#tables;

  /** Outputs as of the last `take()`; live views, which the next one changes. */
  readonly outputs: MeshOutputs = {
    services: this.#services.values,
    endpoints: this.#endpoints.values,
    gateways: this.#gateways.values,
    proxies: this.#proxies.values,
    claims: this.#claims.values,
  };

  readonly #world: CompiledWorld = compiledWorld(this.#tables, this.outputs);

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

  /** Where sockets are bound now, all of them, by name: kept as it is, so never edited again. */
  setSockets(sockets: ReadonlyMap<string, Address>): void {
    const before = this.#tables.sockets;
    const owners = new Set<string>();
    const note = (name: string) => owners.add(name.slice(0, name.indexOf("/") + 1));
    // Of a large mesh there are proxies × services.
    sockets.forEach((address, name) => {
      if (!isSameAddress(before.get(name), address)) note(name);
    });
    before.forEach((_address, name) => {
      if (!sockets.has(name)) note(name);
    });
    this.#tables.sockets = sockets;
    for (const view of this.#tables.workloads.values()) {
      if (owners.has(socketPrefix(view))) this.#proxies.touch(view.uid);
    }
  }

  /** Compiles what was touched and says what came out different. Order: what others read comes first. */
  take(): MeshChanges {
    const { services: all, gateways: allGateways } = this.#tables;
    const services = this.#services.update((key) =>
      this.#track("services", key, all.get(key), compileService),
    );
    const gateways = this.#gateways.update((key) =>
      this.#track("gateways", key, allGateways.get(key), compileGateway),
    );
    for (const [key, compiled] of services) this.#touch.afterService(key, compiled);
    for (const key of gateways.keys()) this.#touch.afterGateway(key);
    return {
      services,
      gateways,
      endpoints: this.#endpoints.update((key) => this.#compileEndpoints(key)),
      proxies: this.#updateProxies(),
      claims: this.#claims.update((key) => this.#compileClaims(key)),
    };
  }

  /** What `make` gives, noting what it reads; null where there is nothing to make it from. */
  #track<R, V>(
    output: Tracked,
    key: string,
    resource: R | undefined,
    make: (resource: R, world: CompiledWorld) => V | null,
  ): V | null {
    return this.#reads.track(readerOf(output, key), this.#world, (world) =>
      resource === undefined ? null : make(resource, world),
    );
  }

  #compileClaims(key: ResourceKey): Claims | null {
    const slash = key.indexOf("/");
    const table = key.slice(0, slash) as TableName;
    const resource = this.#tables.resources.all(table).get(key.slice(slash + 1));
    return this.#track("claims", key, resource, attachableOf(table)!.claims);
  }

  #compileEndpoints(key: string): EndpointsDoc | null {
    const { services, workloads, slots } = this.#tables;
    const service = services.get(key);
    if (service === undefined) return null;
    const labels = new Set(this.#services.values.get(key)?.labelsWanted);
    return compileEndpoints(service, workloads.values(), slots.get(key) ?? null, labels);
  }

  #updateProxies(): ReadonlyMap<string, ProxyDoc | null> {
    let services: readonly Service[] | null = null;
    return this.#proxies.update((uid) => {
      services ??= inOrder(this.#tables.services.values());
      return this.#compileProxy(uid, services);
    });
  }

  #compileProxy(uid: string, services: readonly Service[]): ProxyDoc | null {
    const tables = this.#tables;
    const view = tables.workloads.get(uid);
    if (view === undefined) return null;
    return compileProxy(view, {
      clusterDomain: meshSettings(tables.mesh).clusterDomain,
      services,
      gateway: this.#gateways.values.get(`${view.namespace}/${view.gateway}`) ?? null,
      backendTls: (key, port) => this.#services.values.get(key)?.backendTls.get(port),
      socketAddress: (name) => tables.sockets.get(name) ?? null,
    });
  }
}

function isSameAddress(a: Address | undefined, b: Address): boolean {
  return a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b));
}

/** Inputs as they are, and what was compiled from them. */
function compiledWorld(tables: MeshTables, { services, gateways }: MeshOutputs): CompiledWorld {
  return {
    find: (table, key) => tables.find(table, key),
    attached: (table, target) => tables.attached(table, target),
    inNamespace: (table, namespace) => tables.inNamespace(table, namespace),
    get hashKey() {
      return tables.hashKey;
    },
    service: (key) => services.get(key) ?? null,
    gateway: (key) => gateways.get(key) ?? null,
  };
}
