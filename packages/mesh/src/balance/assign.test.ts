import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SlotsDoc } from "../model/document.ts";
import { assignSlots } from "./assign.ts";
import { slotOwner } from "./placement.ts";

const counts = (slots: SlotsDoc) =>
  slots.owners.map((_, owner) => slots.assignment.filter((index) => index === owner).length);

const moved = (before: SlotsDoc, after: SlotsDoc) =>
  before.assignment.filter((_, slot) => slotOwner(before, slot) !== slotOwner(after, slot)).length;

describe("slots over workloads", () => {
  test("the first assignment is even", () => {
    expect(counts(assignSlots(null, ["c", "a", "b"], 1024))).toEqual([342, 341, 341]);
  });

  test("a third owner takes a third from the two, and they exchange nothing", () => {
    const before = assignSlots(null, ["a", "b"], 1024);
    const after = assignSlots(before, ["a", "b", "c"], 1024);
    expect(moved(before, after)).toBe(counts(after)[2]);
    expect(counts(after).toSorted()).toEqual([341, 341, 342]);
  });

  test("the same owners in any order keep their slots and their epoch", () => {
    const before = assignSlots(null, ["a", "b", "c"], 64);
    expect(assignSlots(before, ["c", "b", "a"], 64)).toBe(before);
  });

  test("without owners no slot has one", () => {
    const slots = assignSlots(null, [], 4);
    expect(slots).toEqual({ assignmentEpoch: 1, owners: [], assignment: [-1, -1, -1, -1] });
  });

  test("another slot count starts afresh in a new epoch", () => {
    const before = assignSlots(null, ["a", "b"], 4);
    expect(assignSlots(before, ["a", "b"], 8)).toMatchObject({
      assignmentEpoch: 2,
      owners: ["a", "b"],
    });
  });

  test("over any changes: even shares, no needless move, deterministic", () => {
    const owners = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), {
      minLength: 1,
    });
    const steps = fc.array(owners, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 200 }), (sets, slots) => {
        let now: SlotsDoc | null = null;
        for (const set of sets) {
          const next = assignSlots(now, set, slots);
          expect(assignSlots(now, set, slots)).toEqual(next);
          expect(next.owners.toSorted()).toEqual(set.toSorted());
          const shares = counts(next);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
          if (now !== null) expect(moved(now, next)).toBe(leastMoves(now, next));
          now = next;
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

/** Slots whose owner has gone, and what any owner held above its new share. */
function leastMoves(before: SlotsDoc, after: SlotsDoc): number {
  const share = new Map(after.owners.map((owner, index) => [owner, counts(after)[index]!]));
  let moves = 0;
  for (const [index, owner] of before.owners.entries()) {
    const had = counts(before)[index]!;
    moves += Math.max(0, had - (share.get(owner) ?? 0));
  }
  return moves;
}
