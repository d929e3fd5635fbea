import type { MeshIndex, ResourceKey, TableName } from "@heddle/mesh/resource/compile.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";

/** The resource of a key that something is said of (`outputs.claims`); null: it is gone. */
export function resourceOf(index: MeshIndex, key: ResourceKey): Resource | null {
  const slash = key.indexOf("/");
  const table = key.slice(0, slash) as TableName;
  return index.inputs.resources.all(table).get(key.slice(slash + 1)) ?? null;
}
