import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { TrialMemory } from "./trial-memory.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "heddle-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a trial that was passed is remembered over a restart", () => {
  const folder = join(makeFolder(), "kvs-0");
  expect(new TrialMemory(folder).hasPassed).toBe(false);
  new TrialMemory(folder).keep();
  expect(new TrialMemory(folder).hasPassed).toBe(true);
});

test("what another Node passed is not believed", () => {
  const folder = makeFolder();
  new TrialMemory(folder).keep();
  const path = join(folder, "transport");
  writeFileSync(path, readFileSync(path, "utf8").replace(process.version, "v1.2.3"));
  expect(new TrialMemory(folder).hasPassed).toBe(false);
});

test("a folder that cannot be written to costs the memory alone", () => {
  const file = join(makeFolder(), "file");
  writeFileSync(file, "");
  const memory = new TrialMemory(file);
  memory.keep();
  expect(memory.hasPassed).toBe(false);
});
