import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import type { Loss } from "../drive/losses.ts";
import { count } from "./count.ts";

export interface CauseFacts {
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  readonly losses: readonly Loss[];
  /** The parameter that is the key; null: the whole service is one object. */
  readonly key: string | null;
  readonly isPlaced: boolean;
  readonly program: string;
}

/** How many keys are named one by one. */
const KEYS_NAMED = 10;

/** Why a contract is violated, as far as the record tells, and what cures it. One sentence each. */
export function causesOf(facts: CauseFacts): readonly string[] {
  const { verdict, losses, key, isPlaced, program } = facts;
  const { service } = verdict;
  const violated = new Set(verdict.violatedKeys);
  const lost = new Set(losses.flatMap(({ keys }) => keys));
  const answerers = answerersOf(facts.operations, violated, lost);
  const causes: string[] = [];
  if (answerers > 1 && !isPlaced) {
    causes.push(
      key === null
        ? `${service} keeps state as one object, and ${answerers} processes answer for it. One replica cures it: set replicas: 1 on its Process.`
        : `${service} keeps state by key, and ${answerers} processes answer for each. A Placement cures it: ${program} explain placement`,
    );
  }
  for (const [workload, some] of Map.groupBy(losses, (loss) => loss.workload)) {
    const times = new Set(
      some.map(({ start }) => new Date(start.wallMs).toTimeString().slice(0, 8)),
    );
    const keys = facts.verdict.violatedKeys.filter((each) =>
      some.some((loss) => loss.keys.includes(each)),
    );
    causes.push(
      `${workload} was restarted at ${[...times].join(", ")}, and what only its process kept is gone: ${count(keys.length, "key")} (${named(keys)}).`,
    );
  }
  if (losses.length > 0) {
    causes.push(
      `No mesh can save what is nowhere else: that takes replication by ${service} itself.`,
    );
  }
  const refusals = facts.operations.filter(({ outcome }) => outcome.kind === "refused");
  if (refusals.length > 0) {
    const known = new Set(refusals.flatMap(({ answeredBy }) => answeredBy ?? []));
    const who = known.size === 0 ? "The process" : [...known].sort().join(", ");
    causes.push(
      `${who} refused ${count(refusals.length, "operation")}, and operations of a definition are total: there is no state in which one may be refused.`,
    );
  }
  return causes;
}

/** How many processes answered for one key, at most. */
function answerersOf(
  operations: readonly Operation[],
  violated: ReadonlySet<string>,
  lost: ReadonlySet<string>,
): number {
  const byKey = new Map<string, Set<string>>();
  for (const { key, answeredBy } of operations) {
    if (answeredBy === null || !violated.has(key) || lost.has(key)) continue;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, new Set([answeredBy]));
    else known.add(answeredBy);
  }
  return Math.max(0, ...[...byKey.values()].map(({ size }) => size));
}

function named(keys: readonly string[]): string {
  const first = keys.slice(0, KEYS_NAMED).join(", ");
  return keys.length > KEYS_NAMED ? `${first}, …` : first;
}
