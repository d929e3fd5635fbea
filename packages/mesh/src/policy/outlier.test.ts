import { describe, expect, test } from "vitest";
import type { OutlierDoc } from "../model/policy.ts";
import { findOutliers, OutlierHost } from "./outlier.ts";

const doc: OutlierDoc = {
  intervalMs: 10_000,
  consecutive5xx: 5,
  ejection: { baseMs: 30_000, maxMs: 300_000 },
  ejectedMax: 0.1,
  successRate: { hostsMin: 5, requestsMin: 100, stdevFactor: 1.9 },
  failureShare: null,
};
const byShare: OutlierDoc = {
  ...doc,
  successRate: null,
  failureShare: { threshold: 0.85, hostsMin: 5, requestsMin: 50 },
};

/** Hosts with so many requests each, of which so many succeeded. */
function hosts(requests: number, ...successes: number[]): OutlierHost[] {
  return successes.map((count) => Object.assign(new OutlierHost(), { requests, successes: count }));
}

const found = (given: OutlierDoc, all: OutlierHost[]) =>
  findOutliers(given, all).map((host) => all.indexOf(host));

describe("five failures in a row", () => {
  test("eject at once; a success between, or 429, begins anew", () => {
    const host = new OutlierHost();
    const say = (...verdicts: ("failure" | "success" | "limited")[]) =>
      verdicts.map((verdict) => host.counts(doc, verdict)).at(-1);
    expect(say("failure", "failure", "failure", "failure", "success")).toBe(false);
    expect(say("failure", "failure", "failure", "failure", "limited")).toBe(false);
    expect(say("failure", "failure", "failure", "failure", "failure")).toBe(true);
  });
});

describe("a look at all", () => {
  test("finds the one whose success rate is 1.9 deviations below the mean", () => {
    expect(found(doc, hosts(100, 99, 99, 98, 99, 99, 50))).toEqual([5]);
  });

  test("finds none among those that are alike, be they good or bad", () => {
    expect(found(doc, hosts(100, 50, 50, 50, 50, 50, 50))).toEqual([]);
    expect(found(doc, hosts(100, 0, 0, 0, 0, 0))).toEqual([]);
  });

  test("needs enough hosts with enough requests", () => {
    expect(found(doc, hosts(100, 99, 99, 99, 10))).toEqual([]);
    expect(found(doc, hosts(99, 99, 99, 98, 99, 99, 10))).toEqual([]);
  });

  test("finds who fails in 85 % of its requests, where that is asked for", () => {
    expect(found(byShare, hosts(100, 15, 16, 100, 0, 100))).toEqual([0, 3]);
    expect(found(byShare, hosts(49, 0, 0, 0, 0, 0))).toEqual([]);
  });

  test("leaves out who is ejected", () => {
    const all = hosts(100, 100, 100, 100, 100, 100, 0);
    all[5]!.eject(byShare, 0);
    expect(found(byShare, all)).toEqual([]);
  });
});

test("an ejection lasts longer each time in a row, up to its longest, and looks at a well host make it shorter", () => {
  const host = new OutlierHost();
  const eject = () => {
    const forMs = host.eject(doc, 0);
    host.comeBack();
    return forMs;
  };
  expect([eject(), eject(), eject()]).toEqual([30_000, 60_000, 90_000]);
  host.turn();
  host.turn();
  expect(eject()).toBe(60_000);
  for (let row = 0; row < 20; row++) eject();
  expect(eject()).toBe(300_000);
});
