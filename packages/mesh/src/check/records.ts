import type { RecordedBatch } from "../history/batch.ts";
import { isCopy, type RecordedExchange } from "../history/exchange.ts";

/** One life of a proxy: everything it recorded, each exchange once, in order of its number. */
export interface Life {
  readonly uid: string;
  /** `<namespace>/<workload>`. */
  readonly workload: string;
  readonly namespace: string;
  readonly life: string;
  readonly boot: string;
  readonly exchanges: readonly Seen[];
  readonly batches: readonly RecordedBatch[];
  /** End of the last exchange that is known, monotonic ms. */
  readonly lastMs: number;
}

/** An exchange, and by whom and when it was recorded. */
export interface Seen {
  readonly of: Life;
  readonly exchange: RecordedExchange;
  readonly startWallMs: number;
  readonly endWallMs: number;
}

/** Batches may overlap, repeat and come in any order. */
export function livesOf(batches: readonly RecordedBatch[]): readonly Life[] {
  const groups = Map.groupBy(batches, ({ workload, life }) => `${workload.uid} ${life}`);
  return [...groups.values()].map((group) => {
    const { workload, life, boot } = group[0]!;
    const byId = new Map<number, Seen>();
    const exchanges: Seen[] = [];
    const made: Life = {
      uid: workload.uid,
      workload: `${workload.namespace}/${workload.name}`,
      namespace: workload.namespace,
      life,
      boot,
      exchanges,
      batches: group,
      lastMs: lastOf(group),
    };
    for (const { exchanges: some, wallOffsetMs } of group) {
      for (const exchange of some) {
        byId.set(exchange.id, {
          of: made,
          exchange,
          startWallMs: exchange.startMs + wallOffsetMs,
          endWallMs: exchange.endMs + wallOffsetMs,
        });
      }
    }
    const byNumber = [...byId.values()].sort((a, b) => a.exchange.id - b.exchange.id);
    for (const seen of byNumber) exchanges.push(seen);
    return made;
  });
}

function lastOf(batches: readonly RecordedBatch[]): number {
  let lastMs = -1;
  for (const { exchanges } of batches) {
    for (const { endMs } of exchanges) lastMs = Math.max(lastMs, endMs);
  }
  return lastMs;
}

/** How many exchanges of this life are not known, of those numbered between the first and the last of `some`. */
export function missingAmong(life: Life, some: readonly Seen[]): number {
  const [first, last] = [some[0]?.exchange.id, some.at(-1)?.exchange.id];
  if (first === undefined || last === undefined) return 0;
  let known = 0;
  for (const { exchange } of life.exchanges) {
    if (exchange.id >= first && exchange.id <= last) known++;
  }
  return last - first + 1 - known;
}

/** Those who ask: what the routes of a service or a gateway were applied to. A copy of a request is not. */
export function isAsking({ exchange }: Seen): boolean {
  if (isCopy(exchange)) return false;
  return exchange.direction === "outbound" || exchange.direction === "gateway";
}
