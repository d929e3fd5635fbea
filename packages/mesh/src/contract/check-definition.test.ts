import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { algebra, int, list, str, text } from "./algebra.ts";
import { evaluateAxiom, variablesOf } from "./axiom.ts";
import { checkDefinition } from "./check-definition.ts";
import { counter } from "./definition/counter.ts";
import { definitions } from "./definition/index.ts";
import { kvs } from "./definition/kvs.ts";
import type { Definition } from "./definition.ts";
import { sortInfo } from "./sort.ts";
import type { Axiom } from "./term.ts";

const k = int("k");
const j = int("j");
const v = str("v");
type Map2 = ReadonlyMap<number, string>;
const withModel = (model: Partial<Definition["model"]["operations"]>): Definition => ({
  ...kvs,
  model: { empty: kvs.model.empty, operations: { ...kvs.model.operations, ...model } as never },
});
const report = (definition: Definition, seed = 1) =>
  checkDefinition(definition, new SeededRng(seed));
const refuted = (definition: Definition) =>
  report(definition).axioms.flatMap(({ axiom, counterexample }) =>
    counterexample === null ? [] : [[axiom, counterexample]],
  );

describe("an axiom that its model does not keep is refuted, with a case", () => {
  test("a model that forgets", () => {
    const forgets = withModel({ put: (state) => state });
    expect(refuted(forgets)[0]).toEqual([
      "get (put (empty) k v) k → v",
      expect.stringMatching(/^k = .*, v = "[^"]+": left is "", right is "[^"]+"$/),
    ]);
  });
  test("a model that keeps one key alone", () => {
    const one = withModel({ put: (_, k, v) => new Map([[k, v]]) });
    const [[axiom, counterexample] = []] = refuted(one);
    expect(axiom).toBe("get (put (s) k v) j → get (s) j  where j ≠ k");
    expect(counterexample).toMatch(/s = put \(empty\) -?\d+ "/);
  });
  test("a model that throws", () => {
    const throws = withModel({
      get: () => {
        throw new Error("no");
      },
    });
    expect(refuted(throws)[0]?.[1]).toContain("the model throws Error: no");
    expect(report(throws).problems[0]).toContain("the model throws Error: no");
  });
  test("an axiom that is wrong itself", () => {
    const lasting = algebra("Once", { get: { takes: [k], gives: str }, put: { takes: [k, v] } })
      .axiom(({ s, get, put }) => [get(put(s, j, v), k).is(get(s, k))])
      .model<Map2>({
        empty: new Map(),
        get: (map, k) => map.get(k) ?? "",
        put: (map, k, v) => new Map(map).set(k, v),
      })
      .http({ get: { on: "GET /{k}", ok: [200] }, put: { on: "PUT /{k}", body: v, ok: [201] } });
    expect(refuted(lasting)).toHaveLength(1);
  });
});

describe("a model on which no verdict could rest is told of", () => {
  const problems = (definition: Definition) => report(definition).problems;
  test.each(Object.entries(definitions))("not %s", (_, definition) => {
    expect(problems(definition)).toEqual([]);
  });
  test("changed in place", () => {
    const inPlace = withModel({ put: (state, k, v) => (state as Map<unknown, unknown>).set(k, v) });
    expect(problems({ ...inPlace, model: { ...inPlace.model, empty: new Map() } })[0]).toMatch(
      /^put .* changes the state that it was given, in place/,
    );
  });
  test("of chance", () => {
    let count = 0;
    const chance = withModel({ get: () => `v${count++}` });
    expect(problems(chance)[0]).toMatch(/^get .* gives one thing now and another thing then$/);
  });
  test("of another sort", () => {
    const numbers = withModel({ get: () => 7 });
    expect(problems(numbers)[0]).toMatch(/^get .* gives 7, which is no String$/);
    expect(problems(withModel({ get: () => undefined as never }))[0]).toContain("gives undefined");
  });
  test("which computes with what may be recorded as a hash", () => {
    const upper = withModel({
      put: (state, k, v) => new Map(state as Map2).set(k as number, String(v).toUpperCase()),
    });
    expect(problems(upper)[0]).toBe(
      "get computes with a str, of which proxies may record a hash only: make it text, or only keep and compare it",
    );
    const t = text("t");
    const loud = algebra("Loud", { get: { takes: [], gives: text }, put: { takes: [t] } })
      .model<string>({ empty: "", get: (state) => state, put: (_, t) => t.toUpperCase() })
      .http({ get: { on: "GET /", ok: [200] }, put: { on: "PUT /", body: t, ok: [200] } });
    expect(problems(loud)).toEqual([]);
  });
});

/** Values as fast-check draws them, without our own generator. */
const arbitraries: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  int: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer()),
  str: fc.oneof(fc.constantFrom("", "a", "b"), fc.string({ unit: "grapheme" })),
  bool: fc.boolean(),
  "[int]": fc.array(fc.integer(), { maxLength: 3 }),
};

test.each(Object.entries(definitions))(
  "%s keeps its axioms for anything that fast-check thinks of",
  (_, definition) => {
    const changing = definition.signatures.filter(({ changes }) => changes);
    const step = fc
      .constantFrom(...changing)
      .chain((signature) =>
        fc
          .tuple(...signature.takes.map(({ sort }) => arbitraries[sort]!))
          .map((args) => ({ signature, args })),
      );
    const names = [...new Set(definition.axioms.flatMap((axiom) => namesOf(axiom)))];
    const sorts = new Map(definition.axioms.flatMap((axiom) => sortsOf(axiom)));
    const variables = fc.tuple(...names.map((name) => arbitraries[sorts.get(name)!]!));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), variables, (steps, values) => {
        let state = definition.model.empty;
        for (const { signature, args } of steps) {
          const made = definition.model.operations[signature.name]!(state, ...(args as never[]));
          state = signature.gives === null ? made : (made as [unknown])[0];
        }
        const assignment = {
          state,
          variables: new Map(names.map((name, at) => [name, values[at] as never])),
        };
        for (const axiom of definition.axioms) {
          const judged = evaluateAxiom(definition, axiom, assignment);
          if (judged !== null) expect(judged).toMatchObject({ isTrue: true });
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  },
);

test("one seed draws the same cases", () => {
  const forgets = withModel({ put: (state) => state });
  expect(report(forgets, 7)).toEqual(report(forgets, 7));
  expect(report(counter, 7)).toEqual(report(counter, 7));
});

test("sorts of lists are sorts of their elements", () => {
  const lists = sortInfo(list(list(int)).sort);
  expect(lists.title).toBe("[[Int]]");
  expect([lists.accepts([[1], []]), lists.accepts([1]), lists.accepts([["1"]])]).toEqual([
    true,
    false,
    false,
  ]);
});

function sortsOf(axiom: Axiom): readonly (readonly [name: string, sort: string])[] {
  return [...variablesOf(axiom)];
}

function namesOf(axiom: Axiom): readonly string[] {
  return [...variablesOf(axiom).keys()];
}
