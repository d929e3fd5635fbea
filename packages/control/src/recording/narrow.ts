import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { ShelfQuery } from "./shelf.ts";

/**
 * The part of a batch that a query means; null: nothing of it. Exchanges of other services are taken out, so that the
 * numbers of what is left are not dense: what was lost is in the gaps, which stay.
 */
export function narrow(batch: RecordedBatch, query: ShelfQuery): RecordedBatch | null {
  const { service, store, namespace, workload, sinceWallMs, untilWallMs } = query;
  if (store !== null && batch.store !== store) return null;
  if (namespace !== null && batch.workload.namespace !== namespace) return null;
  if (workload !== null && batch.workload.name !== workload) return null;
  const exchanges = batch.exchanges.filter((one) => {
    const isService = service === null || one.service === service || one.backend === service;
    const isAfter = sinceWallMs === null || one.endMs + batch.wallOffsetMs >= sinceWallMs;
    const isBefore = untilWallMs === null || one.startMs + batch.wallOffsetMs <= untilWallMs;
    return isService && isAfter && isBefore;
  });
  if (exchanges.length === 0 && batch.gaps.length === 0) return null;
  return exchanges.length === batch.exchanges.length ? batch : { ...batch, exchanges };
}
