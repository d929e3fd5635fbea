import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { decide } from "./decide.ts";
import { keepsTo } from "./exhaustive.fixture.ts";
import {
  counterModel,
  counterShape,
  empty,
  historyOf,
  lockModel,
  lockShape,
  operation,
  randomHistory,
  registerModel,
  registerShape,
  type Shape,
  unknown,
} from "./histories.fixture.ts";
import { askLinearizable } from "./linearizable.ts";
import type { Operation } from "./operation.ts";
import { SearchBudget, searchLimits } from "./search-budget.ts";
import type { Initial, SequentialModel } from "./sequential.ts";
import { judgeUniqueValues } from "./unique-values.ts";

const clock = new VirtualClock();

function judge(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial = empty,
  isFast = true,
  limits = searchLimits,
) {
  const budget = new SearchBudget(limits, clock);
  return decide(askLinearizable(operations, model, initial), { model, budget, isFast }).word;
}

describe("a register", () => {
  const both = (operations: readonly Operation[], initial: Initial = empty) => {
    const fast = judge(operations, registerModel, initial);
    expect(judge(operations, registerModel, initial, false)).toBe(fast);
    return fast;
  };

  test("gives what was put last", () => {
    expect(both(historyOf("a put x 1-2", "b get → x 3-4"))).toBe("holds");
    expect(both(historyOf("a put x 1-2", 'b get → "" 3-4'))).toBe("violated");
    expect(both(historyOf("a put x 1-2", "a put y 3-4", "b get → x 5-6"))).toBe("violated");
  });

  test("may give either while a put is under way, but not the old one again", () => {
    const put = "a put x 1-9";
    expect(both(historyOf(put, 'b get → "" 2-3', "b get → x 4-5"))).toBe("holds");
    expect(both(historyOf(put, "b get → x 2-3", 'c get → "" 4-5'))).toBe("violated");
  });

  test("an interval holds both its ends", () => {
    expect(both(historyOf("a put x 1-2", 'b get → "" 2-3'))).toBe("holds");
    expect(both(historyOf("a put x 1-2", 'b get → "" 2.001-3'))).toBe("violated");
  });

  test("a put that timed out may happen at any later time, or never, but only once", () => {
    const put = "a put x 1-? unknown";
    expect(both(historyOf(put, 'b get → "" 5-6', "b get → x 70-80"))).toBe("holds");
    expect(both(historyOf(put, 'b get → "" 5-6'))).toBe("holds");
    const again = ["b get → x 3-4", "b put y 5-6", "b get → x 7-8"];
    expect(both(historyOf(put, ...again))).toBe("violated");
    expect(both(historyOf("a put x 5-? unknown", "b get → x 3-4"))).toBe("violated");
  });

  test("what did not happen is not there", () => {
    expect(both(historyOf("a put x 1-2 absent", 'b get → "" 3-4'))).toBe("holds");
    expect(both(historyOf("a put x 1-2 absent", "b get → x 3-4"))).toBe("violated");
  });

  test("that began unknown is what was read first", () => {
    expect(both(historyOf("b get → z 1-2", "b get → z 3-4"), unknown)).toBe("holds");
    expect(both(historyOf("b get → z 1-2", "b get → y 3-4"), unknown)).toBe("violated");
    // It may have been x before x was put.
    expect(both(historyOf("b get → x 1-2", "a put x 3-4", "b get → x 5-6"), unknown)).toBe("holds");
    expect(both(historyOf("a put x 1-2", "b get → z 3-4"), unknown)).toBe("violated");
  });
});

test("a counter and a lock", () => {
  const counts = ["a add 1-2", "b add 1-3", "c value → 1 2-4", "c value → 2 5-6"];
  expect(judge(historyOf(...counts), counterModel)).toBe("holds");
  expect(judge(historyOf(...counts, "c value → 1 7-8"), counterModel)).toBe("violated");
  const locked = ["a acquire a → true 1-2", "b acquire b → false 3-4"];
  expect(judge(historyOf(...locked), lockModel)).toBe("holds");
  expect(judge(historyOf(...locked, "b acquire b → true 5-6"), lockModel)).toBe("violated");
  const lost = "a release a 5-? unknown";
  expect(judge(historyOf(...locked, lost, "b acquire b → true 5-6"), lockModel)).toBe("holds");
});

test("a counter that stood far from zero holds where its first read says where it stood", () => {
  const far = ["a value → 3000 1-2", "a add 3-4", "b add 3-5", "b value → 3002 6-7"];
  expect(judge(historyOf(...far), counterModel, unknown)).toBe("holds");
  expect(judge(historyOf(...far.with(3, "b value → 3003 6-7")), counterModel, unknown)).toBe(
    "undecided",
  );
});

test("an object that began unknown and is no register holds or is undecided", () => {
  const release = "b release b → true 3-4";
  const held = historyOf("a acquire a → false 1-2", release, "b acquire b → true 5-6");
  expect(judge(held, lockModel, unknown)).toBe("holds");
  expect(judge(held, lockModel)).toBe("violated");
  expect(judge(historyOf("a value → 1000 1-2"), counterModel, unknown)).toBe("undecided");
});

describe("agrees with trying every order", () => {
  const shapes: readonly [name: string, shape: Shape, seed: number][] = [
    ["a register, each value once", registerShape(9), 1],
    ["a register of three values", registerShape(3), 2],
    ["a counter", counterShape, 3],
    ["a lock", lockShape, 4],
  ];
  test.each(shapes)("%s", (_, shape, seed) => {
    const rng = new SeededRng(seed);
    const words = { holds: 0, violated: 0, undecided: 0 };
    for (let round = 0; round < 15_000; round++) {
      const history = randomHistory(rng, shape);
      const truth = keepsTo("linearizable", history, shape.model) ? "holds" : "violated";
      const word = judge(history, shape.model, empty, false);
      if (word !== truth) expect({ round, history, word }).toEqual({ truth });
      words[word]++;
    }
    expect(Math.min(words.holds, words.violated)).toBeGreaterThan(1500);
  });

  test("a register that began unknown", () => {
    const rng = new SeededRng(5);
    const begins = ["", "elsewhere", ...Array.from({ length: 9 }, (_, index) => `v${index}`)];
    const words = { holds: 0, violated: 0, undecided: 0 };
    for (let round = 0; round < 10_000; round++) {
      const history = randomHistory(rng, registerShape(round % 2 === 0 ? 9 : 3));
      const truth = keepsTo("linearizable", history, registerModel, begins) ? "holds" : "violated";
      const word = judge(history, registerModel, unknown, false);
      if (word !== truth) expect({ round, history, word }).toEqual({ truth });
      words[word]++;
    }
    expect(Math.min(words.holds, words.violated)).toBeGreaterThan(1500);
  });
});

test("without a search it comes to what the search comes to", () => {
  const rng = new SeededRng(6);
  const words = { holds: 0, violated: 0, "cannot say": 0 };
  for (let round = 0; round < 200_000; round++) {
    const history = randomHistory(rng, registerShape(round % 4 === 0 ? 4 : 9));
    const initial = round % 3 === 0 ? unknown : empty;
    const found = judgeUniqueValues(
      askLinearizable(history, registerModel, initial),
      registerModel,
    );
    words[found?.word ?? "cannot say"]++;
    if (found === null) continue;
    const word = judge(history, registerModel, initial, false);
    if (word !== found.word) expect({ round, history, found }).toEqual({ word });
    if (found.word === "violated") {
      const among = { caller: null, asked: found.among, initial };
      const budget = new SearchBudget(searchLimits, clock);
      const part = decide(among, { model: registerModel, budget, isFast: false });
      if (part.word !== "violated") expect({ round, history, found }).toEqual(part);
    }
  }
  expect(words.holds).toBeGreaterThan(80_000);
  expect(words.violated).toBeGreaterThan(40_000);
  expect(words["cannot say"]).toBeGreaterThan(5_000);
});

describe("limits", () => {
  test("a hundred thousand operations on one key, one long read over them all", () => {
    const history: Operation[] = [
      { ...operation(0, "long", "get", []), startMs: 0, endMs: 400_000, outcome: ok("v50001") },
    ];
    for (let index = 1; index < 100_000; index++) {
      const startMs = 4 * index;
      const isPut = index % 2 === 1;
      const value = `v${isPut ? index : index - 1}`;
      const base = operation(index, `c${index % 16}`, isPut ? "put" : "get", isPut ? [value] : []);
      const outcome = ok(isPut ? undefined : value);
      history.push({ ...base, startMs, endMs: startMs + 3, outcome });
    }
    expect(judge(history, registerModel, empty, true)).toBe("holds");
    expect(judge(history, registerModel, empty, false)).toBe("holds");
    const stale = [...history, staleRead(history.length)];
    expect(judge(stale, registerModel, empty, true)).toBe("violated");
    expect(judge(stale, registerModel, empty, false)).toBe("violated");
  });

  test("many puts that may have happened do not multiply", () => {
    const puts = Array.from({ length: 60 }, (_, index) => ({
      ...operation(index, `c${index}`, "put", [`v${index}`]),
      outcome: { kind: "unknown", detail: "timeout" } as const,
      startMs: index,
      endMs: Infinity,
    }));
    const reads = historyOf("r get → v7 100-101", "r get → v3 102-103", "r get → v7 104-105");
    const limits = { ...searchLimits, stepsMax: 100_000 };
    const part = [...puts, ...reads.slice(0, 2)];
    expect(judge(part, registerModel, empty, false, limits)).toBe("holds");
    expect(judge([...puts, ...reads], registerModel, empty, false, limits)).toBe("violated");
  });

  test("beyond its steps, its states or its time a search is undecided", () => {
    const adds = Array.from({ length: 12 }, (_, index) => ({
      ...operation(index, `c${index}`, "acquire", [`c${index}`]),
      outcome: ok(false),
      startMs: 0,
      endMs: 100,
    }));
    const history = [...adds, ...historyOf("z acquire z → true 0-100", "y acquire y → true 0-100")];
    const judged = (limits: Partial<typeof searchLimits>) =>
      judge(history, lockModel, empty, true, { ...searchLimits, ...limits });
    expect(judged({})).toBe("violated");
    expect(judged({ stepsMax: 20 })).toBe("undecided");
    expect(judged({ statesMax: 5 })).toBe("undecided");
    const slow = { ...clock, wallMs: () => 0, after: clock.after, monotonicMs: counting() };
    const budget = new SearchBudget({ ...searchLimits, keyTimeMaxMs: 3 }, slow);
    const question = askLinearizable(history, lockModel, empty);
    expect(decide(question, { model: lockModel, budget, isFast: true }).word).toBe("undecided");
  });
});

function ok(result: string | boolean | undefined) {
  return { kind: "ok", result } as const;
}

function staleRead(id: number): Operation {
  return {
    ...operation(id, "z", "get", []),
    startMs: 500_000,
    endMs: 500_001,
    outcome: ok("v99997"),
  };
}

/** A clock that goes on by 1 ms at each look. */
function counting(): () => number {
  let nowMs = 0;
  return () => nowMs++;
}
