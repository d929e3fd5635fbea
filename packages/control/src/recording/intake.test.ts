import fc from "fast-check";
import { expect, test } from "vitest";
import { batch } from "./batches.fixture.ts";
import { Intake } from "./intake.ts";
import type { StreamState } from "./shelf.ts";

const ids = (taken: ReturnType<Intake["take"]>) =>
  taken.batch?.exchanges.map(({ id }) => id) ?? null;

test("a batch that comes twice is kept once, and answered both times alike", () => {
  const intake = new Intake([]);
  expect(intake.take(batch(1, 3), 0)).toMatchObject({ state: { next: 4 } });
  expect(intake.take(batch(1, 3), 0)).toMatchObject({ batch: null, state: { next: 4 } });
});

test("of a batch that overlaps what is kept the rest is kept", () => {
  const intake = new Intake([]);
  intake.take(batch(1, 3), 0);
  const taken = intake.take(batch(2, 5), 0);
  expect(ids(taken)).toEqual([4, 5]);
  expect(taken.batch).toMatchObject({ from: 4, gaps: [] });
});

test("a number that is left out is a gap, from the last that is known to the next that came", () => {
  const intake = new Intake([]);
  intake.take(batch(1, 3), 0);
  expect(intake.take(batch(6, 7), 0).batch?.gaps).toEqual([
    { fromMs: 35, toMs: 65, missing: 2, reason: "lost" },
  ]);
});

test("a stream whose beginning is missing has a gap since its life began", () => {
  expect(new Intake([]).take(batch(5, 5, { sinceMs: 20 }), 0).batch?.gaps).toEqual([
    { fromMs: 20, toMs: 55, missing: 4, reason: "lost" },
  ]);
});

test("another life of a proxy begins with a gap, each store for itself", () => {
  const intake = new Intake([]);
  intake.take(batch(1, 2), 0);
  const second = batch(1, 1, { life: "2", sinceMs: 40 });
  expect(intake.take(second, 1).batch?.gaps).toEqual([
    { fromMs: 25, toMs: 40, missing: -1, reason: "restart" },
  ]);
  expect(intake.take(batch(2, 2, { life: "2", sinceMs: 40 }), 1).batch?.gaps).toEqual([]);
  const sampled = batch(1, 1, { life: "2", sinceMs: 40, store: "sampled" });
  expect(intake.take(sampled, 1).batch?.gaps).toEqual([]);
});

test("after another boot nothing is known since it booted", () => {
  const intake = new Intake([]);
  intake.take(batch(100, 100, { sinceMs: 990 }), 0);
  const next = batch(1, 1, { life: "2", boot: "next", sinceMs: 8 });
  expect(intake.take(next, 1).batch?.gaps).toEqual([
    { fromMs: 0, toMs: 8, missing: -1, reason: "restart" },
  ]);
});

test("a late batch of an earlier life makes no gap, neither for itself nor for the next", () => {
  const intake = new Intake([]);
  intake.take(batch(1, 2), 0);
  intake.take(batch(1, 9, { life: "2", sinceMs: 40 }), 1);
  expect(intake.take(batch(3, 3), 2).batch?.gaps).toEqual([]);
  expect(intake.take(batch(10, 10, { life: "2", sinceMs: 40 }), 3).batch?.gaps).toEqual([]);
});

test("gaps alone are kept; nothing at all is not", () => {
  const intake = new Intake([]);
  const gap = { fromMs: 1, toMs: 2, missing: 7, reason: "overflow" } as const;
  expect(intake.take(batch(1, 0, { gaps: [gap] }), 0).batch?.gaps).toEqual([gap]);
  expect(intake.take(batch(1, 0), 0).batch).toBeNull();
});

test("however a stream is cut, repeated and continued by another control plane, each number is kept or in a gap", () => {
  const step = fc.record({
    back: fc.nat(4),
    skip: fc.nat(2),
    length: fc.nat(4),
    dies: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let intake = new Intake([]);
      let states = new Map<string, StreamState>();
      const kept: number[] = [];
      let missing = 0;
      let next = 1;
      for (const { back, skip, length, dies } of steps) {
        if (dies) intake = new Intake([...states.values()]);
        const from = Math.max(1, next + (back > 0 ? -back : skip));
        const taken = intake.take(batch(from, from + length - 1), 0);
        kept.push(...(ids(taken) ?? []));
        for (const gap of taken.batch?.gaps ?? []) missing += gap.missing;
        next = taken.state.next;
        states = new Map([["only", taken.state]]);
      }
      expect(new Set(kept).size).toBe(kept.length);
      expect(kept).toEqual(kept.toSorted((a, b) => a - b));
      // A batch of no exchanges beyond the next says that those before are missing; it has no place to be kept but its gap.
      expect(kept.length + missing).toBe(next - 1);
    }),
    { numRuns: 300, seed: 3 },
  );
});
