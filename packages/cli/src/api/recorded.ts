import type { RecordedQuery } from "@heddle/control/api/verbs.ts";
import type { ProcessStart, RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import type { ApiClient } from "./client.ts";

/** What is kept of traffic, and what live proxies still hold. */
export interface Recorded {
  readonly batches: readonly RecordedBatch[];
  readonly starts: readonly ProcessStart[];
  /** From when the stores are complete; null: they did not say. */
  readonly complete: Extract<RecordedLine, { complete: unknown }>["complete"] | null;
}

/** And how it came. */
export interface FetchedRecords extends Recorded {
  /** Batches that were kept, as they were sent but for what a query took out; the rest live proxies still hold. */
  readonly kept: readonly RecordedBatch[];
  /** What was left out because there is more than was asked for ended up to then; wall ms. 0: nothing was. */
  readonly droppedUntilWallMs: number;
}

/** From when all there was is at hand, wall ms; 0: nobody says. */
export function completeFromWallMs(recorded: Recorded & Partial<FetchedRecords>): number {
  const { batches, complete, droppedUntilWallMs = 0 } = recorded;
  // In another boot than the one that is told of nothing was left out.
  const batch = batches.find(({ boot }) => boot === complete?.boot);
  if (complete === null || batch === undefined) return droppedUntilWallMs;
  const keptFromMs = Math.max(complete.whole, complete.sampled);
  return Math.max(droppedUntilWallMs, keptFromMs + batch.wallOffsetMs);
}

/**
 * All that the API gives for `query`, or the newest of it. @throws StatusError, Fault.
 * @param exchangesMax so many exchanges at least, in whole batches; older ones go
 */
export async function fetchRecorded(
  api: Pick<ApiClient, "lines">,
  query: RecordedQuery,
  exchangesMax = Number.POSITIVE_INFINITY,
): Promise<FetchedRecords> {
  const batches: RecordedBatch[] = [];
  let held = 0;
  let first = 0;
  let keptCount: number | null = null;
  let droppedUntilWallMs = 0;
  const add = (batch: RecordedBatch) => {
    batches.push(batch);
    held += batch.exchanges.length;
    while (held - batches[first]!.exchanges.length >= exchangesMax) {
      const gone = batches[first]!;
      held -= gone.exchanges.length;
      for (const { endMs } of gone.exchanges) {
        droppedUntilWallMs = Math.max(droppedUntilWallMs, endMs + gone.wallOffsetMs);
      }
      batches[first++] = { ...gone, exchanges: [] }; // its octets may go now
    }
  };
  const starts: ProcessStart[] = [];
  let complete: Recorded["complete"] = null;
  for await (const line of api.lines("recorded", { query: { ...query } })) {
    const told = line as RecordedLine;
    if ("batch" in told) add(told.batch);
    else if ("start" in told) starts.push(told.start);
    else if ("complete" in told) {
      complete = told.complete;
      keptCount = batches.length;
    }
  }
  return {
    batches: batches.slice(first),
    kept: batches.slice(first, Math.max(first, keptCount ?? batches.length)),
    droppedUntilWallMs,
    starts,
    complete,
  };
}
