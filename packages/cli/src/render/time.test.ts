import { expect, test } from "vitest";
import { formatAge, formatLatency, formatSeconds } from "./time.ts";

test.each([
  [600, "0.6 s"],
  [18_640, "18.6 s"],
  [99_949, "99.9 s"],
  [125_000, "2 min 5 s"],
])("%d ms took %s", (ms, text) => {
  expect(formatSeconds(ms)).toBe(text);
});

test.each([
  [0, "0s"],
  [119_999, "119s"],
  [303_000, "5m3s"],
  [720_000, "12m"],
  [11_100_000, "3h5m"],
  [43_200_000, "12h"],
  [777_600_000, "9d"],
])("%d ms ago is %s, as kubectl says it", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

test.each([
  [0.612, "612µs"],
  [0.9996, "1.0ms"],
  [1.24, "1.2ms"],
  [45.4, "45ms"],
  [2000, "2.00s"],
])("%d ms of latency is %s", (ms, text) => {
  expect(formatLatency(ms)).toBe(text);
});
