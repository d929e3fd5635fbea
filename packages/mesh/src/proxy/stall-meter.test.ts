import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { renderMetrics } from "../telemetry/metrics-text.ts";
import { openCoreWait, parseWaitMs } from "./core-wait.ts";
import { StallMeter } from "./stall-meter.ts";

/** A loop whose timers come late by what the test says, some of it spent waiting for a core. */
class BusyLoop {
  readonly #time = new VirtualClock();
  readonly #metrics = new Metrics();
  waitedMs = 0;
  #lateMs = 0;
  served = 0;

  constructor() {
    const clock = {
      monotonicMs: () => this.#time.monotonicMs() + this.#lateMs,
      wallMs: () => this.#time.wallMs(),
      // Rounds up, as that of real processes.
      after: (delayMs: number, callback: () => void) => this.#time.after(delayMs + 1, callback),
    };
    new StallMeter(this.#metrics, clock, () => this.waitedMs).start(() => this.served);
  }

  /** Serves somebody and lets a time pass in which nothing is late. */
  run(durationMs: number): void {
    for (let ms = 0; ms < durationMs; ms += 10) {
      this.served++;
      this.#time.advance(10);
    }
  }

  stall(ownMs: number, waitedMs: number): void {
    this.#lateMs += ownMs + waitedMs;
    this.waitedMs += waitedMs;
    this.#time.advance(10);
  }

  rest(durationMs: number): void {
    this.#time.advance(durationMs);
  }

  /** Whole and own, in ms. */
  longest(): readonly number[] {
    const text = renderMetrics(this.#metrics, "prometheus");
    return ["stall_max", "stall_own_max"].map((name) => {
      const value = new RegExp(`^process_event_loop_${name}_seconds (\\S+)$`, "m").exec(text)![1];
      return Math.round(Number(value) * 1000);
    });
  }
}

test("a stall is told as a whole, and without the wait for a core", () => {
  const loop = new BusyLoop();
  loop.run(1100);
  expect(loop.longest()).toEqual([0, 0]);
  loop.stall(3, 20);
  expect(loop.longest()).toEqual([23, 3]);
  loop.run(100);
  loop.stall(7, 0);
  expect(loop.longest()).toEqual([23, 7]);
});

test("time without traffic is no stall", () => {
  const loop = new BusyLoop();
  loop.run(1100);
  loop.rest(5000);
  loop.stall(50, 0);
  expect(loop.longest()).toEqual([0, 0]);
});

test("what Linux tells of a thread's waits is read, and only grows", () => {
  expect(parseWaitMs("631820347 5597992 5\n")).toBe(5.597992);
  const waitedMs = openCoreWait();
  const first = waitedMs();
  expect(first).toBeGreaterThanOrEqual(0);
  expect(waitedMs()).toBeGreaterThanOrEqual(first);
});
