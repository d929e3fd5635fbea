import type { RecordedBatch } from "../history/batch.ts";
import type { Life } from "./records.ts";

/** A workload that was deleted and made anew under its name is another, and may keep other keys. */
export interface Renewal {
  readonly fromWallMs: number;
  readonly toWallMs: number;
}

/** Between the last word of one and the time by which everybody has heard of the next. */
export function renewalsOf(lives: readonly Life[], settledMs: number): readonly Renewal[] {
  const wallMs = ({ batches }: Life) => {
    const [{ wallOffsetMs, sinceMs }] = batches as readonly [RecordedBatch];
    return { offsetMs: wallOffsetMs, sinceMs: sinceMs + wallOffsetMs };
  };
  return [...Map.groupBy(lives, ({ workload }) => workload).values()].flatMap((named) => {
    const ordered = [...named].sort((a, b) => wallMs(a).sinceMs - wallMs(b).sinceMs);
    return ordered.flatMap((life, index): readonly Renewal[] => {
      const before = ordered[index - 1];
      if (before === undefined || before.uid === life.uid) return [];
      const fromWallMs = before.lastMs + wallMs(before).offsetMs;
      return [{ fromWallMs, toWallMs: wallMs(life).sinceMs + settledMs }];
    });
  });
}
