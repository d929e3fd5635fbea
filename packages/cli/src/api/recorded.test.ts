import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { expect, test } from "vitest";
import { leftOut, recordsBound } from "./read-bound.ts";
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
  expect(rest).toEqual({ complete, starts: [] });
});

test("where older ones were left out all is at hand from then", async () => {
  const leftOutUntilWallMs = 1040;
  const cut = { complete: { ...complete, leftOutUntilWallMs } };
  const fetched = await fetchRecorded(api([...lines.slice(0, 2), cut]), { last: "6" });
  expect(completeFromWallMs(fetched)).toBe(1040);
  const time = new Date(leftOutUntilWallMs).toTimeString().slice(0, 8);
  expect(leftOut(fetched.complete, recordsBound, undefined)).toBe(
    `what ended before ${time} was not read: the newest 200,000 exchanges were; --since for more`,
  );
  expect(leftOut(fetched.complete, recordsBound, "2h")).toBe(
    `what ended before ${time} was not read: the newest 500,000 exchanges were, which is the most`,
  );
  expect(leftOut(complete, recordsBound, undefined)).toBeNull();
});

test("all is at hand from where both stores are complete; of another boot nobody says", async () => {
  const all = await fetchRecorded(api(lines), {});
  expect(completeFromWallMs(all)).toBe(1005);
  expect(completeFromWallMs({ ...all, complete: { ...complete, boot: "other" } })).toBe(0);
  expect(completeFromWallMs({ ...all, complete: null })).toBe(0);
});
