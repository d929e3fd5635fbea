import { expect, test } from "vitest";
import { exchangeRecord } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { TelemetryRecorder } from "../telemetry/recorder.ts";
import { TapAnswers } from "./tap-answers.ts";

function setUp() {
  const clock = new VirtualClock();
  const recorder = new TelemetryRecorder({
    clock,
    metrics: new Metrics(),
    life: "l",
    workload: "me-0",
  });
  const sent: { id: number; items: number; done: boolean; dropped: number }[] = [];
  const taps = new TapAnswers(clock, recorder, (id, items, done, dropped) =>
    sent.push({ id, items: items.length, done, dropped }),
  );
  const start = (id: number, filter: unknown) =>
    taps.start({ type: "request", id, what: "tap", filter });
  return { clock, recorder, taps, sent, start };
}

test("items of 50 ms go out together, three for each exchange", () => {
  const { clock, recorder, sent, start } = setUp();
  start(7, {});
  for (let n = 0; n < 4; n++) recorder.record(exchangeRecord());
  expect(sent).toEqual([]);
  clock.advance(50);
  expect(sent).toEqual([{ id: 7, items: 12, done: false, dropped: 0 }]);
});

test("a batch has a limit, and what is beyond is counted once", () => {
  const { clock, recorder, sent, start } = setUp();
  start(7, { maxRps: 10_000 });
  for (let n = 0; n < 500; n++) recorder.record(exchangeRecord());
  clock.advance(50);
  recorder.record(exchangeRecord());
  clock.advance(50);
  expect(sent).toMatchObject([
    { items: 1000, dropped: 500 },
    { items: 3, dropped: 0 },
  ]);
});

test("one that cannot be is done at once, one that was cancelled says nothing more", () => {
  const { clock, recorder, taps, sent, start } = setUp();
  start(1, { direction: "sideways" });
  expect(sent).toEqual([{ id: 1, items: 0, done: true, dropped: 0 }]);
  start(2, {});
  recorder.record(exchangeRecord());
  taps.cancelAll();
  clock.advance(100);
  expect(sent).toHaveLength(1);
});
