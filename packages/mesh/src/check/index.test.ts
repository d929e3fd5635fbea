import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { base, evidence } from "./evidence.fixture.ts";
import { checkAll, checkers } from "./index.ts";

/** The kinds as `model/constraint.ts` writes them: a type leaves nothing to ask at run time. */
function kinds(): readonly string[] {
  const text = readFileSync(new URL("../model/constraint.ts", import.meta.url), "utf8");
  const union = /export type ConstraintKind =([^;]+);/.exec(text)![1]!;
  return Array.from(union.matchAll(/"([a-z-]+)"/g), ([, kind]) => kind!);
}

test("every kind of constraint has a checker, in a file of its own, with a test", () => {
  expect(kinds().length).toBeGreaterThanOrEqual(5);
  expect(Object.keys(checkers).sort()).toEqual([...kinds()].sort());
  const files = new Set(readdirSync(new URL(".", import.meta.url)));
  for (const kind of kinds()) {
    expect(files, kind).toContain(`${kind}.ts`);
    expect(files, kind).toContain(`${kind}.test.ts`);
  }
});

test("each tells of its own kind, over what it is stated and how far it may be off", () => {
  const reports = checkAll(evidence(base, []));
  expect(reports.map(({ kind }) => kind)).toEqual(Object.keys(checkers));
  for (const { scope, errorBound } of reports) {
    expect(scope).not.toBe("");
    expect(errorBound).not.toBe("");
  }
});
