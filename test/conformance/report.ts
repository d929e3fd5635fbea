import { count, objections, type SuiteOutcome } from "./suite.ts";

/** The table of a run, and below it what stands against it. */
export function renderOutcomes(outcomes: readonly SuiteOutcome[]): string {
  const rows = outcomes.map((outcome) => [
    objections(outcome).length === 0 ? "✔" : "✘",
    outcome.name,
    String(count(outcome, "passed")),
    String(count(outcome, "failed")),
    String(skipped(outcome)),
    String(outcome.expectation.expected),
    outcome.title,
  ]);
  const table = [["", "suite", "passed", "failed", "skipped", "expected", ""], ...rows];
  const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => row[at]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) =>
        at >= 2 && at <= 5 ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
      )
      .join("  ")
      .trimEnd(),
  );
  for (const outcome of outcomes) {
    const against = objections(outcome);
    if (against.length > 0)
      lines.push("", `${outcome.name}:`, ...against.map((line) => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

/** What `--json` writes. A suite that did not run has all its cases skipped. */
export function reportOutcomes(outcomes: readonly SuiteOutcome[]): unknown {
  return {
    suites: outcomes.map((outcome) => ({
      name: outcome.name,
      expected: outcome.expectation.expected,
      passed: count(outcome, "passed"),
      failed: count(outcome, "failed"),
      skipped: skipped(outcome),
      allowedSkips: Object.keys(outcome.expectation.allowedSkips),
    })),
  };
}

function skipped(outcome: SuiteOutcome): number {
  return outcome.notRun === null ? count(outcome, "skipped") : outcome.expectation.expected;
}
