import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";
import { SeededRng } from "./rng.ts";

test("small values are exact", () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 31; value++) histogram.record(value);
  expect(histogram.quantile(0)).toBe(1);
  expect(histogram.quantile(0.5)).toBe(16);
  expect(histogram.quantile(1)).toBe(31);
});

test("every quantile is within 3.2 % of the sample at its rank, over seven decades", () => {
  const rng = new SeededRng(11);
  const histogram = new Histogram();
  const samples = Array.from({ length: 20_000 }, () => Math.round(10 ** (rng.float() * 7)));
  for (const sample of samples) histogram.record(sample);
  samples.sort((a, b) => a - b);
  for (const q of [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
    const exact = samples[Math.max(0, Math.ceil(q * samples.length) - 1)]!;
    expect(Math.abs(histogram.quantile(q)! - exact) / exact).toBeLessThan(0.032);
  }
});

test("merging two equals recording all in one, also by way of pairs", () => {
  const rng = new SeededRng(12);
  const [all, left, right, travelled] = [0, 1, 2, 3].map(() => new Histogram());
  for (let n = 0; n < 5000; n++) {
    const value = rng.below(1_000_000);
    all!.record(value);
    (n % 3 === 0 ? left! : right!).record(value);
  }
  travelled!.addPairs(left!.toPairs(), left!.sum);
  travelled!.addPairs(right!.toPairs(), right!.sum);
  left!.add(right!);
  for (const merged of [left!, travelled!]) {
    expect(merged.toPairs()).toEqual(all!.toPairs());
    expect([merged.count, merged.sum]).toEqual([all!.count, all!.sum]);
  }
});

test("values out of range count at the ends, and an empty one has no quantile", () => {
  const histogram = new Histogram(1000);
  expect(histogram.quantile(0.5)).toBe(null);
  histogram.record(-5);
  histogram.record(1e9);
  expect(histogram.count).toBe(2);
  expect(histogram.quantile(0)).toBe(0);
  expect(histogram.quantile(1)).toBeGreaterThan(960);
  expect(histogram.countUpTo(500)).toBe(1);
  histogram.clear();
  expect(histogram.count).toBe(0);
});
