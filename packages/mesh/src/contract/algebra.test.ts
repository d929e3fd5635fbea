import { describe, expect, test } from "vitest";
import { algebra, bool, int, list, str, text } from "./algebra.ts";
import { formatAxiom } from "./axiom.ts";
import { kvs } from "./definition/kvs.ts";
import { DefinitionError, isDefinition } from "./definition.ts";

const k = int("k");
const v = str("v");
const begun = algebra("KVS", { get: { takes: [k], gives: str }, put: { takes: [k, v] } });
const modelled = begun.model<ReadonlyMap<number, string>>({
  empty: new Map(),
  get: (map, k) => map.get(k) ?? "",
  put: (map, k, v) => new Map(map).set(k, v),
});

test("axioms read as on the slide", () => {
  expect(kvs.axioms.map(formatAxiom)).toEqual([
    'get (empty) k → ""',
    "get (put (empty) k v) k → v",
    "get (put (s) k v) k → v",
    "get (put (s) k v) j → get (s) j  where j ≠ k",
  ]);
  expect(kvs.axioms.map(({ isExtension }) => isExtension)).toEqual([false, false, true, true]);
});

test("a definition is data, and told from what else a file exports", () => {
  expect(isDefinition(kvs)).toBe(true);
  expect([begun, modelled, kvs.operations, null, 7].some(isDefinition)).toBe(false);
  expect(JSON.parse(JSON.stringify(kvs.operations))).toEqual(kvs.operations);
});

test("terms are taken apart and put together by value", () => {
  const twice = begun.axiom(({ empty, get, put }) => [
    get(put(put(empty, k, v), k, get(empty, 7)), k).is(get(empty, 7)),
    put(put(empty, k, v), k, v).is(put(empty, k, v)),
  ]);
  const { axioms } = twice
    .model<ReadonlyMap<number, string>>({ empty: new Map(), get: () => "", put: (map) => map })
    .http({ get: { on: "GET /{k}", ok: [200] }, put: { on: "PUT /{k}", body: v, ok: [201] } });
  expect(axioms.map(formatAxiom)).toEqual([
    "get (put (put (empty) k v) k (get (empty) 7)) k → get (empty) 7",
    "put (put (empty) k v) k v → put (empty) k v",
  ]);
});

/** Each line that is expected not to compile would be an error of `tsc` if it did. */
describe("what does not compile", () => {
  test("terms of another sort", () => {
    begun.axiom(({ empty, get, put }) => [
      // @ts-expect-error a String where an Int belongs
      get(empty, v).is(""),
      // @ts-expect-error a String is no Int
      get(empty, k).is(0),
      // @ts-expect-error nor is a variable of them
      get(empty, k).is(k),
      // @ts-expect-error what get gives is no state
      get(get(empty, k), k).is(""),
      // @ts-expect-error a variable is none either
      get(k, k).is(""),
      // @ts-expect-error put takes a value, too
      get(put(empty, k), k).is(v),
      // @ts-expect-error get takes one key
      get(empty, k, k).is(""),
      // @ts-expect-error a state gives nothing to compare with a value
      put(empty, k, v).is(v),
      // @ts-expect-error where takes isNot
      get(empty, k).is("").where(k.is(0)),
      // @ts-expect-error an Int differs from Ints
      get(empty, k).is("").where(k.isNot("")),
    ]);
    // @ts-expect-error half an axiom is none
    expect(() => begun.axiom(({ empty, get }) => [get(empty, k)])).toThrow("ends in .is(…)");
    // @ts-expect-error there is no such operation
    expect(() => begun.axiom(({ empty, erase }) => [erase(empty, k).is("")])).toThrow();
    const [i, t, b, ids] = [int("i"), text("t"), bool("b"), list(int)("ids")];
    const lists = algebra("Lists", { of: { takes: [i, t, b, ids], gives: list(int) } });
    expect(() =>
      lists.axiom(({ empty, of }) => [
        of(empty, 1, "a", true, [1, 2]).is([]),
        of(empty, i, t, b, ids).is(ids),
        // @ts-expect-error text is no str
        of(empty, i, v, b, ids).is([]),
        // @ts-expect-error a list of text is no list of numbers
        of(empty, i, t, b, ["1"]).is([]),
        // @ts-expect-error one number is no list
        of(empty, i, t, b, ids).is(1),
      ]),
    ).not.toThrow();
  });

  test("models with other signatures", () => {
    begun.model<ReadonlyMap<number, string>>({
      empty: new Map(),
      // @ts-expect-error it may give undefined
      get: (map, k) => map.get(k),
      put: (map, k, v) => new Map(map).set(k, v),
    });
    begun.model<ReadonlyMap<number, string>>({
      empty: new Map(),
      get: (map, k) => map.get(k) ?? "",
      // @ts-expect-error it gives no state
      put: (_map, _k, v) => v,
    });
    begun.model<ReadonlyMap<number, string>>({
      empty: new Map(),
      // @ts-expect-error a key is a number
      get: (map, k) => map.get(k.trim()) ?? "",
      put: (map) => map,
    });
    // @ts-expect-error put is missing
    begun.model<ReadonlyMap<number, string>>({ empty: new Map(), get: () => "" });
    // @ts-expect-error and so is the first state
    begun.model<ReadonlyMap<number, string>>({ get: () => "", put: (map) => map });
    // @ts-expect-error which is of the states
    begun.model<ReadonlyMap<number, string>>({ empty: "", get: () => "", put: (map) => map });
    const counting = algebra("Count", { next: { takes: [], gives: int, changes: true } });
    counting.model<number>({ empty: 0, next: (count) => [count + 1, count + 1] });
    // @ts-expect-error what changes the state and gives returns both
    counting.model<number>({ empty: 0, next: (count) => count + 1 });
    // @ts-expect-error in this order
    counting.model<string>({ empty: "", next: (count) => [1, count] });
    expect(true).toBe(true);
  });

  test("names that axioms need themselves, and bindings of nothing", () => {
    // @ts-expect-error empty is the first state
    expect(() => algebra("Bad", { empty: { takes: [] } })).toThrow("empty: in axioms");
    // @ts-expect-error s is any state
    expect(() => algebra("Bad", { s: { takes: [] } })).toThrow("s: in axioms");
    // @ts-expect-error a signature takes variables
    expect(() => algebra("Bad", { get: { takes: [int] } })).toThrow("get: takes variables");
    expect(() =>
      // @ts-expect-error put is not bound
      modelled.http({ get: { on: "GET /{k}", ok: [200] } }),
    ).toThrow("put: http says nothing of it");
    expect(() =>
      modelled.http({
        // @ts-expect-error a path begins with a slash
        get: { on: "GET {k}", ok: [200] },
        put: { on: "PUT /{k}", body: v, ok: [201] },
      }),
    ).toThrow(DefinitionError);
  });

  test("what a compiler would have said is said without one, too", () => {
    const change = { takes: [k, v], change: true };
    expect(() => algebra("Bad", { put: change })).toThrow(
      "put: no signature says change: takes, gives, changes are known",
    );
    // @ts-expect-error no list
    expect(() => algebra("Bad", { put: { takes: k } })).toThrow("put: takes a list of variables");
    // @ts-expect-error no name
    expect(() => algebra({ put: { takes: [k] } })).toThrow("begins with the service's name");
    // @ts-expect-error a list of them
    expect(() => begun.axiom(({ empty, get }) => get(empty, k).is(""))).toThrow("are a list");
    const map: ReadonlyMap<number, string> = new Map();
    const more = { empty: map, get: () => "", put: () => map, del: () => map };
    const bound = {
      get: { on: "GET /{k}", ok: [200] },
      put: { on: "PUT /{k}", body: v, ok: [201] },
    } as const;
    expect(() => begun.model(more).http(bound)).toThrow("the model has del, but there is no");
    const refuse = { ...bound.put, refuse: [503] };
    expect(() => modelled.http({ ...bound, put: refuse })).toThrow("put: http knows no refuse");
    // @ts-expect-error a list of statuses
    expect(() => modelled.http({ ...bound, put: { ...bound.put, ok: 201 } })).toThrow("are lists");
  });
});
