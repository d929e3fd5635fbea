import { workloadName } from "@heddle/mesh/resource/heddle/process.ts";
import { kinds } from "@heddle/mesh/resource/index.ts";
import { collectionOf, kindOfCollection } from "../store/collection.ts";
import type { ObjectKey } from "../store/store.ts";

/**
 * The kind that may not have an object of the same name in the same namespace; null: any may. The first workload of a
 * Process and that of a Gateway are called alike, `front-0`, and so is their service account.
 */
export function rivalKind(kind: string): "Process" | "Gateway" | null {
  if (kind === "Process") return "Gateway";
  return kind === "Gateway" ? "Process" : null;
}

/** Why not. @param where its rival is, for people; empty: in the mesh. */
export function rivalMessage(rival: string, name: string, where: string): string {
  const place = where === "" ? "" : `, at ${where}`;
  return `${rival}/${name} runs as workload ${workloadName(name, 0)} already${place}; one of the two needs another name`;
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
