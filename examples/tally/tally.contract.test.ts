import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { checkDefinition } from "@heddle/mesh/contract/check-definition.ts";
import { describe, expect, test } from "vitest";
import { tally } from "./tally.contract.ts";

test("the definition keeps its axioms", () => {
  const { axioms, problems } = checkDefinition(tally, new SeededRng(1));
  expect(problems).toEqual([]);
  expect(axioms.map(({ axiom, counterexample }) => [axiom, counterexample])).toEqual([
    ["count (empty) name → 0", null],
    ["count (vote (empty) name) name → 1", null],
    ["count (vote (s) name) other → count (s) other  where other ≠ name", null],
  ]);
});

describe("docs/contracts.md shows the files as they are", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/contracts.md"), "utf8");
  const blocks = [...page.matchAll(/```(?:ts|yaml)\n([\s\S]*?)```/g)].map((match) => match[1]!);
  test.each(["../kvs/kvs.contract.ts", "tally.contract.ts", "mesh.yaml", "placement.yaml"])(
    "%s",
    (name) => {
      const file = readFileSync(join(import.meta.dirname, name), "utf8");
      const shown = blocks.filter((block) => file.includes(block));
      expect(shown).toHaveLength(1);
    },
  );
  test("and nothing else", () => {
    expect(blocks).toHaveLength(4);
  });
});
