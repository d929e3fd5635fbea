import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow, hasShape, parseSteps, Scratch } from "../support/page.ts";

const root = join(import.meta.dirname, "..", "..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/**
 * Not run as they stand: `npm run up` stays in the foreground, so that what it starts is started in the background instead;
 * `npm test` would run this test; the bench takes minutes and has tests of its own.
 */
const instead: Readonly<Record<string, string | null>> = {
  "npm run up": "./heddle up -d examples/kvs/mesh.yaml",
  "npm test": null,
  "npm run bench": null,
};

describe.each(pages)("%s", (page) => {
  const steps = parseSteps(readFileSync(join(root, page), "utf8")).flatMap((step) => {
    const script = /^npm (run )?\w+/.exec(step.command)?.[0];
    const command = script === undefined ? step.command : (instead[script] ?? null);
    return command === null ? [] : [{ ...step, command }];
  });
  if (steps.length === 0) {
    test("shows no commands", () => expect(steps).toEqual([]));
    return;
  }
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await Scratch.make();
  });
  afterAll(() => scratch?.remove());

  test.each(steps)("line $line: $command", async (step) => {
    const { isAsShown, code, text } = await follow(scratch, step);
    const shown = step.printed?.join("\n") ?? "(exit 0)";
    expect(isAsShown, `exit ${code}\n${text}\nbut the page shows\n${shown}`).toBe(true);
  });
});

describe.each([
  ["guide", "hello", 3],
  ["protocols", "talk", 1],
])("the page %s", (page, example, least) => {
  const text = readFileSync(join(root, "docs", `${page}.md`), "utf8");
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
  const folder = join(root, "examples", example);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => readFileSync(join(folder, name), "utf8"));

  test("shows manifests as the files have them", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    expect(blocks.filter((block) => !files.some((file) => file.includes(block)))).toEqual([]);
  });
});

describe("a shape", () => {
  test("allows other figures and other widths", () => {
    expect(hasShape("kvs   3/3   99.2%   1m12s\n", ["kvs 12/12 100.00% 3s"])).toBe(true);
    expect(hasShape("kvs 3/3 -\n", ["kvs 3/3 4.0rps"])).toBe(true);
  });
  test("does not allow other words, names, exit codes or lines", () => {
    expect(hasShape("kvs-1 ready\n", ["kvs-2 ready"])).toBe(false);
    expect(hasShape("v2 of hello\n", ["v1 of hello"])).toBe(false);
    expect(hasShape("exit 1\n", ["exit 65"])).toBe(false);
    expect(hasShape("one\ntwo\n", ["one"])).toBe(false);
  });
  test("elides where it says so", () => {
    expect(hasShape("one\ntwo\nthree\n", ["one", "…", "three"])).toBe(true);
    expect(hasShape("one\n", ["one", "…"])).toBe(true);
    expect(hasShape("one and more\n", ["one…"])).toBe(true);
  });
});
