import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow, parseSteps, Scratch } from "./page.ts";

const root = join(import.meta.dirname, "..", "..");

/**
 * Not run as they stand: `npm run up` stays in the foreground, so that what it starts is started in the background instead;
 * `npm test` would run this test; the bench takes minutes and has tests of its own.
 */
const instead: Readonly<Record<string, string | null>> = {
  "npm run up": "./heddle up -d examples/kvs/mesh.yaml",
  "npm test": null,
  "npm run bench": null,
};

/** Runs every command of a page, one after the other, and compares what it prints with what the page shows. */
export function testPage(page: string): void {
  describe(page, () => {
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
}

/** Every manifest that a page shows is one of an example's, or a part of one. */
export function testManifests(page: string, example: string, least: number): void {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
  const folder = join(root, "examples", example);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => readFileSync(join(folder, name), "utf8"));

  test(`${page} shows manifests as the files of ${example} have them`, () => {
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    expect(blocks.filter((block) => !files.some((file) => file.includes(block)))).toEqual([]);
  });
}
