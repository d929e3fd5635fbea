import { expect, test } from "vitest";
import { PeakEwma } from "./ewma.ts";

test("starts at Linkerd's 30 ms and decays to 1/e in 10 s", () => {
  const ewma = new PeakEwma(0);
  expect(ewma.valueMs(0)).toBe(30);
  expect(ewma.valueMs(10_000)).toBeCloseTo(30 / Math.E, 6);
});

test("a sample above the value replaces it at once", () => {
  const ewma = new PeakEwma(0);
  ewma.record(500, 1);
  expect(ewma.valueMs(1)).toBe(500);
});

test("a sample above the decayed value, though below the stored one, is a peak too", () => {
  const ewma = new PeakEwma(0, { initialMs: 100 });
  ewma.record(50, 10_000); // 100 has decayed to 36.8
  expect(ewma.valueMs(10_000)).toBe(50);
});

test("good news is believed slowly", () => {
  const ewma = new PeakEwma(0, { initialMs: 100 });
  ewma.record(1, 1000);
  expect(ewma.valueMs(1000)).toBeCloseTo(100 * Math.exp(-0.1) + (1 - Math.exp(-0.1)), 6);
});

test("two samples of one instant leave the larger", () => {
  const ewma = new PeakEwma(0);
  ewma.record(40, 5);
  ewma.record(10, 5);
  expect(ewma.valueMs(5)).toBe(40);
});
