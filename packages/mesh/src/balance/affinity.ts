import { keyHash } from "../base/key-hash.ts";
import type { RequestHead } from "../model/head.ts";
import type { AffinityDoc, AffinityKeyDoc } from "../model/policy.ts";
import { firstQueryValue, pathSegment, percentDecode } from "../model/target.ts";
import { cookieValue } from "./cookie.ts";
import type { PlacementSource } from "./placement.ts";

/**
 * What tends to keep requests of one key at one endpoint, for pickers that hash. It promises nothing: where endpoints come and go
 * some keys move. Who needs a promise needs a `Placement`.
 */
export class Affinity {
  readonly #keys: readonly AffinityKeyDoc[];

  constructor(doc: AffinityDoc) {
    this.#keys = doc.keys;
  }

  /** The hash of the first key that the request has, 0 to 2^31 - 1; -1: it has none of them. */
  hashOf(head: RequestHead, source: PlacementSource): number {
    for (const key of this.#keys) {
      const text = textOf(key, head, source);
      if (text !== null) return keyHash(text) >>> 1;
    }
    return -1;
  }
}

function textOf(key: AffinityKeyDoc, head: RequestHead, source: PlacementSource): string | null {
  switch (key.kind) {
    case "header":
      return head.get(key.name);
    case "cookie":
      return cookieValue(head, key.name);
    case "path-segment": {
      const segment = pathSegment(head.path, key.index);
      return segment === null ? null : percentDecode(segment);
    }
    case "query":
      return firstQueryValue(head.path, key.name);
    case "source":
      return source.workloadUid;
    case "identity":
      return source.identity;
  }
}
