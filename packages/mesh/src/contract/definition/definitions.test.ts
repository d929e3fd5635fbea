import { describe, expect, test } from "vitest";
import { SeededRng } from "../../base/rng.ts";
import { checkDefinition } from "../check-definition.ts";
import { formatSignature } from "../definition.ts";
import { sortInfo } from "../sort.ts";
import { definitions } from "./index.ts";

describe.each(Object.entries(definitions))("%s", (_, definition) => {
  test.each([1, 2, 3, 4, 5])("keeps its axioms, in cases from seed %i", (seed) => {
    const { axioms, problems } = checkDefinition(definition, new SeededRng(seed));
    expect(problems).toEqual([]);
    expect(axioms.filter(({ counterexample }) => counterexample !== null)).toEqual([]);
    for (const { tried } of axioms) expect(tried).toBe(200);
  });
});

test("their signatures read as an algebra's do", () => {
  const signatures = Object.values(definitions).flatMap(({ name, signatures }) =>
    signatures.map(
      (one) => `${one.name}: ${formatSignature(name, one, (sort) => sortInfo(sort).title)}`,
    ),
  );
  expect(signatures).toEqual([
    "get: KVS → Int → String",
    "put: KVS → Int → String → KVS",
    "read: Register → String",
    "write: Register → String → Register",
    "read: Counter → String → Int",
    "increment: Counter → String → (Counter, Int)",
    "holder: Lock → String → String",
    "acquire: Lock → String → String → (Lock, Bool)",
    "release: Lock → String → String → (Lock, Bool)",
    "get: Recommendation → Int → [Int]",
    "put: Recommendation → Int → [Int] → Recommendation",
  ]);
});
