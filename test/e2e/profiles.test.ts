import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow, parseSteps, Scratch } from "../support/page.ts";

const page = join(import.meta.dirname, "../../examples/kvs/README.md");
const steps = parseSteps(readFileSync(page, "utf8"));

/** The page itself starts each profile with one command and runs the client against it: it is what is tested. */
describe("crawl, walk and run", () => {
  let scratch: Scratch;
  const answers: string[] = [];
  beforeAll(async () => {
    scratch = await Scratch.make();
  });
  afterAll(() => scratch?.remove());

  test.each(steps)("line $line: $command", async (step) => {
    const { isAsShown, code, text } = await follow(scratch, step);
    const shown = step.printed?.join("\n") ?? "(exit 0)";
    expect(isAsShown, `exit ${code}\n${text}\nbut the page shows\n${shown}`).toBe(true);
    if (step.command.includes("client.ts")) answers.push(text);
  });

  test("give the same client the same answers", () => {
    expect(answers.length).toBe(3);
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("100 keys put, 0 refused, 100 read back");
  });
});
