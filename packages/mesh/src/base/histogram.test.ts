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

test("the pairs of two, added up, equal recording all in one", () => {
  const rng = new SeededRng(12);
  const [all, left, right, total] = [0, 1, 2, 3].map(() => new Histogram());
  for (let n = 0; n < 5000; n++) {
    const value = rng.below(1_000_000);
    all!.record(value);
    (n % 3 === 0 ? left! : right!).record(value);
  }
  for (const part of [left!, right!]) total!.addPairs(part.toPairs(), part.sum);
  expect(total!.toPairs()).toEqual(all!.toPairs());
  expect([total!.count, total!.sum]).toEqual([all!.count, all!.sum]);
});

test("values out of range count at the ends, and an empty one has no quantile", () => {
  const histogram = new Histogram(1000);
  expect(histogram.quantile(0.5)).toBe(null);
  histogram.record(-5);
  histogram.record(1e9);
  expect(histogram.count).toBe(2);
  expect(histogram.quantile(0)).toBe(0);
  expect(histogram.quantile(1)).toBeGreaterThan(960);
});
