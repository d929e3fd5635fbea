import type { RecordedBatch } from "./batch.ts";

/** A batch, and how many exchanges are left out between those before it and its own. */
export interface Numbered {
  readonly batch: RecordedBatch;
  readonly missing: number;
}

/**
 * The batches of one stream of one life in the order of their numbers, which begin with 1. They may overlap and come twice;
 * those without numbers are not among them.
 */
export function numbered(stream: readonly RecordedBatch[]): readonly Numbered[] {
  let next = 1;
  return stream
    .filter(({ from }) => from > 0)
    .sort((a, b) => a.from - b.from)
    .map((batch) => {
      const missing = Math.max(0, batch.from - next);
      next = Math.max(next, batch.from + batch.exchanges.length);
      return { batch, missing };
    });
}
