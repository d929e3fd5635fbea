import { expect, test } from "vitest";
import { isPattern, pattern } from "./pattern.ts";
import { growthPerHour, type Sample } from "./sample.ts";
import { objectToGrowth } from "./verdict.ts";

const at = (minute: number, megabytes: number, descriptors = 30): Sample => ({
  atMs: minute * 60_000,
  privateDirtyKb: megabytes * 1024,
  descriptors,
});

test("growth is that of the line through all samples", () => {
  const samples = [at(0, 40), at(10, 41), at(20, 42), at(30, 43)];
  expect(growthPerHour(samples, ({ privateDirtyKb }) => privateDirtyKb)).toBeCloseTo(6 * 1024);
});

test("a proxy that keeps its size is not objected to, nor one pause with garbage in it", () => {
  expect(objectToGrowth("p", [at(0, 40), at(10, 62), at(20, 41), at(30, 42)])).toBe(null);
});

test("a leak is found", () => {
  expect(objectToGrowth("p", [at(0, 40), at(10, 50), at(20, 60), at(30, 70)])).toBe(
    "p: settled memory grew by 30 MB",
  );
  expect(objectToGrowth("p", [at(0, 40, 30), at(30, 40, 60)])).toBe(
    "p: 30 more descriptors are open than at first",
  );
});

test("a wrong octet of the pattern is seen, and one that is missing", () => {
  const bytes = pattern(70_000, 1000);
  expect(isPattern(bytes, 70_000)).toBe(true);
  expect(isPattern(bytes.subarray(1), 70_000)).toBe(false);
  bytes[999]! ^= 1;
  expect(isPattern(bytes, 70_000)).toBe(false);
});
