import type { AppliedChange, ApplyResult } from "@heddle/control/api/verbs.ts";

/** What an apply did: a line for each change, warnings, and the revision it made. */
export function formatChanges(result: ApplyResult, isDryRun = false): string {
  const changed = result.changes.filter((change) => change.action !== "unchanged");
  const unchanged = result.changes.length - changed.length;
  const lines = changed.map((change) => `${changeName(change)} ${change.action}\n`);
  const warnings = result.warnings.map((warning) => `warning: ${warning}\n`);
  const rest = unchanged === 0 ? "" : `, ${unchanged} unchanged`;
  const end = isDryRun
    ? `${changed.length} would change${rest}; nothing was applied, revision ${result.revision} serves.`
    : changed.length === 0
      ? `nothing to change; revision ${result.revision} serves.`
      : `${changed.length} changed${rest}; revision ${result.revision} serves.`;
  return `${lines.join("")}${warnings.join("")}${end}\n`;
}

/** `Process/kvs`; outside namespace `default` `Process/shop/kvs`. */
export function changeName(change: Pick<AppliedChange, "kind" | "namespace" | "name">): string {
  const isPlain = change.namespace === "default" || change.namespace === "";
  return `${change.kind}/${isPlain ? "" : `${change.namespace}/`}${change.name}`;
}
