import { valueWords } from "@heddle/control/plan/changed-fields.ts";
import type { Effect } from "@heddle/control/plan/effects.ts";
import { percentWords } from "@heddle/control/plan/frontend.ts";
import type { Plan, PlannedResource } from "@heddle/control/plan/plan.ts";
import type { Replay, ReplayedChange } from "@heddle/control/plan/replay.ts";
import { count, formatCount } from "./count.ts";
import { shortNames } from "./short-names.ts";
import type { Style } from "./style.ts";

/** So many fields of one resource are told. */
const fieldsMax = 8;

/** What would change: resources first, then what it means on the service level. */
export function formatPlan(
  { resources, effects }: Pick<Plan, "resources" | "effects">,
  style: Style,
): string {
  if (resources.length === 0 && effects.length === 0) return "Nothing would change.\n";
  const told = effectLines(effects);
  const width = told.reduce((most, [head]) => Math.max(most, head.length), 0);
  return [
    ...resources.flatMap((one) => resourceLines(one, style)),
    ...told.map(([head, text]) => `  ${head.padEnd(width)}   ${text}`),
    ...(effects.length === 0 ? ["Nothing that a request could tell."] : []),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

function resourceLines({ change, kind, namespace, name, fields }: PlannedResource, style: Style) {
  const paint = { "+": style.good, "~": style.warn, "-": style.bad }[change];
  const full = namespace === "default" ? name : `${namespace}/${name}`;
  const shown = fields
    .slice(0, fieldsMax)
    .map(({ path, before, after }) => `    ${path}: ${valueWords(before)} → ${valueWords(after)}`);
  const rest = fields.length - shown.length;
  return [
    `${paint(change)} ${kind} ${full}`,
    ...shown,
    ...(rest > 0 ? [`    and ${count(rest, "field")} more`] : []),
  ];
}

/** One line each, but for processes that gain and lose alike: those are one. */
function effectLines(
  effects: readonly Effect[],
): readonly (readonly [head: string, text: string])[] {
  const lines: (readonly [string, string])[] = [];
  const gains = new Map<string, string[]>();
  for (const effect of effects) {
    if (effect.kind !== "endpoint") {
      lines.push(lineOf(effect));
      continue;
    }
    const { frontend, workload, before, after } = effect;
    const verb = after > before ? "gains" : "loses";
    const change = `${percentWords(before)} → ${percentWords(after)}`;
    const key = JSON.stringify([verb, frontend, change]);
    const same = gains.get(key) ?? [];
    same.push(shortNames(workload));
    gains.set(key, same);
  }
  for (const [key, workloads] of gains) {
    const [verb, frontend, change] = JSON.parse(key) as [string, string, string];
    lines.push([verb, `${workloads.join(", ")}: ${change} of a rule of ${shortNames(frontend)}`]);
  }
  return lines;
}

function lineOf(effect: Exclude<Effect, { kind: "endpoint" }>): readonly [string, string] {
  switch (effect.kind) {
    case "route": {
      const { before, after, matches, rule, frontend } = effect;
      const what = `${shortNames(frontend)} ${some(matches)}`;
      const by = `(${shortNames(rule)})`;
      if (before === null) return ["+ route", `${what} → ${words(after)}   ${by}`];
      if (after === null) return ["- route", `${what} no longer → ${words(before)}   ${by}`];
      return ["~ route", `${what} → ${words(after)}, was ${words(before)}   ${by}`];
    }
    case "split": {
      const shares = effect.shares.map(
        ({ to, before, after }) =>
          `${shortNames(to)} ${percentWords(before)} → ${percentWords(after)}`,
      );
      const what = `${shortNames(effect.frontend)} ${some(effect.matches)}`;
      return ["~ split", `${what}: ${shares.join(", ")}   (${shortNames(effect.rule)})`];
    }
    case "match": {
      const { before, after, frontend, rule } = effect;
      return [
        "~ match",
        `${shortNames(frontend)} ${some(before)} → ${some(after)}   (${shortNames(rule)})`,
      ];
    }
    case "policy": {
      const { frontend, rule, field, before, after, refuses } = effect;
      const of =
        rule === null ? shortNames(frontend) : `${shortNames(frontend)} ${shortNames(rule)}`;
      const may = refuses ? "   may refuse" : "";
      return ["~ policy", `${of} ${field}: ${before} → ${after}${may}`];
    }
    case "slots": {
      const { service, placement, moved, slots } = effect;
      const kept = "what was kept under their keys stays behind";
      return [
        "keys",
        `${shortNames(service)}: ${moved} of ${slots} slots of ${placement} move; ${kept}`,
      ];
    }
  }
}

/** What would have become of recorded requests. */
export function formatReplay(replay: Replay | null, isChanged: boolean): string {
  if (!isChanged) return "";
  if (replay === null) return "Nothing was applied.\n";
  const { requests, sinceWallMs, changed, undecided } = replay;
  if (sinceWallMs === null) return "Nothing was applied. No request is recorded.\n";
  const since = `Of ${count(requests, "request")} recorded since ${timeOf(sinceWallMs)}`;
  const told = [...statusGroups(changed)].map(
    ([what, some]) => `${formatCount(some)} would ${what}`,
  );
  const sentence = told.length === 0 ? "none would be answered otherwise" : told.join(", ");
  const lines = changed.map(changedLine);
  const width = Math.max(0, ...lines.map(([number]) => number.length));
  const rest = undecided.map(
    ({ why, requests: some }) => `  ${formatCount(some)} undecided: ${why}\n`,
  );
  return [
    `Nothing was applied. ${since}, ${sentence}${lines.length === 0 ? "." : ":"}\n`,
    ...lines.map(([number, text]) => `  ${number.padStart(width)}   ${text}\n`),
    ...rest,
  ].join("");
}

function statusGroups(changed: readonly ReplayedChange[]): ReadonlyMap<string, number> {
  const groups = new Map<string, number>();
  for (const { status, requests } of changed) {
    const what = status === null ? "go elsewhere" : `now get ${status}`;
    groups.set(what, (groups.get(what) ?? 0) + requests);
  }
  return groups;
}

function changedLine({ frontend, before, after, status, why, requests, first }: ReplayedChange) {
  const { atWallMs, method, path, from, id } = first;
  const what = `${shortNames(from)} → ${shortNames(frontend)}  ${method} ${path}`;
  const reason = status === null ? `${words(after)}, was ${words(before)}` : why;
  const example = id === "" ? "" : `, for example ${id}`;
  return [
    formatCount(requests),
    `${what}   ${shortNames(reason)}   first ${timeOf(atWallMs)}${example}`,
  ] as const;
}

/** The first two of what a rule takes. */
function some(matches: readonly string[]): string {
  const rest = matches.length - 2;
  return `${matches.slice(0, 2).join(" or ")}${rest > 0 ? ` or ${rest} more` : ""}`;
}

function words(to: string | null): string {
  return to === null ? "nothing" : shortNames(to);
}

function timeOf(wallMs: number): string {
  return new Date(wallMs).toTimeString().slice(0, 8);
}
