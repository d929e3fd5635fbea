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
}

/** From when all there was is at hand, wall ms; 0: nobody says. */
export function completeFromWallMs({ batches, complete }: Recorded): number {
  if (complete === null) return 0;
  const leftOut = complete.leftOutUntilWallMs ?? 0;
  // In another boot than the one that is told of nothing else was left out.
  const batch = batches.find(({ boot }) => boot === complete.boot);
  if (batch === undefined) return leftOut;
  return Math.max(leftOut, Math.max(complete.whole, complete.sampled) + batch.wallOffsetMs);
}

/** All that the API gives for `query`. @throws StatusError, Fault. */
export async function fetchRecorded(
  api: Pick<ApiClient, "lines">,
  query: RecordedQuery,
): Promise<FetchedRecords> {
  const batches: RecordedBatch[] = [];
  const starts: ProcessStart[] = [];
  let keptCount: number | null = null;
  let complete: Recorded["complete"] = null;
  for await (const line of api.lines("recorded", { query: { ...query } })) {
    const told = line as RecordedLine;
    if ("batch" in told) batches.push(told.batch);
    else if ("start" in told) starts.push(told.start);
    else if ("complete" in told) {
      complete = told.complete;
      keptCount = batches.length;
    }
  }
  return { batches, kept: batches.slice(0, keptCount ?? batches.length), starts, complete };
}
