import { valueWords } from "@heddle/control/plan/changed-fields.ts";
import { type Destination, type Explanation, failOf } from "@heddle/control/plan/explain.ts";
import { percentWords, ruleName } from "@heddle/control/plan/frontend.ts";
import type { Limit } from "@heddle/control/plan/limits.ts";
import { shortNames } from "./short-names.ts";
import type { Style } from "./style.ts";

interface Told extends Explanation {
  readonly from: string | null;
  readonly limits: readonly Limit[];
}

/** Where a request would go, and why: a line for each thing that decides. */
export function formatRoute(asked: string, told: Told, style: Style): string {
  const { frontend, consumer, rule, match, misses, answer, destinations, limits, from } = told;
  const lines: (readonly [head: string, text: string])[] = [];
  const by = consumer === null ? "" : `, by the routes of namespace ${consumer} itself`;
  lines.push(["asked of", `${shortNames(frontend)}${by}`]);
  if (rule === null && destinations.length > 0)
    lines.push(["route", "none, so the Service itself"]);
  if (rule !== null) lines.push(["route", `${shortNames(ruleName(rule))}   ${match}`]);
  for (const { rule: missed, because } of misses) {
    lines.push([
      "not",
      `${shortNames(missed)}   ${because.join("; ") || "a rule before it takes these"}`,
    ]);
  }
  if (answer !== null && destinations.length === 0) {
    lines.push(["answer", answerWords(answer, style)]);
  }
  for (const destination of destinations) lines.push(...destinationLines(destination, style));
  for (const { field, value, from: said } of limits) {
    lines.push(["policy", `${field} ${valueWords(value)}   ${style.dim(shortNames(said))}`]);
  }
  const width = Math.max(...lines.map(([head]) => head.length));
  const who = from === null ? "" : ` from ${shortNames(from)}`;
  const body = lines.map(([head, text]) => `  ${head.padEnd(width)}   ${text}`.trimEnd());
  return [`${asked}${who}`, ...body].map((line) => `${line}\n`).join("");
}

function* destinationLines(one: Destination, style: Style): Iterable<readonly [string, string]> {
  const fails = failOf(one);
  const share = one.share === 1 ? "" : `${percentWords(one.share)} `;
  const would = fails === null ? "" : `   ${answerWords(fails, style)}`;
  yield ["to", `${share}${shortNames(one.to)}${would}`];
  if (one.edits.length > 0) yield ["", `as ${one.edits.join(", ")}`];
  const { placed, endpoints } = one;
  const named = endpoints.map(({ workload, phase }) =>
    phase === "ready" ? workload : `${workload} (${phase})`,
  );
  if (placed === null || placed.key === null) {
    const none = placed === null ? "" : `   no key for ${placed.placement}`;
    if (one.backend !== null && endpoints.length > 0) yield ["", `${named.join(" or ")}${none}`];
    return;
  }
  const { placement, key, slot, workload } = placed;
  yield ["", `${workload ?? "nobody"}   ${placement}: key ${key}, slot ${slot}`];
}

function answerWords(
  { status, reason, detail }: { status: number; reason: string; detail: string },
  style: Style,
): string {
  const text = `${status} ${reason}`;
  return `${status >= 400 ? style.bad(text) : style.warn(text)}: ${detail}`;
}
