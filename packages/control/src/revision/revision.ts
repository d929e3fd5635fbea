import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { Write } from "../store/store.ts";

/** Where revisions are kept: objects of the store like any other, not served as resources. */
export const revisionCollection = "revisions.internal.heddle.dev";
/** Older ones are forgotten; a rollback reaches back so far. */
export const revisionsMax = 1_000;

/** One object's intent before and after; null where there was none. */
export interface IntentChange {
  readonly collection: string;
  readonly before: Resource | null;
  readonly after: Resource | null;
}

/** A change of intent: what was changed, by whom, and why. */
export interface Revision {
  readonly revision: number;
  readonly atWallMs: number;
  readonly author: string;
  readonly cause: string;
  readonly changes: readonly IntentChange[];
}

/** Annotations that are bookkeeping, not intent. */
const bookkeeping: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
]);

/** What somebody meant by an object: without status and what the server adds. */
export function intentOf(resource: Resource): Resource {
  const { apiVersion, kind, metadata, spec } = resource;
  const { name, namespace, labels, ownerReferences } = metadata;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => !bookkeeping.has(key),
  );
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(isEmpty(labels) ? {} : { labels: labels! }),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    ...(spec === undefined ? {} : { spec }),
  };
}

/** Do both say the same, whatever the order of their members? */
export function isSameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSameData(item, b[index]));
  }
  // Called for all of a mesh: nothing is allocated but the names.
  let members = 0;
  for (const name of Object.keys(a)) {
    const value: unknown = a[name as never];
    if (value === undefined) continue;
    members++;
    if (!Object.hasOwn(b, name) || !isSameData(value, b[name as never])) return false;
  }
  for (const name of Object.keys(b)) if (b[name as never] !== undefined) members--;
  return members === 0;
}

/** Do both mean the same? */
export function isSameIntent(a: Resource, b: Resource): boolean {
  return isSameData(intentOf(a), intentOf(b));
}

/** `+ Service/kvs`, `~ Process/kvs`, `- HTTPRoute/front`; the namespace where it is not `default`. */
export function summarise(change: IntentChange): string {
  const mark = change.before === null ? "+" : change.after === null ? "-" : "~";
  const { kind, metadata } = (change.after ?? change.before)!;
  const { namespace = "default", name } = metadata;
  return `${mark} ${kind}/${namespace === "default" ? "" : `${namespace}/`}${name}`;
}

/** How a revision is stored. */
export function revisionWrite(revision: Revision): Write {
  const { revision: number, ...spec } = revision;
  const name = revisionName(number);
  return {
    op: "create",
    key: { collection: revisionCollection, namespace: "", name },
    object: {
      apiVersion: "internal.heddle.dev/v1",
      kind: "Revision",
      metadata: { name },
      spec: { ...spec, revision: number },
    },
  };
}

export function revisionOf(object: Resource): Revision {
  return object.spec as Revision;
}

/** Names sort as numbers do. */
export function revisionName(number: number): string {
  return String(number).padStart(12, "0");
}

/**
 * What must change for the intent of `target` to hold again: for every object touched since, what it was before the
 * first of those changes. `later`: all revisions after `target`, in any order.
 */
export function undo(later: readonly Revision[]): readonly IntentChange[] {
  const first = new Map<string, IntentChange>();
  for (const revision of [...later].sort((a, b) => a.revision - b.revision)) {
    for (const change of revision.changes) {
      const { metadata } = (change.after ?? change.before)!;
      const key = `${change.collection}/${metadata.namespace ?? ""}/${metadata.name}`;
      const earliest = first.get(key);
      first.set(key, {
        ...(earliest ?? { collection: change.collection, before: change.before }),
        after: change.after,
      });
    }
  }
  return [...first.values()]
    .filter(({ before, after }) => !isSameData(before, after)) // it came and went, or is as it was
    .map(({ collection, before, after }) => ({ collection, before: after, after: before }));
}

function isEmpty(map: object | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0;
}
