import type { RecordedBatch } from "../history/batch.ts";
import { numbered } from "../history/numbered.ts";
import type { Findings } from "./report.ts";

/**
 * What a recorder loses it says: each stream of a proxy's life is numbered from 1, and where numbers are missing
 * between two batches one of them has a gap. What was read from a ring, or in part, is not numbered.
 */
export function checkNumbering(batches: readonly RecordedBatch[], findings: Findings): void {
  const streams = Map.groupBy(batches, ({ workload, life, store }) => {
    return `${workload.uid} ${life} ${store}`;
  });
  for (const stream of streams.values()) {
    for (const [index, { batch, missing }] of numbered(stream).entries()) {
      findings.judge();
      if (index > 0 && missing > 0 && batch.gaps.length === 0) {
        const workload = `${batch.workload.namespace}/${batch.workload.name}`;
        findings.violate({
          what: `the record of ${workload} lacks exchanges and says nothing of it`,
          processes: [workload],
          messages: [],
          about: `${batch.store} record of ${workload}`,
          expected: `number ${batch.from - missing}, or a gap`,
          found: `number ${batch.from}`,
          atWallMs: (batch.exchanges[0]?.startMs ?? batch.sinceMs) + batch.wallOffsetMs,
        });
      }
    }
  }
}
