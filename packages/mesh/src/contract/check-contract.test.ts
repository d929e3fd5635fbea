import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { type ContractCheck, checkContract } from "./check-contract.ts";
import {
  counterModel,
  empty,
  historyOf,
  lockModel,
  operation,
  registerModel,
  unknown,
} from "./histories.fixture.ts";
import type { Operation } from "./operation.ts";

const basis = {
  contract: "default/kvs",
  service: "default/kvs",
  consistency: "linearizable",
  model: registerModel,
  initialOf: () => empty,
  clock: new VirtualClock(),
} as const satisfies Partial<ContractCheck>;

/** One history for each key. */
function keyed(histories: Readonly<Record<string, readonly Operation[]>>): readonly Operation[] {
  let id = 0;
  return Object.entries(histories).flatMap(([key, operations]) =>
    operations.map((each) => ({ ...each, id: id++, key })),
  );
}

const good = historyOf("a put x 1-2", "b get → x 3-4");
const stale = historyOf("a put x 1-2", "b get → x 3-4", 'b get → "" 5-6', "a get → x 7-8");

test("holds: what was judged, and how much of it", () => {
  const operations = keyed({ 1: good, 2: good, 10: historyOf("c put y 5-? unknown") });
  const verdict = checkContract({ ...basis, operations, wallOffsetMs: 1000 });
  expect(verdict).toEqual({
    verdict: "holds",
    contract: "default/kvs",
    service: "default/kvs",
    consistency: "linearizable",
    operations: 5,
    keys: 3,
    callers: 3,
    window: { fromWallMs: 1001, toWallMs: 1005 },
    observed: 5,
    inferred: 0,
    unknown: 1,
    refused: 0,
    absent: 0,
    violatedKeys: [],
    undecidedKeys: [],
    assumptions: [],
  });
});

test("violated: the put and the get, what was expected, and the axiom", () => {
  const operations = keyed({ 10: stale, 9: good, 2: stale });
  const axiom = "get (put (empty) k v) k → v";
  const verdict = checkContract({ ...basis, operations, axiomOf: () => axiom });
  expect(verdict.verdict).toBe("violated");
  expect(verdict.violatedKeys).toEqual(["2", "10"]);
  const { counterexample } = verdict;
  expect(counterexample?.key).toBe("2");
  expect(counterexample?.from).toBe(4);
  expect(counterexample?.axiom).toBe(axiom);
  expect(counterexample?.operations.map(({ name }) => name)).toEqual(["put", "get"]);
  const [, get] = counterexample!.operations;
  expect(counterexample?.expected).toEqual({ operation: get!.id, value: "x" });
});

test("the counterexample is the smallest of all keys", () => {
  const three = historyOf("a put x 1-2", "a put y 3-4", "b get → x 5-6");
  const one = historyOf("a put x 1-2", "b get → x 3-4", "b get → x 5-6", "b get → z 7-8");
  const verdict = checkContract({ ...basis, operations: keyed({ 1: three, 2: one }) });
  expect(verdict.counterexample?.key).toBe("2");
  expect(verdict.counterexample?.operations.length).toBe(1);
  expect(verdict.counterexample?.expected?.value).toBe("");
});

test("of counterexamples of one size the one that says which axiom it breaks", () => {
  const crossed = historyOf("a get → y 1-2", "a get → z 3-4");
  const plain = historyOf("a put x 1-2", 'b get → "" 3-4');
  const verdict = checkContract({
    ...basis,
    initialOf: () => ({ kind: "unknown" }),
    operations: keyed({ 1: crossed, 2: plain }),
    axiomOf: ({ key }) => (key === "2" ? "get (put (s) k v) k → v" : null),
  });
  expect(verdict.violatedKeys).toEqual(["1", "2"]);
  expect([verdict.counterexample?.key, verdict.counterexample?.axiom]).toEqual([
    "2",
    "get (put (s) k v) k → v",
  ]);
});

test("what reaches across a gap is not judged, and is counted; where nothing else is there, it is undecided", () => {
  const operations = keyed({ 1: stale });
  const across = { ...basis, operations, cutsOf: () => [{ fromMs: 0, toMs: 9 }] };
  const nothing = checkContract(across);
  expect([nothing.verdict, nothing.undecidedKeys]).toEqual(["undecided", []]);
  expect(nothing.assumptions.join()).toContain("4 operations about which a gap");
  const some = checkContract({ ...across, cutsOf: () => [{ fromMs: 1.5, toMs: 5.5 }] });
  expect(some.verdict).toBe("holds");
  expect(some.assumptions.join()).toContain("3 operations about which a gap");
});

test("updates that may stand before an answer are told with it, and nothing of a register's", () => {
  const added = historyOf("a add 1-2", "b add 3-4", "c value → 9 5-6", "a add 7-8");
  const counted = checkContract({ ...basis, model: counterModel, operations: keyed({ 1: added }) });
  expect(counted.counterexample?.operations.map(({ name }) => name)).toEqual(["value"]);
  expect(counted.counterexample?.others).toBe(2);
  const written = historyOf("a put x 1-2", "b put y 3-4", "c get → z 5-6");
  const verdict = checkContract({ ...basis, operations: keyed({ 1: written }) });
  expect([verdict.counterexample?.operations.length, verdict.counterexample?.others]).toEqual([
    1, 0,
  ]);
});

test("a refusal is a violation by itself, and did not happen", () => {
  const history = historyOf("a put x 1-2 refused", 'a get → "" 3-4');
  const verdict = checkContract({ ...basis, operations: keyed({ 7: history }) });
  expect(verdict.verdict).toBe("violated");
  expect(verdict.refused).toBe(1);
  expect(verdict.counterexample?.operations.map(({ outcome }) => outcome.kind)).toEqual([
    "refused",
  ]);
  expect(verdict.counterexample?.expected).toBeNull();
});

test("what a proxy answered is counted, and no violation", () => {
  const history = historyOf("a put x 1-2 absent", 'a get → "" 3-4');
  const verdict = checkContract({ ...basis, operations: keyed({ 7: history }) });
  expect([verdict.verdict, verdict.absent]).toEqual(["holds", 1]);
});

test("a service that answered nothing is not called right", () => {
  const history = historyOf("a put x 1-? unknown", "b get 2-? unknown", "a put y 3-4 absent");
  const verdict = checkContract({ ...basis, operations: keyed({ 7: history }) });
  expect(verdict.verdict).toBe("undecided");
  expect(verdict.assumptions).toContain(
    "undecided: no operation was answered as the definition says",
  );
});

test("nothing was recorded: it holds, of nothing", () => {
  const verdict = checkContract({ ...basis, operations: [] });
  expect([verdict.verdict, verdict.operations, verdict.keys]).toEqual(["holds", 0, 0]);
});

describe("undecided", () => {
  test("a key with two writers, where only one caller's own history counts", () => {
    const two = historyOf("a put x 1-2", "b put y 3-4");
    const operations = keyed({ 1: good, 2: two });
    const verdict = checkContract({ ...basis, consistency: "caller", operations });
    expect(verdict.verdict).toBe("undecided");
    expect(verdict.undecidedKeys).toEqual(["2"]);
    expect(verdict.assumptions).toEqual([
      "1 key undecided: several callers wrote it, and `caller` judges only keys with one writer",
    ]);
  });

  test("a search that comes to its limit; another key that is violated outweighs it", () => {
    const tangled = Array.from({ length: 10 }, (_, index) => ({
      ...operation(index, `c${index}`, "acquire", [`c${index}`]),
      outcome: { kind: "ok", result: index < 2 } as const,
      startMs: 0,
      endMs: 9,
    }));
    const limits = { stepsMax: 30 };
    const check = { ...basis, model: lockModel, limits };
    const undecided = checkContract({ ...check, operations: keyed({ 1: tangled }) });
    expect([undecided.verdict, undecided.undecidedKeys]).toEqual(["undecided", ["1"]]);
    expect(undecided.assumptions).toEqual(["1 key undecided: the search came to its limit"]);
    const twice = historyOf("a acquire a → true 1-2", "b acquire b → true 3-4");
    const both = checkContract({ ...check, operations: keyed({ 1: tangled, 2: twice }) });
    expect([both.verdict, both.violatedKeys, both.undecidedKeys]).toEqual([
      "violated",
      ["2"],
      ["1"],
    ]);
  });

  test("a counter whose first state is not known", () => {
    const operations = keyed({ 1: historyOf("a value → 1000 1-2", "a value → 3 3-4") });
    const check = { ...basis, model: counterModel, initialOf: () => unknown };
    const verdict = checkContract({ ...check, operations });
    expect([verdict.verdict, verdict.assumptions.length]).toEqual(["undecided", 2]);
  });

  test("after an update whose parameters were not recorded", () => {
    const lost = { ...operation(0, "a", "put", [null]), startMs: 5, endMs: 6 };
    const before = checkContract({ ...basis, operations: keyed({ 1: [...good, lost] }) });
    expect(before.verdict).toBe("undecided");
    const after = [...good, lost, ...historyOf("b get → z 7-8")];
    expect(checkContract({ ...basis, operations: keyed({ 1: after }) }).verdict).toBe("undecided");
    const early = [lost, ...historyOf("a put x 1-2", "b get → z 3-4")];
    expect(checkContract({ ...basis, operations: keyed({ 1: early }) }).verdict).toBe("violated");
  });
});

describe("a gap in the record", () => {
  const check = (operations: readonly Operation[], ...cuts: readonly [number, number][]) =>
    checkContract({
      ...basis,
      operations: keyed({ 1: operations }),
      cutsOf: () => cuts.map(([fromMs, toMs]) => ({ fromMs, toMs })),
    }).verdict;
  const lines = historyOf("a put x 1-2", "b get → z 5-6", "b get → z 7-8");

  test("the key begins unknown after it", () => {
    expect(check(lines)).toBe("violated");
    expect(check(lines, [3, 4])).toBe("holds");
    expect(check([...lines, ...historyOf("b get → x 9-10")], [3, 4])).toBe("violated");
  });

  test("what is violated on one side of it stays so", () => {
    expect(check(stale, [100, 101])).toBe("violated");
    expect(check(stale, [4.5, 4.6])).toBe("violated"); // "", then x, and nobody wrote x there
    expect(check(stale.slice(0, 3), [4.5, 4.6])).toBe("holds");
  });

  test("what was under way in it may have happened on either side, or not", () => {
    const across = historyOf("a put x 1-6", 'b get → "" 2-3', "b get → x 7-8", 'b get → "" 9-10');
    expect(check(across.slice(0, 3), [4, 5])).toBe("holds");
    expect(check(across, [4, 5])).toBe("violated");
    const maybe = historyOf("a put x 1-? unknown", 'b get → "" 7-8', "b get → x 9-10");
    expect(check(maybe, [4, 5])).toBe("holds");
  });
});

test("says when a consistency about reads has none to judge", () => {
  const operations = keyed({ 1: historyOf("a acquire a → true 1-2") });
  const check = { ...basis, model: lockModel, consistency: "monotonic-reads" } as const;
  expect(checkContract({ ...check, operations }).assumptions).toEqual([
    "monotonic-reads is about reads, and no operation only reads",
  ]);
});

test("keys are judged apart: a shuffled history of many keys comes to the same", () => {
  const rng = new SeededRng(3);
  const histories = Object.fromEntries(
    Array.from({ length: 50 }, (_, key) => [key, key % 10 === 3 ? stale : good]),
  );
  const operations = keyed(histories);
  const shuffled = operations
    .map((each) => ({ each, at: rng.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
  const verdict = checkContract({ ...basis, operations: shuffled });
  expect(verdict.violatedKeys).toEqual(["3", "13", "23", "33", "43"]);
  expect(verdict).toEqual(checkContract({ ...basis, operations }));
});
