import type { Verdict, VerdictWord } from "@heddle/mesh/contract/verdict.ts";
import { type Contract, holdsCondition, verdictOf } from "@heddle/mesh/resource/heddle/contract.ts";
import {
  type ConditionClaim,
  compareText,
  defaultNamespace,
  namespacedName,
  namespaceOf,
} from "@heddle/mesh/resource/meta.ts";
import type { Events } from "../status/events.ts";
import type { StatusWriter } from "../status/status-writer.ts";
import type { Controller } from "../watch/controller.ts";
import { ApiError } from "./status.ts";
import type { ContractRow, VerdictReport } from "./verbs.ts";

export interface ContractsContext {
  readonly controller: Controller;
  readonly status: StatusWriter;
  readonly events: Events;
}

/** One row for each Service that a Contract targets, by name. `service` and `namespace` null do not narrow. */
export function contractRows(
  controller: Controller,
  service: string | null,
  namespace: string | null,
): readonly ContractRow[] {
  const { inputs, outputs } = controller.index;
  return [...inputs.resources.all("Contract").values()]
    .flatMap((known) => {
      const contract = controller.objects.latest(known) as Contract;
      const { definition, consistency, targetRefs } = contract.spec;
      const own = namespaceOf(contract);
      return targetRefs.map(({ name }): ContractRow => {
        const doc = outputs.services.get(`${own}/${name}`)?.doc.contract ?? null;
        return {
          namespace: own,
          name: contract.metadata.name,
          service: name,
          definition,
          consistency,
          doc: doc?.name === namespacedName(contract) ? doc : null,
          conditions: contract.status?.conditions ?? [],
        };
      });
    })
    .filter((row) => service === null || row.service === service)
    .filter((row) => namespace === null || row.namespace === namespace)
    .sort(
      (a, b) =>
        compareText(a.namespace, b.namespace) ||
        compareText(a.name, b.name) ||
        compareText(a.service, b.service),
    );
}

/** Takes what a check of a Contract came to: its condition, and an Event where people shall know. */
export async function takeVerdict(report: VerdictReport, context: ContractsContext): Promise<void> {
  const { controller, status, events } = context;
  const key = `${report.namespace}/${report.contract}`;
  const known = controller.index.inputs.resources.all("Contract").get(key);
  if (known === undefined) {
    throw new ApiError(
      "NotFound",
      `no Contract "${report.contract}" in namespace ${report.namespace}`,
    );
  }
  const contract = controller.objects.latest(known) as Contract;
  const claim = claimOf(report.verdict);
  const before = status.said(key)?.status ?? statusBefore(contract);
  status.say(key, claim);
  const { reason, message } = claim;
  if (claim.status === "False") await events.tell(contract, { type: "Warning", reason, message });
  if (claim.status === "True" && before === "False") {
    await events.tell(contract, { type: "Normal", reason, message });
  }
}

const conditions: Readonly<Record<VerdictWord, Pick<ConditionClaim, "status" | "reason">>> = {
  holds: { status: "True", reason: "ContractHolds" },
  violated: { status: "False", reason: "ContractViolated" },
  undecided: { status: "Unknown", reason: "ContractUndecided" },
};

function claimOf(verdict: Verdict): ConditionClaim {
  return { type: holdsCondition, ...conditions[verdict.verdict], message: messageOf(verdict) };
}

/** `20000 operations on 200 keys by 8 callers.` and what is wrong with them. */
function messageOf(verdict: Verdict): string {
  const { operations, keys, callers, violatedKeys, undecidedKeys, counterexample } = verdict;
  const judged = `${count(operations, "operation")} on ${count(keys, "key")} by ${count(callers, "caller")}.`;
  switch (verdict.verdict) {
    case "holds":
      return judged;
    case "undecided":
      if (undecidedKeys.length === 0) return judged;
      return `${are(undecidedKeys.length)} undecided, ${shownKeys(undecidedKeys)}. ${judged}`;
    case "violated": {
      const smallest =
        counterexample === undefined
          ? ""
          : ` The smallest history that breaks it has ${counterexample.operations.length} of ${counterexample.from} operations of key ${counterexample.key}.`;
      return `${are(violatedKeys.length)} violated, ${shownKeys(violatedKeys)}. ${judged}${smallest}`;
    }
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function are(keys: number): string {
  return `${count(keys, "key")} ${keys === 1 ? "is" : "are"}`;
}

function shownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).map((key) => (key.length > 64 ? `${key.slice(0, 63)}…` : key));
  return `${shown.join(", ")}${keys.length > shown.length ? ", …" : ""}`;
}

function statusBefore(contract: Contract): ConditionClaim["status"] | null {
  const word = verdictOf(contract) as VerdictWord | null;
  return word === null ? null : conditions[word].status;
}

/** @throws ApiError where the body is no report */
export function parseVerdictReport(body: unknown): VerdictReport {
  const { namespace = defaultNamespace, contract, verdict } = recordOf(body, "body");
  const given = recordOf(verdict, "verdict");
  const word = given["verdict"];
  if (typeof contract !== "string" || typeof namespace !== "string") {
    throw new ApiError("BadRequest", "contract, namespace: expected text");
  }
  if (typeof word !== "string" || !Object.hasOwn(conditions, word)) {
    throw new ApiError("BadRequest", "verdict.verdict: expected holds, violated or undecided");
  }
  for (const name of ["operations", "keys", "callers"]) {
    if (!Number.isSafeInteger(given[name])) {
      throw new ApiError("BadRequest", `verdict.${name}: expected a whole number`);
    }
  }
  for (const name of ["violatedKeys", "undecidedKeys"]) {
    const keys = given[name];
    if (!Array.isArray(keys) || keys.some((key) => typeof key !== "string")) {
      throw new ApiError("BadRequest", `verdict.${name}: expected a list of texts`);
    }
  }
  const example = given["counterexample"];
  if (example !== undefined) {
    const { key, operations, from } = recordOf(example, "verdict.counterexample");
    const isWell =
      typeof key === "string" && Array.isArray(operations) && Number.isSafeInteger(from);
    if (!isWell) throw new ApiError("BadRequest", "verdict.counterexample: expected one");
  }
  return { namespace, contract, verdict: given as unknown as Verdict };
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ApiError("BadRequest", `${name}: expected an object`);
}
