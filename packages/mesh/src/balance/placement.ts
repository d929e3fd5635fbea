import { keyHash } from "../base/key-hash.ts";
import type { PlacementDoc, PlacementKeyDoc, SlotsDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import { integerKey } from "../model/integer-key.ts";
import { firstQueryValue, pathSegment, percentDecode } from "../model/target.ts";

/** Who asks: what the keys `source` and `identity` are read from. */
export interface PlacementSource {
  readonly workloadUid: string | null;
  readonly identity: SpiffeId | null;
}

/**
 * Same key, same process: the request's key gives a slot, and the slot's owner answers. Caller and receiver compute
 * both from the path *as forwarded* to the process, after every filter.
 */
export class Placement {
  readonly name: string;
  readonly slots: number;
  readonly whenAway: PlacementDoc["whenAway"];
  readonly #key: PlacementKeyDoc;

  constructor(doc: PlacementDoc) {
    this.name = doc.name;
    this.slots = doc.slots;
    this.whenAway = doc.whenAway;
    this.#key = doc.key;
  }

  /** Is the key part of a request? Else of who asks, so that octets without requests have one, too. */
  get readsRequest(): boolean {
    const { kind } = this.#key.from;
    return kind !== "source" && kind !== "identity";
  }

  /**
   * The request's slot, or -1 where it has no key (`keyOf`): placement says nothing of it, and any process answers.
   */
  slotOf(head: RequestHead, source: PlacementSource): number {
    const key = this.keyOf(head, source);
    return key === null ? -1 : keyHash(key) % this.slots;
  }

  /**
   * The request's key in its one spelling: percent-decoded, and, for type `integer`, without leading zeros. Null where
   * the request has none, or none of the type.
   */
  keyOf(head: RequestHead, source: PlacementSource): string | null {
    const text = this.#textOf(head, source);
    if (text === null) return null;
    return this.#key.type === "text" ? text : integerKey(text);
  }

  #textOf(head: RequestHead, source: PlacementSource): string | null {
    const from = this.#key.from;
    switch (from.kind) {
      case "path-segment": {
        const segment = pathSegment(head.path, from.index);
        return segment === null ? null : percentDecode(segment);
      }
      case "header":
        return head.get(from.name);
      case "query":
        return firstQueryValue(head.path, from.name);
      case "source":
        return source.workloadUid;
      case "identity":
        return source.identity;
    }
  }
}

/** The uid of the workload that owns `slot`, or null where none does. */
export function slotOwner(slots: SlotsDoc, slot: number): string | null {
  return slots.owners[slots.assignment[slot] ?? -1] ?? null;
}
