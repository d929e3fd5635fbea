import { expect, test } from "vitest";
import { TurnClock } from "./turn-clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("stands still within a turn, and goes with the clock below outside of one", () => {
  const below = new VirtualClock();
  const clock = new TurnClock(below);
  const start = clock.monotonicMs();
  below.advance(5);
  expect(clock.monotonicMs() - start).toBe(5);
  clock.begin();
  expect(clock.monotonicMs() - start).toBe(5);
  below.advance(3);
  expect(clock.monotonicMs() - start).toBe(5);
  clock.end();
  expect(clock.monotonicMs() - start).toBe(8);
});

test("a turn has the time of its first question, not of the turn before", () => {
  const below = new VirtualClock();
  const clock = new TurnClock(below);
  clock.begin();
  const first = clock.monotonicMs();
  clock.end();
  below.advance(7);
  clock.begin();
  expect(clock.monotonicMs() - first).toBe(7);
  clock.end();
});
