import { describe, expect, test } from "vitest";
import { algebra, int, str } from "./algebra.ts";
import { counter } from "./definition/counter.ts";
import { kvs } from "./definition/kvs.ts";
import { lock } from "./definition/lock.ts";
import { recommendation } from "./definition/recommendation.ts";
import { register } from "./definition/register.ts";
import type { Definition } from "./definition.ts";
import { sequentialModel } from "./model.ts";
import type { Value } from "./operation.ts";
import { hashedValue, ValueRecorder } from "./recorded-value.ts";

const hashes = new ValueRecorder({ values: "hashed", hashKey: "00".repeat(16) });
const modelOf = (definition: Definition, key: string | null) =>
  sequentialModel(definition, { key, hashes });

describe("a model of one key", () => {
  const model = modelOf(kvs, "k");
  test("does one operation at a time", () => {
    const put = model.step(model.empty, "put", [7, "a"]);
    expect(put?.result).toBeUndefined();
    expect(model.step(put?.state, "get", [7])?.result).toBe("a");
    expect(model.step(model.empty, "get", [7])?.result).toBe("");
  });
  test("changes the state and gives, where an operation does both", () => {
    const counting = modelOf(counter, "k");
    const once = counting.step(counting.empty, "increment", ["visits"]);
    expect(once?.result).toBe(1);
    expect(counting.step(once?.state, "increment", ["visits"])?.result).toBe(2);
  });
  test.each([
    ["erase", [7]],
    ["get", []],
    ["get", ["7"]],
    ["put", [7, 8]],
  ])("knows no %s %j", (name, args) => expect(model.step(model.empty, name, args)).toBeNull());
  test("says what may change the state", () => {
    expect([model.changes("put"), model.changes("get"), model.changes("erase")]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("fingerprints", () => {
  const model = modelOf(kvs, "k");
  const after = (...puts: readonly (readonly Value[])[]) =>
    model.fingerprint(
      puts.reduce<unknown>((state, put) => model.step(state, "put", put)!.state, model.empty),
    );
  test("are equal for equal states, however they came about", () => {
    expect(after([1, "a"], [2, "b"])).toBe(after([2, "x"], [2, "b"], [1, "a"]));
  });
  test("differ else, also between what is written alike", () => {
    const states = [
      [1, "a"],
      [1, "b"],
      ["1", "a"],
    ].map((one) => model.fingerprint(new Map([one as [Value, Value]])));
    const others = [
      1,
      "1",
      null,
      "null",
      [1, 2],
      ["1,2"],
      [[1], 2],
      { a: 1 },
      new Set([1]),
      undefined,
    ].map(model.fingerprint);
    expect(new Set([...states, ...others]).size).toBe(13);
  });
  test("are not made of what has no equality", () => {
    expect(() => model.fingerprint(new URL("http://kvs"))).toThrow("a state is a URL");
  });
});

describe("what the model gives agrees with what was recorded", () => {
  const { agrees } = modelOf(kvs, "k");
  const hashOfA = hashedValue(hashes.hashText("a"));
  test.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a", hashOfA, true],
    [hashOfA, "a", true],
    ["b", hashOfA, false],
    [hashOfA, hashOfA, true],
    ["", hashedValue(hashes.hashText("")), false],
    [undefined, undefined, true],
    [undefined, "", false],
    [7, 7, true],
    [[1, 2], [1, 2], true],
    [[1, 2], [2, 1], false],
  ] as const)("%j, %j: %s", (expected, recorded, isSo) => {
    expect(agrees(expected, recorded)).toBe(isSo);
  });
});

describe("a register is told from its axioms", () => {
  test("per key, and where the whole is one", () => {
    expect(modelOf(kvs, "k").register).toEqual({ read: "get", write: "put", valueIndex: 1 });
    expect(modelOf(recommendation, "id").register).toEqual({
      read: "get",
      write: "put",
      valueIndex: 1,
    });
    expect(modelOf(register, null).register).toEqual({
      read: "read",
      write: "write",
      valueIndex: 0,
    });
  });
  test("and not seen where there is more to it", () => {
    expect(modelOf(kvs, null).register).toBeNull();
    expect(modelOf(counter, "k").register).toBeNull();
    expect(modelOf(lock, "k").register).toBeNull();
  });
  test("nor where the axiom says it of the empty state alone", () => {
    const [k, v] = [int("k"), str("v")];
    const once = algebra("Once", { get: { takes: [k], gives: str }, put: { takes: [k, v] } })
      .axiom(({ empty, get, put }) => [get(put(empty, k, v), k).is(v)])
      .model<string | null>({
        empty: null,
        get: (first) => first ?? "",
        put: (first, _, v) => first ?? v,
      })
      .http({ get: { on: "GET /{k}", ok: [200] }, put: { on: "PUT /{k}", body: v, ok: [201] } });
    expect(modelOf(once, "k").register).toBeNull();
  });
});
