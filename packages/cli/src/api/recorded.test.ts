import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { expect, test } from "vitest";
import { completeFromWallMs, fetchRecorded } from "./recorded.ts";

const batch = (from: number, count: number) =>
  ({
    from,
    boot: "b",
    wallOffsetMs: 1000,
    exchanges: Array.from({ length: count }, (_, index) => ({
      id: from + index,
      endMs: (from + index) * 10,
    })) as unknown as readonly RecordedExchange[],
  }) as RecordedBatch;

const complete = { whole: 5, sampled: 3, boot: "b" };

function api(lines: readonly unknown[]) {
  return {
    async *lines() {
      yield* lines;
    },
  };
}

const lines = [
  { batch: batch(1, 4) },
  { batch: batch(5, 4) },
  { complete },
  { batch: batch(9, 2) },
];

test("what is kept is told apart from what proxies still hold", async () => {
  const { batches, kept, ...rest } = await fetchRecorded(api(lines), {});
  expect(batches.map(({ from }) => from)).toEqual([1, 5, 9]);
  expect(kept.map(({ from }) => from)).toEqual([1, 5]);
  expect(rest).toMatchObject({ complete, starts: [], droppedUntilWallMs: 0 });
});

test("of more than was asked for the oldest batches go, and until when is told", async () => {
  const fetched = await fetchRecorded(api(lines), {}, 6);
  const { batches, kept, droppedUntilWallMs } = fetched;
  expect(batches.map(({ from }) => from)).toEqual([5, 9]);
  expect(kept.map(({ from }) => from)).toEqual([5]);
  expect(droppedUntilWallMs).toBe(1040);
  expect(completeFromWallMs(fetched)).toBe(1040);
  const few = await fetchRecorded(api(lines), {}, 1);
  expect(few.batches.map(({ from }) => from)).toEqual([9]);
  expect(few.kept).toEqual([]);
});

test("all is at hand from where both stores are complete; of another boot nobody says", async () => {
  const all = await fetchRecorded(api(lines), {});
  expect(completeFromWallMs(all)).toBe(1005);
  expect(completeFromWallMs({ ...all, complete: { ...complete, boot: "other" } })).toBe(0);
  expect(completeFromWallMs({ ...all, complete: null })).toBe(0);
});
