import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { expect, test } from "vitest";
import { fetchRecorded } from "./recorded.ts";

const batch = (from: number, count: number) =>
  ({
    from,
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
  expect(rest).toMatchObject({ complete, starts: [], droppedUntilMs: -1 });
});

test("of more than was asked for the oldest batches go, and until when is told", async () => {
  const { batches, kept, droppedUntilMs } = await fetchRecorded(api(lines), {}, 6);
  expect(batches.map(({ from }) => from)).toEqual([5, 9]);
  expect(kept.map(({ from }) => from)).toEqual([5]);
  expect(droppedUntilMs).toBe(40);
  const few = await fetchRecorded(api(lines), {}, 1);
  expect(few.batches.map(({ from }) => from)).toEqual([9]);
  expect(few.kept).toEqual([]);
});
