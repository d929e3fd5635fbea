import { kindOfCollection } from "../store/collection.ts";

/** Do changes of this collection make revisions? Workloads and Events do not: the control plane makes them. */
export function isIntent(collection: string): boolean {
  return kindOfCollection(collection)?.isMade === false;
}
