import { expect, test } from "vitest";
import { parseCpuList } from "../rig/cpus.ts";
import { isPattern, makePattern, patternPeriod } from "../rig/pattern.ts";
import { median, quantile } from "./median.ts";
import { cpuUs, parseRollup, parseSchedstat, parseStat } from "./proc.ts";
import { turned } from "./rounds.ts";

test("the median of nothing is nothing, of two their mean", () => {
  expect(median([])).toBeNull();
  expect(median([3, 1])).toBe(2);
  expect(median([9, 1, 5])).toBe(5);
});

test("quantiles are by nearest rank and stay within the values", () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(3);
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(quantile([], 0.5)).toBeNaN();
});

test("CPU time is utime and stime, even behind a name with brackets and spaces", () => {
  const stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 120 30 0 0 20 0 1 0 99";
  expect(parseStat(stat)).toBe(1_500_000);
});

test("the scheduler's time on a core is its first field, in ns", () => {
  expect(parseSchedstat("2500000 41 7\n")).toBe(2500);
});

test.runIf(process.platform === "linux")("this very process has used CPU, and uses more", () => {
  const before = cpuUs([process.pid]);
  expect(before).toBeGreaterThan(0);
  // The kernel adds it up at ticks; a process that never uses more runs into the test's time limit.
  let now = before;
  while (now <= before) now = cpuUs([process.pid]);
  expect(now).toBeGreaterThan(before);
});

test("Private_Dirty is read in kB and told in MB", () => {
  expect(parseRollup("Rss: 9 kB\nPrivate_Dirty:     1000 kB\n")).toBeCloseTo(1.024);
  expect(() => parseRollup("Rss: 9 kB\n")).toThrow("without Private_Dirty");
});

test("a list of cores may hold ranges", () => {
  expect(parseCpuList("0-2,5")).toEqual([0, 1, 2, 5]);
  expect(parseCpuList("")).toEqual([]);
});

test("each subject comes first in some round, and neighbours change sides", () => {
  const all = ["a", "b", "c"];
  expect([0, 1, 2, 3].map((round) => turned(all, round).join(""))).toEqual([
    "abc",
    "acb",
    "cab",
    "cba",
  ]);
  expect(turned([], 3)).toEqual([]);
});

test("the pattern is recognised from any offset, and a shift by one is not", () => {
  const pattern = makePattern();
  const at = 60_000;
  const bytes = Buffer.concat([
    pattern.subarray(at, patternPeriod),
    pattern.subarray(0, patternPeriod),
  ]);
  expect(isPattern(pattern, bytes, at)).toBe(true);
  expect(isPattern(pattern, bytes, at + patternPeriod * 3)).toBe(true);
  expect(isPattern(pattern, bytes, at + 1)).toBe(false);
});
