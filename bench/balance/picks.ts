import { buildPicker, type PickerName, pickers } from "@heddle/mesh/balance/index.ts";
import { EndpointLoad } from "@heddle/mesh/balance/load.ts";
import type { Picker } from "@heddle/mesh/balance/picker.ts";
import { keyHash } from "@heddle/mesh/base/key-hash.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { median } from "../measure/median.ts";

/** What one pick of one picker costs among so many endpoints. */
export interface PickCost {
  readonly picker: PickerName;
  readonly endpoints: number;
  /** Median of batches. */
  readonly ns: number;
  /** Octets allocated by one pick. */
  readonly bytes: number;
  /** The longest single call on the way to a whole table, the building of the picker included, in ms. */
  readonly longestMs: number;
}

const hashing: readonly PickerName[] = ["ring-hash", "maglev"];
const batches = 15;
const keys = Int32Array.from({ length: 4096 }, (_, index) => keyHash(`key ${index}`) >>> 1);

export const endpointsOf = (count: number): EndpointLoad[] =>
  Array.from({ length: count }, (_, index) => new EndpointLoad(`kvs-${index}-x7k2`, 0));

/** Each picker among 10, 1,000 and 10,000 endpoints; those that hash with a key in each request. */
export function measurePicks(picksPerBatch: number): readonly PickCost[] {
  const names = Object.keys(pickers) as PickerName[];
  return names.flatMap((name) =>
    [10, 1000, 10_000].map((count) => costOf(name, count, picksPerBatch)),
  );
}

function costOf(name: PickerName, endpoints: number, picks: number): PickCost {
  const candidates = endpointsOf(endpoints);
  for (let warmUp = 0; warmUp < 3; warmUp++)
    settle(buildPicker(name, candidates, new SeededRng(2)));
  const startMs = performance.now();
  const picker = buildPicker(name, candidates, new SeededRng(1));
  picker.pick(1, null, keys[0]!);
  const longestMs = Math.max(performance.now() - startMs, settle(picker));
  const times: number[] = [];
  const sizes: number[] = [];
  run(picker, name, picks);
  for (let batch = 0; batch < batches; batch++) {
    const heap = process.memoryUsage().heapUsed;
    const beginMs = performance.now();
    run(picker, name, picks);
    times.push(((performance.now() - beginMs) * 1e6) / picks);
    sizes.push((process.memoryUsage().heapUsed - heap) / picks);
  }
  return {
    picker: name,
    endpoints,
    ns: median(times)!,
    bytes: Math.max(0, median(sizes)!),
    longestMs,
  };
}

/** Picks until its table is whole; the longest of them, in ms. */
function settle(picker: Picker): number {
  let longestMs = 0;
  for (let pick = 0; pick < 1200; pick++) {
    const beginMs = performance.now();
    picker.pick(1, null, keys[pick]!);
    longestMs = Math.max(longestMs, performance.now() - beginMs);
  }
  return longestMs;
}

function run(picker: Picker, name: PickerName, picks: number): void {
  const hasKey = hashing.includes(name);
  for (let pick = 0; pick < picks; pick++) {
    picker.pick(pick >> 10, null, hasKey ? keys[pick & 4095]! : -1);
  }
}

/** Of the keys of all endpoints how many go elsewhere when one leaves, as a multiple of that one's fair share. */
export interface MovedKeys {
  readonly picker: PickerName;
  readonly endpoints: number;
  /** The largest over some that leave. */
  readonly shares: number;
  readonly percent: number;
}

export function measureMoved(counts: readonly number[]): readonly MovedKeys[] {
  const hashes = Array.from({ length: 100_000 }, (_, index) => keyHash(`user-${index}`) >>> 1);
  return hashing.flatMap((name) =>
    counts.map((count) => {
      const candidates = endpointsOf(count);
      const before = buildPicker(name, candidates, new SeededRng(1));
      settle(before);
      const owners = hashes.map((hash) => before.pick(0, null, hash));
      const gone = count > 1000 ? [0] : [0, 1, count >> 1, count - 1];
      const shares = gone.map((index) => {
        const left = candidates.filter((_, at) => at !== index);
        const after = buildPicker(name, left, new SeededRng(1), 0, before);
        settle(after);
        const moved = hashes.filter((hash, at) => after.pick(0, null, hash) !== owners[at]);
        return moved.length / hashes.length;
      });
      const most = Math.max(...shares);
      return { picker: name, endpoints: count, shares: most * count, percent: most * 100 };
    }),
  );
}
