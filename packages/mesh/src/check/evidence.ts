import type { RecordedBatch } from "../history/batch.ts";
import type { Workload } from "../resource/heddle/workload.ts";
import type { KnownResource } from "../resource/index.ts";

/** What a checker is given: what was meant, and what was recorded. Nothing that was compiled. */
export interface Evidence {
  /** Intent as it was over time, oldest first; the first holds for all that was before it too. */
  readonly intent: readonly IntentState[];
  /** Who is which process: as stored now, with the addresses that the supervisor found for them. */
  readonly workloads: readonly Workload[];
  readonly batches: readonly RecordedBatch[];
  /** Batches as they were sent, with nothing taken out, so that their numbers can be checked. Default: all. */
  readonly streams?: readonly RecordedBatch[];
  /** Of messages before it one end alone may be recorded. Default: of all there are both. */
  readonly completeFromWallMs?: number;
  /** After a change of intent: until when it may not have reached all proxies, in ms. Default `settleMs`. */
  readonly settleMs?: number;
}

/** Everything somebody wrote, from one moment until the next. */
export interface IntentState {
  readonly fromWallMs: number;
  readonly resources: readonly KnownResource[];
}

/**
 * A change of intent reaches every proxy that is connected within so many ms; what happens meanwhile may follow either
 * and is not judged. Also how long a record may be on its way before it counts as missing.
 */
export const settleMs = 10_000;

/** The resources of one kind. */
export function resourcesOf<K extends KnownResource["kind"]>(
  state: IntentState,
  kind: K,
): readonly Extract<KnownResource, { kind: K }>[] {
  return state.resources.filter(
    (one): one is Extract<KnownResource, { kind: K }> => one.kind === kind,
  );
}
