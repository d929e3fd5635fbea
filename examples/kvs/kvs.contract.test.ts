import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { checkDefinition } from "@heddle/mesh/contract/check-definition.ts";
import { kvs as shipped } from "@heddle/mesh/contract/definition/kvs.ts";
import { expect, test } from "vitest";
import { kvs } from "./kvs.contract.ts";

test("the example's definition keeps its axioms, which read as on the slide", () => {
  const { axioms, problems } = checkDefinition(kvs, new SeededRng(1));
  expect(problems).toEqual([]);
  expect(axioms.map(({ axiom, counterexample }) => [axiom, counterexample])).toEqual([
    ['get (empty) k → ""', null],
    ["get (put (empty) k v) k → v", null],
    ["get (put (s) k v) k → v", null],
    ["get (put (s) k v) j → get (s) j  where j ≠ k", null],
  ]);
});

test("it says the same as the shipped one", () => {
  expect(kvs.operations).toEqual(shipped.operations);
  expect(kvs.axioms.map(({ left, right }) => [left, right])).toEqual(
    shipped.axioms.map(({ left, right }) => [left, right]),
  );
});
