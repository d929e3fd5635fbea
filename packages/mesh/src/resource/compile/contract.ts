import type { ContractDoc } from "../../model/document.ts";
import type { Contract } from "../heddle/contract.ts";
import { operationDoc } from "../heddle/contract-operation.ts";
import { type ConditionClaim, namespacedName } from "../meta.ts";
import { claim, type Refusal } from "./claims.ts";
import { oldestOf } from "./oldest.ts";

export interface CompiledContract {
  /** Null: nothing is read as an operation. */
  readonly doc: ContractDoc | null;
  /** `<namespace>/<name>` of those that target the service and lost, and why. */
  readonly losers: ReadonlyMap<string, Refusal>;
}

/** Of all Contracts on one Service the oldest holds: a request is one operation. */
export function compileContract(
  contracts: readonly Contract[],
  service: string,
  hashKey: string,
): CompiledContract {
  const { winner, losers } = oldestOf(contracts, service, "is the contract of");
  if (winner?.spec.operations == null) return { doc: null, losers };
  const { spec } = winner;
  return {
    doc: {
      name: namespacedName(winner),
      operations: winner.spec.operations.map(operationDoc),
      key: spec.key ?? null,
      keyShare: (spec.sampling?.keysPercent ?? 100) / 100,
      values: spec.values ?? "hashed",
      hashKey,
      valueBytesMax: spec.valueBytesMax ?? 1024,
      callerField: spec.callerHeader?.toLowerCase() ?? null,
    },
    losers,
  };
}

/** Are requests read as its operations, and hence recorded? */
export function recordedClaim({ spec }: Contract): ConditionClaim {
  const refusal: Refusal = {
    reason: "NoOperations",
    message: `Nothing is recorded for it: spec.operations is missing. \`heddle apply\` fills it in from ${spec.definition}.`,
  };
  const message = "Requests are recorded as its operations.";
  return claim("Recorded", spec.operations == null ? [refusal] : [], {
    reason: "Recorded",
    message,
  });
}
