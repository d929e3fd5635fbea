import { expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { keepsTo } from "./exhaustive.fixture.ts";
import {
  counterShape,
  empty,
  historyOf,
  operation,
  randomHistory,
  registerModel,
  registerShape,
} from "./histories.fixture.ts";
import { decideFor, judgeKey } from "./judge-key.ts";
import type { Obligation } from "./obligation.ts";
import type { Operation } from "./operation.ts";
import { SearchBudget, searchLimits } from "./search-budget.ts";
import type { SequentialModel } from "./sequential.ts";
import { shrink } from "./shrink.ts";
import type { Consistency } from "./verdict.ts";

const clock = new VirtualClock();

function smallest(
  operations: readonly Operation[],
  consistency: Consistency = "linearizable",
  model: SequentialModel = registerModel,
  isFast = true,
): readonly Obligation[] | null {
  const options = () => ({ model, isFast, budget: new SearchBudget(searchLimits, clock) });
  const { broken } = judgeKey(operations, empty, { ...options(), consistency });
  if (broken === null) return null;
  return shrink(broken.question, broken.decision.among, {
    model,
    isViolated: (weaker) => decideFor(consistency)(weaker, options()).word === "violated",
  });
}

const ids = (found: readonly Obligation[] | null) => found?.map(({ operation: { id } }) => id);

test("a put that is not seen: the put and the get", () => {
  const history = historyOf(
    "a put v1 1-2",
    "b get → v1 3-4",
    "b put v17 5-6",
    'a get → "" 7-8',
    "b get → v17 9-10",
    "a put v18 11-12",
  );
  for (const isFast of [true, false]) {
    expect(smallest(history, "linearizable", registerModel, isFast)?.length).toBe(2);
  }
});

test("an old value that comes back stands there with its put", () => {
  const history = historyOf(
    "c put v0 0-1",
    "a put v1 1-2",
    "c get → v1 3-4",
    "b put v2 5-6",
    "c get → v2 7-8",
    "a get → v1 9-10",
    "a put v3 11-12",
  );
  for (const isFast of [true, false]) {
    const found = ids(smallest(history, "linearizable", registerModel, isFast));
    expect(found).toContain(1); // put v1
    expect(found).toContain(5); // get → v1
    expect(found?.length).toBe(3);
  }
});

test("a value from nowhere stands alone", () => {
  expect(ids(smallest(historyOf("a put v1 1-2", "b get → v9 3-4", "b get → v1 5-6")))).toEqual([1]);
});

test("reads that go back and forth stand there with the puts of what they gave", () => {
  const lines = ["a put x 1-2", "b put y 1-2", "c get → x 3-4", "c get → y 5-6", "c get → x 7-8"];
  expect(ids(smallest(historyOf(...lines), "monotonic-reads"))).toEqual([0, 1, 2, 3, 4]);
});

test("of a thousand operations without a fast path a few are left", () => {
  const history: Operation[] = [];
  for (let index = 0; index < 1000; index++) {
    const isPut = index % 2 === 0;
    const value = `v${(isPut ? index : index - 1) % 7}`; // not unique
    history.push({
      ...operation(index, `c${index % 3}`, isPut ? "put" : "get", isPut ? [value] : []),
      startMs: 2 * index,
      endMs: 2 * index + 1,
      outcome: { kind: "ok", result: isPut ? undefined : index === 701 ? "" : value },
    });
  }
  const found = smallest(history);
  expect(found?.length).toBe(2);
  expect(ids(found)).toContain(701);
});

test("what is found is a violation of the whole, and nothing of it can be left out", () => {
  const rng = new SeededRng(21);
  const shapes = [registerShape(9), registerShape(3), counterShape];
  const sizes: number[] = [];
  for (let round = 0; round < 12_000; round++) {
    const shape = shapes[round % shapes.length]!;
    const { model } = shape;
    const consistency = (
      ["linearizable", "monotonic-reads", "read-your-writes", "caller"] as const
    )[(round >> 2) % 4]!;
    const history = randomHistory(rng, shape);
    const shown = smallest(history, consistency, model, round % 2 === 0);
    if (shown === null) continue;
    sizes.push(shown.length);
    const found = shown.filter(({ isRequired }) => isRequired).map(({ operation }) => operation);
    // Every update that was left out may have happened at any time from its start on, or never.
    const withOthers = (kept: readonly Operation[]): readonly Operation[] => [
      ...kept,
      ...history
        .filter(({ id, name }) => model.changes(name) && !kept.some((each) => each.id === id))
        .map((each) => ({
          ...each,
          endMs: Infinity,
          outcome: { kind: "unknown", detail: "left out" } as const,
        })),
    ];
    const isKept = (kept: readonly Operation[]) => keepsTo(consistency, withOthers(kept), model);
    if (isKept(found)) expect({ round, consistency, history }).toEqual({ found });
    for (const left of found) {
      const rest = found.filter((each) => each !== left);
      if (!isKept(rest)) expect({ round, consistency, history, found }).toEqual({ rest });
    }
  }
  expect(sizes.length).toBeGreaterThan(2000);
  expect(Math.max(...sizes)).toBeLessThan(8);
});

test("a question that cannot be decided in time is not shrunk further", () => {
  const history = historyOf("a put x 1-2", "b get → x 3-4", 'a get → "" 5-6');
  const budget = new SearchBudget(searchLimits, clock);
  const by = { model: registerModel, isFast: false, budget };
  const { broken } = judgeKey(history, empty, { ...by, consistency: "linearizable" });
  const found = shrink(broken!.question, null, { model: registerModel, isViolated: () => false });
  expect(ids(found)).toEqual([0, 1, 2]);
});
