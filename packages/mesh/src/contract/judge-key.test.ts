import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { keepsTo } from "./exhaustive.fixture.ts";
import {
  counterShape,
  empty,
  historyOf,
  lockShape,
  randomHistory,
  registerModel,
  registerShape,
  type Shape,
  unknown,
} from "./histories.fixture.ts";
import { judgeKey } from "./judge-key.ts";
import type { Operation } from "./operation.ts";
import { SearchBudget, searchLimits } from "./search-budget.ts";
import type { Initial, SequentialModel } from "./sequential.ts";
import type { Consistency } from "./verdict.ts";

const clock = new VirtualClock();
const consistencies: readonly Consistency[] = [
  "linearizable",
  "monotonic-reads",
  "read-your-writes",
  "caller",
];

function judge(
  consistency: Consistency,
  operations: readonly Operation[],
  by: { readonly model?: SequentialModel; readonly initial?: Initial; readonly isFast?: boolean },
) {
  const { model = registerModel, initial = empty, isFast = true } = by;
  const budget = new SearchBudget(searchLimits, clock);
  return judgeKey(operations, initial, { model, consistency, isFast, budget });
}

/** What a register's history keeps to, in the order of `consistencies`. */
function kept(...lines: readonly string[]): string {
  const operations = historyOf(...lines);
  return consistencies.map((each) => judge(each, operations, {}).word).join(" ");
}

describe("what separates them", () => {
  test("what all keep to", () => {
    expect(kept("a put x 1-2", "a get → x 3-4", "b get → x 5-6")).toBe("holds holds holds holds");
  });

  test("somebody else's put is not seen yet: only linearizable minds", () => {
    expect(kept("a put x 1-2", 'b get → "" 3-4')).toBe("violated holds holds holds");
  });

  test("one's own put is not seen: monotonic reads do not mind", () => {
    expect(kept("a put x 1-2", 'a get → "" 3-4')).toBe("violated holds violated violated");
  });

  test("what was seen is gone again: reading one's writes does not mind", () => {
    expect(kept("a put x 1-2", "b get → x 3-4", 'b get → "" 5-6')).toBe(
      "violated violated holds holds",
    );
  });

  test("one's own put is replaced by an older one of somebody else", () => {
    expect(kept("b put y 1-2", "a put x 3-4", "a get → y 5-6")).toBe(
      "violated holds holds undecided",
    );
  });

  test("one's own older put comes back", () => {
    expect(kept("a put x 1-2", "a put y 3-4", "a get → x 5-6")).toBe(
      "violated holds violated violated",
    );
  });

  test("puts seen in another order than they were made, but none of them twice", () => {
    const puts = ["a put x 1-2", "a put y 3-4"];
    expect(kept(...puts, "b get → y 5-6", "b get → x 7-8")).toBe("violated holds holds holds");
    expect(kept(...puts, "b get → x 5-6", "b get → y 7-8", "b get → x 9-10")).toBe(
      "violated violated holds holds",
    );
  });

  test("a read from the future keeps to nothing", () => {
    expect(kept("b get → x 1-2", "a put x 3-4")).toBe("violated violated violated holds");
    expect(kept("a get → x 1-2", "a put x 3-4")).toBe("violated violated violated violated");
  });

  test("`caller` says nothing of a key with two writers, not even where one may not have written", () => {
    const operations = historyOf("a put x 1-2", "b put y 3-? unknown");
    expect(judge("caller", operations, {})).toEqual({
      word: "undecided",
      broken: null,
      why: "several-writers",
    });
    expect(judge("caller", historyOf("a put x 1-2", "b put y 3-4 absent"), {}).word).toBe("holds");
  });
});

test("a key that began unknown", () => {
  const word = (consistency: Consistency, ...lines: readonly string[]) =>
    judge(consistency, historyOf(...lines), { initial: unknown }).word;
  expect(word("monotonic-reads", "a get → z 1-2", "a get → z 3-4")).toBe("holds");
  expect(word("monotonic-reads", "a get → z 1-2", "a get → y 3-4")).toBe("violated");
  expect(word("read-your-writes", "a get → z 1-2", "a put x 3-4", "a get → z 5-6")).toBe(
    "violated",
  );
  expect(word("caller", "a get → z 1-2", "a put x 3-4", "a get → x 5-6")).toBe("holds");
  expect(word("caller", "a get → z 1-2", "a put x 3-4", "a get → z 5-6")).toBe("violated");
});

describe("agrees with trying every order", () => {
  const shapes: readonly [name: string, shape: Shape, seed: number][] = [
    ["a register, each value once", registerShape(9), 11],
    ["a register of three values", registerShape(3), 12],
    ["a counter", counterShape, 13],
    ["a lock", lockShape, 14],
  ];
  test.each(shapes)("%s", (_, shape, seed) => {
    const { model } = shape;
    const rng = new SeededRng(seed);
    const counts = new Map<string, number>();
    for (let round = 0; round < 5_000; round++) {
      const history = randomHistory(rng, shape);
      const truths = consistencies.map((each) => keepsTo(each, history, model));
      for (const [index, consistency] of consistencies.entries()) {
        const truth = truths[index] ? "holds" : "violated";
        for (const isFast of [true, false]) {
          const { word, why } = judge(consistency, history, { model, isFast });
          if (why === "several-writers") continue;
          if (word !== truth) {
            expect({ round, history, consistency, isFast, word }).toEqual({ truth });
          }
          const name = `${consistency} ${word}`;
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
        // The strongest implies each that says anything.
        const isJudged = judge(consistency, history, { model }).why !== "several-writers";
        if (truths[0] && !truths[index] && isJudged)
          expect({ history }).toEqual({ keepsTo: consistency });
      }
    }
    for (const consistency of consistencies) {
      expect(counts.get(`${consistency} holds`) ?? 0).toBeGreaterThan(500);
      expect(counts.get(`${consistency} violated`) ?? 0).toBeGreaterThan(100);
    }
  });
});
