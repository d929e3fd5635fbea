import { expect, test } from "vitest";
import { exchangeRecord, operationRecord } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { RecordedBatch } from "../history/batch.ts";
import { Recording } from "../telemetry/recording.ts";
import { HistoryAnswers } from "./history-answers.ts";

function setUp({ recentMax = 2048 } = {}) {
  const clock = new VirtualClock();
  const recording = new Recording({ clock, life: "l1", boot: "b", recentMax });
  const sent: { id: number; batches: readonly RecordedBatch[]; done: boolean }[] = [];
  const answers = new HistoryAnswers(clock, recording, (id, items, done) =>
    sent.push({ id, batches: items as readonly RecordedBatch[], done }),
  );
  const start = (id: number, filter: unknown) =>
    answers.start({ type: "request", id, what: "history", filter });
  const ids = () =>
    sent.flatMap(({ batches }) => batches.flatMap(({ exchanges }) => exchanges.map((e) => e.id)));
  return { clock, recording, answers, sent, start, ids };
}

test("the ring is answered in pieces, old to new, each store apart and without numbers", () => {
  const { clock, recording, sent, start, ids } = setUp();
  for (let id = 1; id <= 450; id++) recording.push(operationRecord({ id }));
  recording.push(exchangeRecord({ id: 451 }));
  start(7, {});
  clock.advance(100);
  expect(sent.map(({ done }) => done)).toEqual([false, false, true]);
  const numbers = sent.map(({ batches }) => batches.map(({ store, from }) => [store, from]));
  expect(numbers).toEqual([
    [["whole", 0]],
    [["whole", 0]],
    [
      ["whole", 0],
      ["sampled", 0],
    ],
  ]);
  expect(ids()).toEqual(Array.from({ length: 451 }, (_, index) => index + 1));
});

test("what was overwritten before is a gap", () => {
  const { clock, recording, sent, start, ids } = setUp({ recentMax: 4 });
  for (let id = 1; id <= 10; id++) recording.push(operationRecord({ id, startMs: id }));
  start(1, {});
  clock.advance(10);
  expect(ids()).toEqual([7, 8, 9, 10]);
  expect(sent[0]!.batches[0]!.gaps).toEqual([
    { fromMs: 0, toMs: 10, missing: 6, reason: "overflow" },
  ]);
});

test("who follows gets what comes, of the service asked for, until it is cancelled", () => {
  const { clock, recording, answers, sent, start, ids } = setUp();
  start(1, { service: "default/kvs", follow: true });
  clock.advance(1000);
  expect(sent).toHaveLength(1);
  recording.push(operationRecord({ id: 1 }));
  recording.push(exchangeRecord({ id: 2, service: "shop/cart", backend: null }));
  clock.advance(250);
  expect(ids()).toEqual([1]);
  answers.cancel(1);
  recording.push(operationRecord({ id: 3 }));
  clock.advance(1000);
  expect(ids()).toEqual([1]);
});

test("who has recorded nothing says so, and which life of the proxy it is", () => {
  const { clock, sent, start } = setUp();
  start(1, {});
  clock.advance(10);
  expect(sent).toMatchObject([{ done: true, batches: [{ life: "l1", exchanges: [], gaps: [] }] }]);
});

test("one that cannot be is done at once, and with the line everybody who asked is gone", () => {
  const { clock, recording, answers, sent, start } = setUp();
  start(1, { limit: 0 });
  expect(sent).toEqual([{ id: 1, batches: [], done: true }]);
  for (let id = 2; id < 70; id++) start(id, { follow: true });
  expect(sent.slice(1).map(({ id }) => id)).toEqual([66, 67, 68, 69]);
  answers.cancelAll();
  recording.push(operationRecord());
  clock.advance(1000);
  expect(sent).toHaveLength(5);
});
