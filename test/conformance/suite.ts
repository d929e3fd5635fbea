import type { Rig } from "./rig/rig.ts";

/** How one case of a suite ended. */
export interface CaseResult {
  readonly name: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped, in one line; empty where it passed. */
  readonly detail: string;
}

/** Cases that somebody else, or a list that somebody else made, says an intermediary must pass. */
export interface Suite {
  readonly name: string;
  /** What it shows, for people. */
  readonly title: string;
  /** Runs all cases. Throws NotRun where a toolchain is missing. */
  run(rig: Rig): Promise<readonly CaseResult[]>;
}

/** A suite could not run: it counts as not met. */
export class NotRun extends Error {}

/** How many cases a suite must bring, and which of them may be skipped, with the reason. */
export interface Expectation {
  readonly expected: number;
  readonly allowedSkips: Readonly<Record<string, string>>;
}

/** What became of a suite. */
export interface SuiteOutcome {
  readonly name: string;
  readonly title: string;
  readonly expectation: Expectation;
  readonly results: readonly CaseResult[];
  /** Why it did not run at all; null where it did. */
  readonly notRun: string | null;
}

/** Cases of an outcome with this verdict. */
export function count(outcome: SuiteOutcome, verdict: CaseResult["verdict"]): number {
  return outcome.results.filter((result) => result.verdict === verdict).length;
}

/** What stands against an outcome, a line each; none: the suite is met. */
export function objections(outcome: SuiteOutcome): readonly string[] {
  const { expectation, results, notRun } = outcome;
  if (notRun !== null) return [`not run: ${notRun}`];
  const lines: string[] = [];
  for (const { name, verdict, detail } of results) {
    if (verdict === "failed") lines.push(`failed: ${name}: ${detail}`);
    if (verdict === "skipped" && expectation.allowedSkips[name] === undefined)
      lines.push(`skipped, and may not be: ${name}: ${detail}`);
  }
  if (results.length !== expectation.expected)
    lines.push(`${results.length} cases ran, ${expectation.expected} were expected`);
  return lines;
}
