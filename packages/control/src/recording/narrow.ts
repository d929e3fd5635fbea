import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { isSince, type ShelfQuery } from "./shelf.ts";

/**
 * The part of a batch that a query means; null: nothing of it. Where exchanges may be taken out, of this batch or of those
 * beside it, those left have no numbers: what was lost is in the gaps, which stay.
 */
export function narrow(batch: RecordedBatch, query: ShelfQuery): RecordedBatch | null {
  const { service, store, namespace, workload, since, untilWallMs } = query;
  if (store !== null && batch.store !== store) return null;
  if (namespace !== null && batch.workload.namespace !== namespace) return null;
  if (workload !== null && batch.workload.name !== workload) return null;
  const exchanges = batch.exchanges.filter((one) => {
    const isService = service === null || one.service === service || one.backend === service;
    const isBefore = untilWallMs === null || one.startMs + batch.wallOffsetMs <= untilWallMs;
    return isService && isBefore && isSince(since, batch, one.endMs);
  });
  if (exchanges.length === 0 && batch.gaps.length === 0) return null;
  const isWhole = service === null && since === null && untilWallMs === null;
  return isWhole ? batch : { ...batch, from: 0, exchanges };
}
