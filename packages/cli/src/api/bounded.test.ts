import { expect, test } from "vitest";
import { bounded, isTooLong } from "./bounded.ts";

test("what comes to an end gives what it gives, or throws what it throws", () => {
  expect(bounded(() => [1, 2], 60_000)).toEqual([1, 2]);
  const own = new Error("own");
  const thrown = failureOf(() => {
    throw own;
  });
  expect([thrown === own, isTooLong(thrown)]).toEqual([true, false]);
});

test("a loop without an end is left, and what comes after it works", () => {
  const thrown = failureOf(() => {
    for (;;);
  });
  expect(isTooLong(thrown)).toBe(true);
  expect(bounded(() => "on", 60_000)).toBe("on");
});

function failureOf(work: () => never): unknown {
  try {
    return bounded(work, 100);
  } catch (error) {
    return error;
  }
}
