import type { ContractDoc } from "../../model/document.ts";
import type { Contract } from "../heddle/contract.ts";
import { operationDoc } from "../heddle/contract-operation.ts";
import { type ConditionClaim, namespacedName } from "../meta.ts";
import { claim, type Refusal } from "./claims.ts";
import { oldestOf } from "./oldest.ts";
import { policyAttachable } from "./policy-attachable.ts";

const does = "is the contract of";

export const contractPolicy = policyAttachable<Contract>({
  table: "Contract",
  does,
  more: (contract) => [recordedClaim(contract)],
});

/** Of all Contracts on one Service the oldest holds: a request is one operation. Null: nothing is read as one. */
export function compileContract(
  contracts: readonly Contract[],
  service: string,
  hashKey: string,
): ContractDoc | null {
  const { winner } = oldestOf(contracts, service, does);
  if (winner?.spec.operations == null) return null;
  const { spec } = winner;
  return {
    name: namespacedName(winner),
    operations: winner.spec.operations.map(operationDoc),
    key: spec.key ?? null,
    keyShare: (spec.sampling?.keysPercent ?? 100) / 100,
    values: spec.values ?? "hashed",
    hashKey,
    valueBytesMax: spec.valueBytesMax ?? 1024,
    callerField: spec.callerHeader?.toLowerCase() ?? null,
  };
}

/** Are requests read as its operations, and hence recorded? */
function recordedClaim({ spec }: Contract): ConditionClaim {
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
