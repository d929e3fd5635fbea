import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { buildPicker, type PickerName, pickers } from "./index.ts";
import { EndpointLoad } from "./load.ts";

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => new EndpointLoad(`e${index}`, 0));

function shares(name: PickerName, count: number, picks: number): number[] {
  const candidates = endpoints(count);
  const picker = buildPicker(name, candidates, new SeededRng(7));
  const counts = new Map(candidates.map((candidate) => [candidate.uid, 0]));
  for (let pick = 0; pick < picks; pick++) {
    const { uid } = picker.pick(0, null, -1)!;
    counts.set(uid, counts.get(uid)! + 1);
  }
  return [...counts.values()];
}

describe.each(Object.keys(pickers) as PickerName[])("%s", (name) => {
  test("picks nothing from nobody", () => {
    expect(buildPicker(name, [], new SeededRng(1)).pick(0, null, -1)).toBeNull();
  });

  test("picks the only one, even one to avoid", () => {
    const [only] = endpoints(1);
    expect(buildPicker(name, [only!], new SeededRng(1)).pick(0, only!, -1)).toBe(only);
  });

  test.each([2, 3, 10])("never picks the one to avoid among %i", (count) => {
    const candidates = endpoints(count);
    const picker = buildPicker(name, candidates, new SeededRng(2));
    for (let pick = 0; pick < 500; pick++) {
      const avoid = candidates[pick % count]!;
      expect(picker.pick(0, avoid, -1)).not.toBe(avoid);
    }
  });

  test("picks only from its own set once an endpoint was removed", () => {
    const candidates = endpoints(5);
    const removed = candidates[2]!;
    const picker = buildPicker(
      name,
      candidates.filter((candidate) => candidate !== removed),
      new SeededRng(3),
    );
    for (let pick = 0; pick < 500; pick++) expect(picker.pick(0, null, -1)).not.toBe(removed);
  });

  test("gives equals equal shares, within a tenth", () => {
    for (const share of shares(name, 10, 20_000)) expect(Math.abs(share - 2000)).toBeLessThan(200);
  });

  test("picks the same from the same seed", () => {
    expect(shares(name, 4, 100)).toEqual(shares(name, 4, 100));
  });
});

describe("p2c-ewma", () => {
  test("an endpoint ten times slower among ten gets almost nothing", () => {
    const candidates = endpoints(10);
    for (const [index, candidate] of candidates.entries()) {
      candidate.begin();
      candidate.end(index === 0 ? 300 : 31, 0);
    }
    const picker = buildPicker("p2c-ewma", candidates, new SeededRng(5));
    let slow = 0;
    for (let pick = 0; pick < 1000; pick++) if (picker.pick(0, null, -1) === candidates[0]) slow++;
    expect(slow).toBe(0);
  });

  test("spreads by requests in flight where latencies are equal", () => {
    const candidates = endpoints(4);
    const picker = buildPicker("p2c-ewma", candidates, new SeededRng(6));
    for (let pick = 0; pick < 400; pick++) picker.pick(0, null, -1)!.begin();
    const pending = candidates.map((candidate) => candidate.pending);
    expect(Math.max(...pending) - Math.min(...pending)).toBeLessThanOrEqual(4);
  });
});

describe("round-robin", () => {
  test("gives exact shares over whole rounds", () => {
    expect(shares("round-robin", 7, 700)).toEqual(Array(7).fill(100));
  });
});

describe("EndpointLoad", () => {
  test("starts at 30 ms, multiplies by requests in flight, believes a peak at once, forgets it over 10 s", () => {
    const load = new EndpointLoad("e", 0);
    expect(load.loadMs(0)).toBe(30);
    load.begin();
    load.begin();
    expect(load.loadMs(0)).toBe(90);
    load.end(100, 0);
    load.end(null, 0);
    expect(load.loadMs(0)).toBe(100);
    expect(load.loadMs(10_000)).toBeCloseTo(100 / Math.E, 6);
  });
});
