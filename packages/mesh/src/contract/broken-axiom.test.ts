import { expect, test } from "vitest";
import { brokenAxiom } from "./broken-axiom.ts";
import { counter } from "./definition/counter.ts";
import { kvs } from "./definition/kvs.ts";
import type { Operation, Value } from "./operation.ts";

/** One operation after the other; each takes a millisecond. */
function history(
  ...said: readonly (readonly [name: string, args: readonly Value[], gave?: Value])[]
) {
  return said.map(
    ([name, args, result], at): Operation => ({
      id: at + 1,
      caller: "a",
      key: "1",
      name,
      args,
      outcome: { kind: "ok", result },
      startMs: 2 * at,
      endMs: 2 * at + 1,
      seq: at + 1,
      answeredBy: null,
      isObserved: true,
    }),
  );
}

const last = (operations: readonly Operation[], value: Value) => ({
  operations,
  expected: { operation: operations.length, value },
});

test("a lost put breaks the slide's second axiom, a value from nowhere the first", () => {
  const lost = history(["put", [1, "a"]], ["get", [1], ""]);
  expect(brokenAxiom(kvs, last(lost, "a"), true)).toBe("get (put (empty) k v) k → v");
  const nowhere = history(["get", [1], "x"]);
  expect(brokenAxiom(kvs, last(nowhere, ""), true)).toBe('get (empty) k → ""');
});

test("on a key that is not new it is the extension that speaks of any state", () => {
  const lost = history(["put", [1, "a"]], ["get", [1], ""]);
  expect(brokenAxiom(kvs, last(lost, "a"), false)).toBe("get (put (s) k v) k → v");
  const stale = history(["put", [1, "a"]], ["put", [1, "b"]], ["get", [1], "a"]);
  expect(brokenAxiom(kvs, last(stale, "b"), true)).toBe("get (put (s) k v) k → v");
});

test("none alone is named where operations overlap, or where no axiom says what was expected", () => {
  const [put, get] = history(["put", [1, "a"]], ["get", [1], ""]);
  const overlapping = [put!, { ...get!, startMs: 0.5 }];
  expect(brokenAxiom(kvs, last(overlapping, "a"), true)).toBe(null);
  const read = history(["get", [1], "a"], ["get", [1], "b"]);
  expect(brokenAxiom(kvs, last(read, "a"), false)).toBe(null);
  expect(brokenAxiom(kvs, { operations: read, expected: null }, false)).toBe(null);
});

test("an operation that gives and changes is an axiom's last one, too", () => {
  const twice = history(["increment", ["a"], 1], ["increment", ["a"], 1]);
  expect(brokenAxiom(counter, last(twice, 2), true)).toBe("increment (increment (empty) k) k → 2");
});
