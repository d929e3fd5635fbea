import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../rig/programs.ts";
import type { Rig } from "../rig/rig.ts";
import { NotRun } from "../suite.ts";

/** One test as vitest's JSON report has it. */
export interface TestResult {
  /** Titles of its groups and its own, joined by blanks. */
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
  readonly failure: string;
}

const root = join(import.meta.dirname, "../../..");

/** Runs test files, paths from the root, and gives every test of them that ran. */
export async function runVitest(
  rig: Rig,
  files: readonly string[],
): Promise<readonly TestResult[]> {
  const report = join(rig.folder, "vitest.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--reporter=json", `--outputFile=${report}`, ...files];
  const ran = await runProgram([process.execPath, vitest, ...options], {
    cwd: root,
    timeoutMs: 300_000,
  });
  let read: { readonly testResults: readonly { readonly assertionResults: readonly Raw[] }[] };
  try {
    read = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    throw new NotRun(`vitest ended with ${ran.code}: ${(ran.stderr || ran.stdout).slice(-300)}`);
  }
  return read.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, title, status, failureMessages = [] }) => ({
      fullName: fullName.trim(),
      title,
      status,
      failure: (failureMessages[0] ?? "").split("\n")[0]!.slice(0, 200),
    })),
  );
}

interface Raw {
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

/** Test files below `folder` (from the root) whose text holds `words`. */
export function testFilesWith(folder: string, words: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join(folder, path))
    .filter((path) => readFileSync(join(root, path), "utf8").includes(words))
    .sort();
}
