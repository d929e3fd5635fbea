import type { Resource } from "@heddle/mesh/resource/meta.ts";

/** Names one object: `services`, `processes.heddle.dev`; the namespace is empty for cluster-wide kinds. */
export interface ObjectKey {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string;
}

/** One change to be made. `expect`: the resourceVersion the object must still have; null: whatever it has. */
export type Write =
  | { readonly op: "create"; readonly key: ObjectKey; readonly object: Resource }
  | {
      readonly op: "update";
      readonly key: ObjectKey;
      readonly object: Resource;
      readonly expect: string | null;
    }
  | { readonly op: "delete"; readonly key: ObjectKey; readonly expect: string | null };

export type CommitOutcome =
  | {
      readonly ok: true;
      /** As stored, with their new resourceVersion, one for each write; the last state where it was deleted. */
      readonly objects: readonly Resource[];
    }
  | {
      readonly ok: false;
      /** Index of the write that could not be made; none was. */
      readonly at: number;
      readonly problem: "exists" | "missing" | "conflict";
    };

export interface Change {
  readonly type: "added" | "modified" | "deleted";
  readonly key: ObjectKey;
  /** The last state where it was deleted; its resourceVersion is that of the change. */
  readonly object: Resource;
  /** The state before; null where there was none, or where it is not known any more. */
  readonly before: Resource | null;
  readonly version: number;
}

export interface Listed {
  /** By namespace, then name. */
  readonly items: readonly Resource[];
  /** Where a watch goes on from. */
  readonly version: number;
}

export interface Watching {
  close(): void;
}

/** The world failed a commit: nothing of it was made. The message says what people can do something about. */
export class NotCommittedError extends Error {
  override readonly name = "NotCommittedError";
}

/**
 * Where resources are kept: list and watch, compare and set. A commit is whole or nothing, and on stable storage when
 * its promise is fulfilled. Versions grow with every change; clients compare them for equality only.
 */
export interface Store {
  /** One life of the store: another after its data was lost. */
  readonly epoch: string;
  get(key: ObjectKey): Promise<Resource | null>;
  /** `namespace` null: all of them. */
  list(collection: string, namespace: string | null): Promise<Listed>;
  /** Makes all of `writes`, in order, or none. */
  commit(writes: readonly Write[]): Promise<CommitOutcome>;
  /**
   * Calls back with every change after version `from`, in order: those of the past before it returns, those to come
   * as they are committed. Null: `from` is too old, or from another life (list again). `from` null: from now on.
   */
  watch(from: number | null, onChange: (change: Change) => void): Watching | null;
  close(): Promise<void>;
}
