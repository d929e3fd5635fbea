import type { Finding } from "../check/finding.ts";
import type { Style } from "./style.ts";

/** Checks of one subject, as `heddle check` prints them. */
export function formatFindings(
  subject: string,
  findings: readonly Finding[],
  style: Style,
): string {
  const marks = { good: style.good("✔"), warning: style.warn("!"), bad: style.bad("✘") };
  const lines = findings.map(({ name, verdict, detail, hint }) => {
    const more =
      detail === null ? "" : verdict === "good" ? style.dim(`  ${detail}`) : `: ${detail}`;
    const next = hint === null ? "" : `\n     ${style.dim(isPlace(hint) ? `see ${hint}` : hint)}`;
    return ` ${marks[verdict]} ${name}${more}${next}\n`;
  });
  return `${style.bold(subject)}\n${lines.join("")}`;
}

/** A command or a page; other hints are sentences. */
function isPlace(hint: string): boolean {
  return /^(heddle|docs\/)/.test(hint);
}

/** The last line: how many hold. */
export function formatVerdict(findings: readonly Finding[]): string {
  const count = (verdict: Finding["verdict"]) =>
    findings.filter((finding) => finding.verdict === verdict).length;
  const [bad, warnings] = [count("bad"), count("warning")];
  const words = [
    `${count("good")} good`,
    ...(warnings === 0 ? [] : [`${warnings} to know`]),
    ...(bad === 0 ? [] : [`${bad} bad`]),
  ];
  return `${words.join(", ")}\n`;
}
