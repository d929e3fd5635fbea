import type { Document, DocumentKey } from "../model/document.ts";

/** Where a set of documents stands in the store's history. */
export interface Version {
  /** One life of the store; a proxy that sees another asks for the whole. */
  readonly epoch: string;
  /** Grows by one with each change of intent. */
  readonly revision: number;
  /** Grows with each change of endpoints, readiness or slots. */
  readonly endpointsVersion: number;
}

/** Everything a proxy acts on, at one version. Replaced whole, never edited. */
export interface Snapshot extends Version {
  readonly documents: ReadonlyMap<DocumentKey, Document>;
}

/** From `base` to this version; `digest` is that of the result (`snapshot/digest.ts`). */
export interface Delta extends Version {
  /** Null: this is the whole, `removed` is empty and what the proxy has is dropped. */
  readonly base: Version | null;
  readonly changed: readonly Document[];
  readonly removed: readonly DocumentKey[];
  readonly digest: string;
}
