import { expect, test } from "vitest";
import {
  counterModel,
  empty,
  historyOf,
  operation,
  registerModel,
  unknown,
} from "./histories.fixture.ts";
import { replay } from "./replay.ts";

test("put, then get: the definition's two axioms", () => {
  expect(replay(historyOf('a get → "" 1-2'), registerModel, empty)).toBeNull();
  expect(replay(historyOf("a put x 1-2", "a get → x 3-4"), registerModel, empty)).toBeNull();
});

test("names the first wrong answer, and the right one", () => {
  const history = historyOf("a put x 1-2", "a get → y 3-4", 'a get → "" 5-6');
  expect(replay(history, registerModel, empty)).toEqual({
    operation: history[1],
    expected: { value: "x" },
  });
});

test("the seed's process: the 1001st put is refused, and that is wrong", () => {
  const puts = Array.from({ length: 1001 }, (_, index) => ({
    ...operation(index, "a", "put", [`v${index}`]),
    ...(index === 1000 ? { outcome: { kind: "refused", status: 503 } as const } : {}),
  }));
  expect(replay(puts, registerModel, empty)).toEqual({ operation: puts[1000], expected: null });
  expect(replay(puts.slice(0, 1000), registerModel, empty)).toBeNull();
});

test("goes by the caller's own order, not by time", () => {
  const history = historyOf("a put x 5-6", "a get → x 1-2");
  expect(replay(history, registerModel, empty)).toBeNull();
  expect(replay([...history].reverse(), registerModel, empty)).toBeNull();
});

test("a register that began unknown begins with what is read first", () => {
  const history = historyOf("a get → z 1-2", "a get → z 3-4", "a put x 5-6", "a get → z 7-8");
  expect(replay(history.slice(0, 3), registerModel, unknown)).toBeNull();
  expect(replay(history, registerModel, unknown)).toEqual({
    operation: history[3],
    expected: { value: "x" },
  });
  const other = historyOf("a get → z 1-2", "a get → y 3-4");
  expect(replay(other, registerModel, unknown)?.expected).toEqual({ value: "z" });
});

test("what did not happen changes nothing; what may have ends it", () => {
  const absent = historyOf("a put x 1-2 absent", "a get → x 3-4");
  expect(replay(absent, registerModel, empty)?.expected).toEqual({ value: "" });
  const maybe = historyOf("a put x 1-2 unknown", "a get → x 3-4", 'a get → "" 5-6');
  expect(replay(maybe, registerModel, empty)).toBeNull();
  const unread = historyOf("a get 1-2 unknown", "a get → x 3-4");
  expect(replay(unread, registerModel, empty)?.operation).toBe(unread[1]);
});

test("of a counter that began unknown only refusals are known to be wrong", () => {
  const history = historyOf("a value → 7 1-2", "a value → 3 3-4", "a add 5-6 refused");
  expect(replay(history, counterModel, unknown)?.operation).toBe(history[2]);
  expect(replay(history, counterModel, empty)?.operation).toBe(history[0]);
});
