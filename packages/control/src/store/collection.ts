import { kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import type { ObjectKey } from "./store.ts";

/** Where objects of a kind are kept: `services`, `processes.heddle.dev`, as Kubernetes names resources. */
export function collectionOf({ group, plural }: Pick<Kind, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Null for what is no kind of ours: revisions, slots. */
export function kindOfCollection(collection: string): Kind | null {
  return kinds.find((kind) => collectionOf(kind) === collection) ?? null;
}

/** Where an object of `kind` is kept. */
export function keyOf(kind: Kind, resource: Resource): ObjectKey {
  return {
    collection: collectionOf(kind),
    namespace: kind.isNamespaced ? namespaceOf(resource) : "",
    name: resource.metadata.name,
  };
}
