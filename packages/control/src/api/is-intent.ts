import { kindOfCollection } from "../store/collection.ts";
import { workloadCollection } from "../watch/workload-plan.ts";

/** Do changes of this collection make revisions? Workloads are nobody's intent: the control plane makes them. */
export function isIntent(collection: string): boolean {
  return collection !== workloadCollection && kindOfCollection(collection) !== null;
}
