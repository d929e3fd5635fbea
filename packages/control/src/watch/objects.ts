import type { ProcessStart } from "@heddle/mesh/history/batch.ts";
import type { SlotsDoc } from "@heddle/mesh/model/document.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { eventKind } from "@heddle/mesh/resource/core/event.ts";
import {
  builtInGatewayClass,
  gatewayClassKind,
} from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import { builtInXMesh, xMeshKind } from "@heddle/mesh/resource/gateway-api/xmesh.ts";
import { type Process, processKind } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import { type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import {
  namespacedName,
  namespaceOf,
  type Resource,
  resourceKey,
} from "@heddle/mesh/resource/meta.ts";
import { isSameIntent } from "../revision/revision.ts";
import { collectionOf, kindOfCollection } from "../store/collection.ts";
import type { Change, ObjectKey, Store, Watching, Write } from "../store/store.ts";
import { timestamp, workloadCollection } from "./workload-plan.ts";

/** Who keeps which keys of a service; kept so that it outlives everything. Named `<service>`. */
export const slotsCollection = "slots.internal.heddle.dev";

export const eventCollection = collectionOf(eventKind);

/** The store's objects, followed: resources go to the index, processes and workloads are kept here. */
export class Objects {
  readonly processes = new Map<string, Process>();
  readonly workloads = new Map<string, Workload>();
  readonly slots = new Map<string, SlotsDoc>();
  /** All other resources with their newest status, by `resourceKey`. */
  readonly #latest = new Map<string, Resource>();
  readonly #index: MeshIndex;
  readonly #onChange: () => void;
  #watching: Watching | null = null;

  /** @param onChange called after each change that is more than a status. */
  constructor(index: MeshIndex, onChange: () => void) {
    this.#index = index;
    this.#onChange = onChange;
  }

  /** Takes in what there is and follows what changes. */
  async follow(store: Store): Promise<void> {
    let from: number | null = null;
    for (const collection of [...kinds.map(collectionOf), slotsCollection].filter(isFollowed)) {
      const { items, version } = await store.list(collection, null);
      from ??= version; // changes made while listing are seen twice, which does no harm
      for (const object of items) this.#put(collection, object);
    }
    this.#watching = store.watch(from, (change) => this.#onStoreChange(change));
    if (this.#watching === null) throw new Error("store: cannot watch what was just listed");
  }

  /** A resource as it is stored now: the index keeps its intent alone. */
  latest(resource: Resource): Resource {
    return this.#latest.get(resourceKey(resource)) ?? resource;
  }

  /** The same, by `resourceKey`; undefined: there is none. */
  latestAt(key: string): Resource | undefined {
    return this.#latest.get(key);
  }

  /** Who a workload is, by uid; null: there is none. */
  workloadOf(uid: string): ProcessStart["workload"] | null {
    for (const workload of this.workloads.values()) {
      if (workload.metadata.uid !== uid) continue;
      return { uid, name: workload.metadata.name, namespace: namespaceOf(workload) };
    }
    return null;
  }

  /** What a Workload owns, or owned. */
  ownedByWorkloads(): readonly Resource[] {
    return [...this.#latest.values()].filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined &&
        metadata.ownerReferences?.some(({ kind }) => kind === "Workload") === true,
    );
  }

  close(): void {
    this.#watching?.close();
  }

  #onStoreChange({ type, key, object, before }: Change): void {
    if (!isFollowed(key.collection)) return;
    if (type === "deleted") {
      this.#latest.delete(resourceKey(object));
      this.#remove(key, object);
      this.#onChange();
      return;
    }
    const statusOnly = before !== null && isSameBeside(before, object);
    if (statusOnly && !statusMatters(key.collection)) {
      this.#latest.set(resourceKey(object), object);
      return;
    }
    this.#put(key.collection, object);
    if (!statusOnly) this.#onChange();
  }

  #put(collection: string, object: Resource): void {
    if (collection === slotsCollection) {
      this.slots.set(namespacedName(object), object.spec as SlotsDoc);
      return;
    }
    this.#latest.set(resourceKey(object), object);
    const known = object as KnownResource;
    if (known.kind === "Process") this.processes.set(namespacedName(known), known);
    else if (known.kind === "Workload") this.workloads.set(namespacedName(known), known);
    else if (kinds.some(({ kind }) => kind === known.kind)) this.#index.put(known);
  }

  #remove({ collection }: ObjectKey, object: Resource): void {
    const name = namespacedName(object);
    if (collection === slotsCollection) this.slots.delete(name);
    const known = object as KnownResource;
    if (known.kind === "Process") this.processes.delete(name);
    else if (known.kind === "Workload") this.workloads.delete(name);
    else if (kinds.some(({ kind }) => kind === known.kind)) this.#index.remove(known);
  }
}

/** Revisions, for one, are kept in the same store; and of Events, which we write ourselves, nothing follows. */
function isFollowed(collection: string): boolean {
  if (collection === slotsCollection) return true;
  return collection !== eventCollection && kindOfCollection(collection) !== null;
}

/** We write the status of these into what we keep of them. */
function statusMatters(collection: string): boolean {
  return collection === workloadCollection || collection === collectionOf(processKind);
}

function isSameBeside(before: Resource, after: Resource): boolean {
  return (
    isSameIntent(before, after) &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp
  );
}

/** How an assignment of slots is stored. */
export function slotsWrite(service: string, slots: SlotsDoc, isNew: boolean): Write {
  const [namespace = "", name = ""] = service.split("/");
  const key = { collection: slotsCollection, namespace, name };
  const object = {
    apiVersion: "internal.heddle.dev/v1",
    kind: "Slots",
    metadata: { name, namespace },
    spec: slots,
  };
  return isNew ? { op: "create", key, object } : { op: "update", key, object, expect: null };
}

/** The GatewayClass and the XMesh that are there from the start: one commit each, for one may be there already. */
export function builtInWrites(newUid: () => string, nowWallMs: number): readonly Write[] {
  const creationTimestamp = timestamp(nowWallMs);
  const builtIn: readonly (readonly [Kind, Resource])[] = [
    [gatewayClassKind, builtInGatewayClass],
    [xMeshKind, builtInXMesh],
  ];
  return builtIn.map(([kind, resource]) => {
    const { name } = resource.metadata;
    const metadata = { name, uid: newUid(), creationTimestamp, generation: 1 };
    const key = { collection: collectionOf(kind), namespace: "", name };
    return { op: "create", key, object: { ...resource, metadata } };
  });
}
