import type { MemoryStore } from "@heddle/control/store/memory.ts";
import { slotOwner } from "@heddle/mesh/balance/placement.ts";
import { keyHash } from "@heddle/mesh/base/key-hash.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { EndpointsDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import {
  base,
  type Edit,
  kvsProcess,
  mirror,
  placement,
  remove,
  rewrite,
  split,
  trafficSplit,
  writesOf,
} from "./intent.ts";
import { placeOf } from "./resources.ts";
import type { Shop } from "./shop.ts";
import type { Supervisor } from "./supervisor.ts";

/** What the mesh is told to do, as it changes, and what follows for the owner of a key. */
export class Config {
  readonly #store: MemoryStore;
  readonly #supervisor: Supervisor;
  readonly #isPlaced: boolean;
  readonly #shop: Shop;
  #changes = 0;

  /** @param isPlaced most of the time each key has its process, and no route leads around it */
  constructor(store: MemoryStore, supervisor: Supervisor, isPlaced: boolean, shop: Shop) {
    this.#isPlaced = isPlaced;
    this.#shop = shop;
    this.#store = store;
    this.#supervisor = supervisor;
  }

  /** Makes a change at random, a gentle one of those that must be felt by nobody; false while there is no control plane to make it. */
  change(rng: Rng, isGentle: boolean): boolean {
    const ware = rng.below(3) === 0 ? this.#shop.change(rng) : null;
    if (ware !== null) {
      const { put, gone } = ware;
      return this.apply(
        put === null ? { put: [], remove: [placeOf(gone)] } : { put: [put], remove: [] },
      );
    }
    if (this.#isPlaced) return this.apply(placedEdit(rng, isGentle));
    return this.apply(isGentle ? gentleEdit(rng) : randomEdit(rng));
  }

  /** What there is at first. */
  begin(): boolean {
    return this.apply({
      put: [...base, ...(this.#isPlaced ? [placement("wait")] : []), ...this.#shop.first.values()],
      remove: [],
    });
  }

  /** Back to where it began, as far as nobody feels it. */
  reset(): boolean {
    const { put, gone } = this.#shop.rest;
    return this.apply({
      put: [...base, ...(this.#isPlaced ? [placement("wait")] : []), ...put],
      remove: [
        ...gone.map(placeOf),
        remove("HTTPRoute", "split"),
        remove("HTTPRoute", "rewrite"),
        remove("TrafficSplit", "split"),
        remove("Service", "kvs-twin"),
        ...(this.#isPlaced ? [] : [remove("Placement", "by-key")]),
        remove("Service", "kvs-mirror"),
      ],
    });
  }

  apply(edit: Edit): boolean {
    const { control } = this.#supervisor;
    if (control === null) return false;
    const writes = writesOf(edit, (collection, name) => {
      return this.#store.read({ collection, namespace: "default", name }) !== null;
    });
    if (writes.length === 0) return false;
    void control.change(writes, `change ${++this.#changes}`);
    return true;
  }

  /**
   * The name of the one process that may answer for `key`, where every proxy concerned runs the same rule and the same
   * assignment of slots; null where any may, or where it is changing.
   */
  ownerOf(key: number): string | null {
    const { workloads } = this.#supervisor;
    let seen: string | null = null;
    let names: ReadonlyMap<string, string> | null = null;
    for (const { spec, proxy } of workloads.values()) {
      const documents = proxy?.holder.snapshot?.documents;
      const service = documents?.get("service/default/kvs") as ServiceDoc | undefined;
      const endpoints = documents?.get("endpoints/default/kvs") as EndpointsDoc | undefined;
      if (service === undefined || endpoints === undefined) {
        if (spec.name.startsWith("kvs") || spec.name.startsWith("visitor")) return null;
        continue;
      }
      const { placement } = service;
      const isRouted = service.ports.some((port) => port.routes !== null);
      if (placement === null || placement.whenAway === "move" || isRouted) return null;
      if (endpoints.slots === null) return null;
      const owner = slotOwner(endpoints.slots, keyHash(String(key)) % placement.slots);
      if (owner === null || (seen !== null && seen !== owner)) return null;
      seen = owner;
      names ??= new Map(Array.from(workloads.values(), (one) => [one.spec.uid, one.spec.name]));
    }
    return seen === null ? null : (names?.get(seen) ?? null);
  }
}

function randomEdit(rng: Rng): Edit {
  switch (rng.below(8)) {
    case 0:
    case 1:
      return { put: [placement((["wait", "refuse", "move"] as const)[rng.below(3)]!)], remove: [] };
    case 2:
      return { put: [], remove: [remove("Placement", "by-key")] };
    case 3:
      return { put: [mirror, split, ...trafficSplit], remove: [] };
    case 4:
      // A Service that a route still names: its share fails.
      return { put: [], remove: [remove("Service", "kvs-mirror")] };
    case 5:
      return { put: [], remove: [remove("HTTPRoute", "split"), remove("Service", "kvs-mirror")] };
    case 6:
      return rng.below(2) === 0
        ? { put: [rewrite], remove: [] }
        : { put: [], remove: [remove("HTTPRoute", "rewrite"), remove("TrafficSplit", "split")] };
    default:
      return { put: [kvsProcess(2 + rng.below(2))], remove: [] };
  }
}

/** Nothing that could not be carried out. */
function gentleEdit(rng: Rng): Edit {
  switch (rng.below(6)) {
    case 0:
      return { put: [placement("wait")], remove: [] };
    case 1:
      return { put: [], remove: [remove("Placement", "by-key")] };
    case 2:
      return { put: [mirror], remove: [] };
    case 3:
      return { put: [mirror, split, ...trafficSplit], remove: [] };
    case 4:
      // The split by SMI holds from then on.
      return { put: [], remove: [remove("HTTPRoute", "split")] };
    default:
      return { put: [kvsProcess(2 + rng.below(2))], remove: [] };
  }
}

function placedEdit(rng: Rng, isGentle: boolean): Edit {
  switch (rng.below(5)) {
    case 0:
      return isGentle
        ? { put: [placement("wait")], remove: [] }
        : { put: [placement((["refuse", "move"] as const)[rng.below(2)]!)], remove: [] };
    case 1:
    case 2:
      return { put: [placement("wait")], remove: [] };
    case 3:
      return rng.below(2) === 0
        ? { put: [mirror], remove: [] }
        : { put: [], remove: [remove("Service", "kvs-mirror")] };
    default:
      return { put: [kvsProcess(2 + rng.below(2))], remove: [] };
  }
}
