import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

test("waits 100 ms, then twice as long each time, 10 s at most", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 9 }, () => backoff.delayMs(0));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("forgets after 60 s of being up", () => {
  const backoff = new Backoff();
  for (let round = 0; round < 5; round++) backoff.delayMs(59_999);
  expect(backoff.delayMs(60_000)).toBe(100);
});
