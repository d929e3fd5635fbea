import { describe, expect, test } from "vitest";
import { keyHash } from "../base/key-hash.ts";
import { SeededRng } from "../base/rng.ts";
import { buildPicker, type PickerName, pickers } from "./index.ts";
import { EndpointLoad } from "./load.ts";
import type { Picker } from "./picker.ts";

/** An endpoint whose weight a test says. */
class Weighted extends EndpointLoad {
  share = 1;

  override weight(): number {
    return this.share;
  }
}

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => new Weighted(`e${index}`, 0));

const hashes = (count: number) =>
  Array.from({ length: count }, (_, index) => keyHash(`key ${index}`) >>> 1);

/** How often each was picked; `hash` of the n-th pick. */
function counted(
  picker: Picker,
  of: readonly EndpointLoad[],
  picks: number,
  hash = (_: number) => -1,
) {
  const counts = new Map(of.map((candidate) => [candidate.uid, 0]));
  for (let pick = 0; pick < picks; pick++) {
    const { uid } = picker.pick(0, null, hash(pick))!;
    counts.set(uid, counts.get(uid)! + 1);
  }
  return [...counts.values()];
}

function shares(name: PickerName, count: number, picks: number): number[] {
  const candidates = endpoints(count);
  return counted(buildPicker(name, candidates, new SeededRng(7)), candidates, picks);
}

/** Pearson's statistic; of ten kinds it is above 27.9 once in a thousand times where shares are equal. */
function chiSquare(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}

const names = Object.keys(pickers) as PickerName[];
const hashing: readonly PickerName[] = ["ring-hash", "maglev"];

describe.each(names)("%s", (name) => {
  test("picks nothing from nobody", () => {
    expect(buildPicker(name, [], new SeededRng(1)).pick(0, null, 5)).toBeNull();
  });

  test("picks the only one, even one to avoid", () => {
    const [only] = endpoints(1);
    expect(buildPicker(name, [only!], new SeededRng(1)).pick(0, only!, 5)).toBe(only);
  });

  test.each([2, 3, 10])("never picks the one to avoid among %i, with a key or without", (count) => {
    const candidates = endpoints(count);
    const picker = buildPicker(name, candidates, new SeededRng(2));
    const keys = hashes(500);
    for (let pick = 0; pick < 500; pick++) {
      const avoid = candidates[pick % count]!;
      expect(picker.pick(0, avoid, -1)).not.toBe(avoid);
      expect(picker.pick(0, avoid, keys[pick]!)).not.toBe(avoid);
    }
  });

  test("avoids a slow starter, too, and one among slow starters", () => {
    const candidates = endpoints(3);
    for (const candidate of candidates) candidate.share = 0.1;
    const picker = buildPicker(name, candidates, new SeededRng(2));
    for (let pick = 0; pick < 300; pick++) {
      const avoid = candidates[pick % 3]!;
      expect(picker.pick(0, avoid, -1)).not.toBe(avoid);
    }
  });

  test("picks only from its own set once an endpoint was removed", () => {
    const candidates = endpoints(5);
    const removed = candidates[2]!;
    const before = buildPicker(name, candidates, new SeededRng(3));
    for (const hash of hashes(50)) before.pick(0, null, hash);
    const left = candidates.filter((candidate) => candidate !== removed);
    const picker = buildPicker(name, left, new SeededRng(3), 0, before);
    for (const hash of hashes(500)) {
      expect(picker.pick(0, null, -1)).not.toBe(removed);
      expect(picker.pick(0, null, hash)).not.toBe(removed);
    }
  });

  test("gives equals equal shares: chi-square of 20,000 picks among ten", () => {
    expect(chiSquare(shares(name, 10, 20_000))).toBeLessThan(27.9);
  });

  test.each([0.5, 0.1])("gives one of weight %f so much of a share", (share) => {
    const candidates = endpoints(10);
    candidates[3]!.share = share;
    const counts = counted(buildPicker(name, candidates, new SeededRng(9)), candidates, 20_000);
    const fair = 20_000 / (9 + share);
    expect(counts[3]! / fair / share).toBeGreaterThan(0.8);
    expect(counts[3]! / fair / share).toBeLessThan(1.25);
    const others = counts.filter((_, index) => index !== 3);
    expect(chiSquare(others)).toBeLessThan(27.9);
  });

  test("gives all alike where all start slowly", () => {
    const candidates = endpoints(10);
    for (const candidate of candidates) candidate.share = 0.1;
    const counts = counted(buildPicker(name, candidates, new SeededRng(4)), candidates, 20_000);
    expect(chiSquare(counts)).toBeLessThan(27.9);
  });

  test("picks the same from the same seed", () => {
    expect(shares(name, 4, 100)).toEqual(shares(name, 4, 100));
  });

  test("takes one weight among many for what it is, and ends its rounds", () => {
    const candidates = endpoints(40);
    for (const candidate of candidates.slice(1)) candidate.share = 0.1;
    const counts = counted(buildPicker(name, candidates, new SeededRng(4)), candidates, 20_000);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(counts[0]! / (counts[7]! + 1)).toBeGreaterThan(4);
  });
});

describe.each(hashing)("%s, of keys", (name) => {
  const settled = (
    candidates: readonly EndpointLoad[],
    predecessor: Picker<EndpointLoad> | null = null,
  ) => {
    const picker = buildPicker(name, candidates, new SeededRng(1), 0, predecessor);
    for (let pick = 0; pick < 400; pick++) picker.pick(0, null, 1); // its table is whole
    return picker;
  };

  test("a key stays with its endpoint, whatever the load", () => {
    const candidates = endpoints(10);
    const picker = settled(candidates);
    for (const hash of hashes(200)) {
      const first = picker.pick(0, null, hash)!;
      for (let pick = 0; pick < 50; pick++) first.begin();
      expect(picker.pick(0, null, hash)).toBe(first);
    }
  });

  test.each([3, 50, 400])(
    "a key of %i endpoints is where it belongs from the first request on",
    (count) => {
      const picker = buildPicker(name, endpoints(count), new SeededRng(1));
      const keys = hashes(100);
      const first = keys.map((hash) => picker.pick(0, null, hash));
      for (let pick = 0; pick < 400; pick++) picker.pick(0, null, 1);
      expect(keys.map((hash) => picker.pick(0, null, hash))).toEqual(first);
    },
  );

  test("proxies that know the same endpoints agree, whatever the chance of each", () => {
    const [a, b] = [1, 2].map((seed) => {
      const candidates = endpoints(20);
      const picker = buildPicker(name, candidates, new SeededRng(seed));
      for (let pick = 0; pick < 400; pick++) picker.pick(0, null, 1);
      return hashes(500).map((hash) => picker.pick(0, null, hash)!.uid);
    });
    expect(a).toEqual(b);
  });

  test.each([10, 50])("no endpoint of %i has more than 1.5 shares of the keys", (count) => {
    const candidates = endpoints(count);
    const keys = hashes(50_000);
    const counts = counted(settled(candidates), candidates, keys.length, (pick) => keys[pick]!);
    expect(Math.max(...counts)).toBeLessThan((1.5 * keys.length) / count);
    expect(Math.min(...counts)).toBeGreaterThan((0.5 * keys.length) / count);
  });

  test.each([3, 10, 25, 50])(
    "when one of %i leaves, at most 1.5 shares of the keys move",
    (count) => {
      const candidates = endpoints(count);
      const keys = hashes(20_000);
      const before = settled(candidates);
      const owners = keys.map((hash) => before.pick(0, null, hash));
      for (const gone of [0, Math.floor(count / 2), count - 1]) {
        const left = candidates.filter((_, index) => index !== gone);
        const after = settled(left, before);
        const moved = keys.filter((hash, index) => after.pick(0, null, hash) !== owners[index]);
        expect((moved.length / keys.length) * count).toBeLessThan(1.5);
      }
    },
  );

  test("one to avoid is passed over, and its keys are spread", () => {
    const candidates = endpoints(10);
    const picker = settled(candidates);
    const keys = hashes(5000).filter((hash) => picker.pick(0, null, hash) === candidates[0]);
    const others = new Set(keys.map((hash) => picker.pick(0, candidates[0]!, hash)));
    expect(others.size).toBeGreaterThan(6);
  });
});

describe("ring-hash", () => {
  test("when one leaves no key of another moves", () => {
    const candidates = endpoints(50);
    const before = buildPicker("ring-hash", candidates, new SeededRng(1));
    const after = buildPicker("ring-hash", candidates.slice(1), new SeededRng(1));
    for (const hash of hashes(5000)) {
      const owner = before.pick(0, null, hash);
      if (owner !== candidates[0]) expect(after.pick(0, null, hash)).toBe(owner);
    }
  });
});

describe("maglev", () => {
  test("while its table is made the one before it answers", () => {
    const candidates = endpoints(2000);
    const before = buildPicker("maglev", candidates, new SeededRng(1));
    for (let pick = 0; pick < 400; pick++) before.pick(0, null, 1);
    const owners = hashes(10).map((hash) => before.pick(0, null, hash));
    const after = buildPicker("maglev", candidates.slice(1), new SeededRng(1), 0, before);
    expect(hashes(10).map((hash) => after.pick(0, null, hash))).toEqual(owners);
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

  test("one that answers 429 at once is not the most attractive for it", () => {
    const candidates = endpoints(2);
    candidates[0]!.punish({ latencyMs: 1, retryAfterMs: -1 }, 0);
    expect(candidates[0]!.loadMs(0)).toBe(5000);
    candidates[1]!.punish({ latencyMs: 1, retryAfterMs: 60_000 }, 0);
    expect(candidates[1]!.loadMs(0)).toBe(60_000);
    const picker = buildPicker("p2c-ewma", candidates, new SeededRng(5));
    for (let pick = 0; pick < 100; pick++) expect(picker.pick(0, null, -1)).toBe(candidates[0]);
  });
});

describe.each(["p2c-ewma", "least-request"] as const)("%s, by requests in flight", (name) => {
  test("spreads them where all else is equal", () => {
    const candidates = endpoints(4);
    const picker = buildPicker(name, candidates, new SeededRng(6));
    for (let pick = 0; pick < 400; pick++) picker.pick(0, null, -1)!.begin();
    const pending = candidates.map((candidate) => candidate.pending);
    expect(Math.max(...pending) - Math.min(...pending)).toBeLessThanOrEqual(4);
  });
});

describe("round-robin", () => {
  test("gives exact shares over whole rounds", () => {
    expect(shares("round-robin", 7, 700)).toEqual(Array(7).fill(100));
  });

  test("gives one of weight 0.25 every fourth round", () => {
    const candidates = endpoints(3);
    candidates[0]!.share = 0.25;
    const counts = counted(
      buildPicker("round-robin", candidates, new SeededRng(1)),
      candidates,
      900,
    );
    expect(counts).toEqual([100, 400, 400]);
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
