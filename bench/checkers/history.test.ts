import { expect, test } from "vitest";
import { compareShape } from "./compare.ts";
import { generateHistory } from "./history.ts";
import { areSame } from "./run.ts";
import { shapes } from "./shapes.ts";

const few = shapes
  .filter(({ isSearchable, keys }) => isSearchable && keys > 1)
  .map((shape) => ({ ...shape, operations: 1000, keys: 20 }));

test("the same seed gives the same history, and every caller does one thing at a time", () => {
  const [shape] = few;
  const history = generateHistory(shape!, 3);
  expect(generateHistory(shape!, 3)).toEqual(history);
  expect(generateHistory(shape!, 4)).not.toEqual(history);
  const byCaller = Map.groupBy(history, ({ caller }) => caller);
  expect(byCaller.size).toBe(shape!.callers);
  for (const own of byCaller.values()) {
    own.forEach(({ startMs }, index) => {
      expect(startMs).toBeGreaterThan(own[index - 1]?.endMs ?? -1);
    });
  }
});

test.each(few)("what is made to hold holds, a stale read is found: $name", (shape) => {
  const row = compareShape(shape, null);
  expect(row.fast.word).toBe(shape.isStale ? "violated" : "holds");
  expect(areSame(row)).toBe(true);
});

test("two verdicts of one history are told apart", () => {
  const row = compareShape(few[0]!, null);
  expect(areSame({ ...row, porcupine: { word: "violated", ms: 1 } })).toBe(false);
  expect(areSame({ ...row, searched: { word: "undecided", ms: 1 } })).toBe(false);
});
