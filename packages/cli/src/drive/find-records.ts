import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { ProcessStart, RecordedLine } from "@heddle/mesh/history/batch.ts";
import type { ApiClient } from "../api/client.ts";
import type { RecordJoin } from "./join.ts";

export interface RecordsWanted {
  readonly api: Pick<ApiClient, "lines">;
  readonly clock: Clock;
  readonly namespace: string;
  readonly service: string;
  /** When the drive began; monotonic ms. */
  readonly fromMs: number;
  /** Else there are no records, and processes' starts alone are asked for. */
  readonly isMeshed: boolean;
}

/** Records are on their way from the proxies for a while, in ms; after that they are missing. */
const RECORDS_WAIT_MS = 15_000;
const RECORDS_LOOK_MS = 250;

/** Asks until all records are there, or it has taken too long. Gives the starts of processes meanwhile. */
export async function findRecords(
  join: RecordJoin,
  { api, clock, namespace, service, fromMs, isMeshed }: RecordsWanted,
): Promise<readonly ProcessStart[]> {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  const untilMs = clock.monotonicMs() + RECORDS_WAIT_MS;
  const starts = new Map<string, ProcessStart>();
  for (let sinceMs: number | null = fromMs; sinceMs !== null; ) {
    // An exchange is filed by when it ended, and clocks of the wall are read at different moments.
    const since = String(Math.floor(sinceMs + offsetMs - 1000));
    for await (const line of api.lines("recorded", { query: { namespace, service, since } })) {
      const told = line as RecordedLine;
      if ("batch" in told) join.add(told.batch);
      else if ("start" in told && told.start.atMs >= fromMs) {
        starts.set(`${told.start.workload.uid} ${told.start.atMs}`, told.start);
      }
    }
    sinceMs = isMeshed ? join.missingSinceMs : null;
    if (clock.monotonicMs() > untilMs) break;
    if (sinceMs !== null) {
      await new Promise<void>((resolve) => clock.after(RECORDS_LOOK_MS, resolve));
    }
  }
  return [...starts.values()];
}
