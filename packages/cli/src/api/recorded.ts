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

/** All that the API gives for `query`. @throws StatusError, Fault. */
export async function fetchRecorded(api: ApiClient, query: RecordedQuery): Promise<Recorded> {
  const batches: RecordedBatch[] = [];
  const starts: ProcessStart[] = [];
  let complete: Recorded["complete"] = null;
  for await (const line of api.lines("recorded", { query: { ...query } })) {
    const told = line as RecordedLine;
    if ("batch" in told) batches.push(told.batch);
    else if ("start" in told) starts.push(told.start);
    else if ("complete" in told) complete = told.complete;
  }
  return { batches, starts, complete };
}
