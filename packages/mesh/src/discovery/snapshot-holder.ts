import type { DocumentKey, ServiceKey } from "../snapshot/document.ts";
import type { Delta, Snapshot, Version } from "../snapshot/snapshot.ts";

/** A document that could not be acted on, with all its errors: it answers "unsupported", the rest goes on. */
export interface RefusedDocument {
  readonly document: DocumentKey;
  readonly errors: readonly string[];
}

/** What acts on snapshots: the proxy's runtime. */
export interface SnapshotSink {
  /**
   * Swaps to `snapshot` in one step. `refused` names documents whose form is broken; what is found broken beyond that
   * is returned. Never throws.
   */
  apply(
    snapshot: Snapshot,
    refused: readonly RefusedDocument[],
  ): readonly RefusedDocument[];
}

export type TakeOutcome =
  | { readonly ok: true; readonly refused: readonly RefusedDocument[] }
  | { readonly ok: false; readonly detail: string };

/** Holds the snapshot that a proxy acts on, and takes deltas to it. */
export interface SnapshotHolder {
  /** What a hello says; null: nothing. */
  held(): { readonly version: Version; readonly digest: string } | null;
  /** Applies a delta, or says why it does not fit (other base, other digest). */
  take(delta: Delta): TakeOutcome;
  /** Services used so far. */
  wants(): readonly ServiceKey[];
}
