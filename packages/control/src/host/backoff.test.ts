import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

const at = (uptimeMs: number, isProven = false) => ({ uptimeMs, isProven });

test("waits 100 ms, then twice as long each time, 10 s at most", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 9 }, () => backoff.delayMs(at(0)));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("forgets after 60 s of being up", () => {
  const backoff = new Backoff();
  for (let round = 0; round < 5; round++) backoff.delayMs(at(59_999));
  expect(backoff.delayMs(at(60_000))).toBe(100);
});

test("a proxy that served comes back at once, however often it is killed", () => {
  const backoff = new Backoff();
  backoff.delayMs(at(0));
  const delays = Array.from({ length: 20 }, () => backoff.delayMs(at(1000, true)));
  expect(new Set(delays)).toEqual(new Set([10]));
  expect(backoff.delayMs(at(0))).toBe(100);
});

test("a control plane that gets ready and ends at once, each time, is not started without pause", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 4 }, () => backoff.delayMs(at(300, true)));
  expect(delays).toEqual([100, 200, 400, 800]);
});
