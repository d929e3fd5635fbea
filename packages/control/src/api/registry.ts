import { kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { defaultNamespace } from "@heddle/mesh/resource/meta.ts";
import type { ObjectKey } from "../store/store.ts";
import { rivalKind, rivalMessage } from "../watch/rival.ts";

/** Kinds whose changes are not somebody's intent: the control plane makes them. */
const observed: ReadonlySet<string> = new Set(["workloads.heddle.dev"]);

/** `services`, `processes.heddle.dev`: as Kubernetes names resources. */
export function collectionOf(kind: Pick<Kind, "group" | "plural">): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}

export function kindOfCollection(collection: string): Kind | null {
  return kinds.find((kind) => collectionOf(kind) === collection) ?? null;
}

/** Do changes of this collection make revisions? */
export function isIntent(collection: string): boolean {
  return !observed.has(collection) && kindOfCollection(collection) !== null;
}

/** What may not be there together with the object at `key`, and why; null: nothing. */
export function rivalOf(
  key: ObjectKey,
): { readonly key: ObjectKey; readonly message: string } | null {
  const rival = rivalKind(kindOfCollection(key.collection)?.kind ?? "");
  if (rival === null) return null;
  const collection = collectionOf(kinds.find(({ kind }) => kind === rival)!);
  return { key: { ...key, collection }, message: rivalMessage(rival, key.name, "") };
}

/** Where an object of `kind` is kept. */
export function keyOf(kind: Kind, resource: Resource): ObjectKey {
  return {
    collection: collectionOf(kind),
    namespace: kind.isNamespaced ? (resource.metadata.namespace ?? defaultNamespace) : "",
    name: resource.metadata.name,
  };
}
