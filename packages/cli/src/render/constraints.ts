import type { ConstraintReport, Violation } from "@heddle/mesh/check/report.ts";
import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import { formatCount } from "./count.ts";
import type { RowView } from "./output.ts";
import type { Style } from "./style.ts";
import { formatVerdictMark } from "./verdict-word.ts";

/** `heddle constraints`: what intent became for each process. */
export const constraintView: RowView<Constraint> = {
  nothing: "Nothing is compiled for any process here. See: heddle ps, heddle get services",
  nameOf: ({ kind, workload, subject }) => `${kind}/${workload}/${subject}`,
  columns: [
    { name: "WORKLOAD", cell: ({ workload }) => withoutDefault(workload) },
    { name: "KIND", cell: ({ kind }) => kind },
    { name: "SUBJECT", cell: ({ subject }) => withoutDefault(subject) },
    { name: "FROM", isWide: true, cell: ({ from }) => from.replace("/default/", "/") },
    { name: "SCOPE", isWide: true, cell: ({ scope }) => scope },
    { name: "ERROR", isWide: true, cell: ({ errorBound }) => errorBound },
    { name: "CONSTRAINT", isProse: true, cell: ({ statement }) => statement },
  ],
};

function withoutDefault(name: string): string {
  return name.startsWith("default/") ? name.slice("default/".length) : name;
}

/** What the independent checkers found: a line each, and the evidence of what does not hold. */
export function formatReports(reports: readonly ConstraintReport[], style: Style): string {
  const width = Math.max(...reports.map(({ kind }) => kind.length));
  return reports
    .map((report) => {
      const head = ` ${formatVerdictMark(report.verdict, style)} ${report.kind.padEnd(width)}   ${sentence(report)}\n`;
      const skipped = Object.entries(report.notJudged).map(
        ([why, count]) => `     ${style.dim(`not judged: ${formatCount(count)}, ${why}`)}\n`,
      );
      return (
        head + report.violations.map(formatViolation).join("") + skipped.join("") + rest(report)
      );
    })
    .join("");
}

function sentence({
  verdict,
  subjects,
  judged,
  scope,
  errorBound,
  broken,
}: ConstraintReport): string {
  if (subjects === 0 && broken === 0) return "nothing asks for it";
  const seen = `${formatCount(judged)} judged, ${scope}; error bound ${errorBound}`;
  if (verdict === "violated") return `broken ${broken} ${broken === 1 ? "time" : "times"}: ${seen}`;
  return verdict === "undecided" ? `undecided: ${seen}` : seen;
}

function formatViolation({ what, expected, found, messages }: Violation): string {
  const ids = messages.length === 0 ? "" : `     messages ${messages.join(", ")}\n`;
  return `     ${what}\n       expected ${expected}\n       found    ${found}\n${ids}`;
}

function rest({ broken, violations }: ConstraintReport): string {
  const more = broken - violations.length;
  return more > 0 ? `     and ${more} more\n` : "";
}
