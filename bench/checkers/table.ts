import type { ComparisonRow, Differential, Judged } from "./compare.ts";
import { barMs, barShape } from "./shapes.ts";

/** The comparison as text for a terminal. Medians, one core each; ours with the counterexample. */
export function renderComparison(
  rows: readonly ComparisonRow[],
  small: Differential | null,
): string {
  const head = ["HISTORY", "OPERATIONS", "KEYS", "CALLERS", "HEDDLE", "SEARCH ALONE", "PORCUPINE"];
  const cells = rows.map((row) => [
    row.name,
    row.operations.toLocaleString("en-US"),
    row.keys.toLocaleString("en-US"),
    `${row.callers}`,
    judged(row.fast),
    judged(row.searched),
    judged(row.porcupine),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const lines = [head, ...cells].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("   "),
  );
  const most = barMsOf(rows);
  return [
    "checkers   verdict and time of the same histories; HEDDLE with unique values without a search",
    ...lines,
    small === null
      ? "small histories at random: not compared"
      : `small histories at random: ${small.histories.toLocaleString("en-US")}, of which ${small.violated.toLocaleString("en-US")} violated, judged differently ${small.different.length}`,
    `${most <= barMs ? "met" : "NOT MET"}   ${barShape}: ${most.toFixed(0)} <= ${barMs} ms`,
    "",
  ].join("\n");
}

/** The longer of both ways. NaN where it was not measured. */
export function barMsOf(rows: readonly ComparisonRow[]): number {
  const bar = rows.find(({ name }) => name === barShape);
  return Math.max(bar?.fast.ms ?? Number.NaN, bar?.searched?.ms ?? Number.NaN);
}

function judged(one: Judged | null): string {
  if (one === null) return "-";
  const { word, ms } = one;
  return `${word} ${ms.toFixed(ms < 10 ? 1 : 0).padStart(6)} ms`;
}
