import type { Address } from "../../model/address.ts";
import type { SlotsDoc } from "../../model/document.ts";
import type { KnownResource } from "../index.ts";
import { namespaceOf, type Resource } from "../meta.ts";
import { attachableOf } from "./attachables.ts";
import type { MeshInputs } from "./mesh-inputs.ts";
import { noHashKey } from "./service.ts";
import { type ResourceKey, type TableName, type Tables, tableKey, tableOf } from "./tables.ts";
import type { WorkloadView } from "./workload-view.ts";
import type { World } from "./world.ts";

/** The inputs of a mesh, with the reverse of their references: who is attached to what. */
export class MeshTables implements MeshInputs, World {
  readonly workloads = new Map<string, WorkloadView>();
  readonly slots = new Map<string, SlotsDoc>();
  sockets: ReadonlyMap<string, Address> = new Map();
  hashKey = noHashKey;
  readonly #tables = new Map<TableName, Map<string, Resource>>();
  readonly #attached = new Map<ResourceKey, Map<TableName, Map<string, Resource>>>();
  readonly #inNamespace = new Map<string, Map<string, Resource>>();
  readonly resources = { all: <K extends TableName>(table: K) => this.#table(table) };
  readonly services = this.#table("Service");
  readonly gateways = this.#table("Gateway");
  readonly gatewayClasses = this.#table("GatewayClass");

  constructor(resources: Iterable<KnownResource> = []) {
    for (const resource of resources) this.set(resource);
  }

  get mesh() {
    return this.find("Mesh", "mesh");
  }

  /** Puts in, or takes out. Null: nothing is compiled from its kind. */
  set(resource: KnownResource, isGone = false): TableChange | null {
    const table = tableOf(resource);
    if (table === null) return null;
    const key = tableKey(resource);
    const before = this.#table(table).get(key) ?? null;
    const after = isGone ? null : resource;
    const [left, entered] = [targetsOf(table, before), targetsOf(table, after)];
    for (const target of left) this.#detach(table, key, target);
    for (const target of entered) this.#attach(table, key, target, resource);
    const place = `${table}/${namespaceOf(resource)}`;
    const there = this.#inNamespace.get(place) ?? new Map<string, Resource>();
    this.#inNamespace.set(place, there);
    setOrDelete(this.#table(table) as unknown as Map<string, Resource>, key, after);
    setOrDelete(there, key, after);
    return { table, targets: new Set([...left, ...entered]) };
  }

  find<K extends TableName>(table: K, key: string): Tables[K] | null {
    return this.#table(table).get(key) ?? null;
  }

  attached<K extends TableName>(table: K, target: ResourceKey): readonly Tables[K][] {
    return [...(this.#attached.get(target)?.get(table)?.values() ?? [])] as unknown as Tables[K][];
  }

  inNamespace<K extends TableName>(table: K, namespace: string): readonly Tables[K][] {
    const all = this.#inNamespace.get(`${table}/${namespace}`)?.values() ?? [];
    return [...all] as unknown as Tables[K][];
  }

  #table<K extends TableName>(name: K): Map<string, Tables[K]> {
    const known = this.#tables.get(name) ?? new Map<string, Resource>();
    this.#tables.set(name, known);
    return known as unknown as Map<string, Tables[K]>;
  }

  #attach(table: TableName, key: string, target: ResourceKey, resource: Resource): void {
    const there = this.#attached.get(target) ?? new Map<TableName, Map<string, Resource>>();
    this.#attached.set(target, there);
    const found = there.get(table) ?? new Map<string, Resource>();
    there.set(table, found.set(key, resource));
  }

  #detach(table: TableName, key: string, target: ResourceKey): void {
    const there = this.#attached.get(target);
    const found = there?.get(table);
    found?.delete(key);
    if (found?.size === 0) there?.delete(table);
    if (there?.size === 0) this.#attached.delete(target);
  }
}

/** What it was and is attached to, together. */
interface TableChange {
  readonly table: TableName;
  readonly targets: ReadonlySet<ResourceKey>;
}

/** Of what a resource of `table` says something, once each. */
function targetsOf(table: TableName, resource: Resource | null): ReadonlySet<ResourceKey> {
  const attachable = resource === null ? null : attachableOf(table);
  return new Set(attachable?.targets(resource as Tables[TableName]) ?? []);
}

export function setOrDelete<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
