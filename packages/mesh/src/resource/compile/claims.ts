import type { ConditionClaim } from "../meta.ts";

/** What the compiler has to say of one parentRef of one route. */
export interface ParentClaims {
  /** `<namespace>/<name>` of the route. */
  readonly route: string;
  /** Index in its `spec.parentRefs`. */
  readonly parent: number;
  readonly conditions: readonly ConditionClaim[];
}

/** A condition that says no, with its reason. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** One condition from what was found against it; several messages are joined, the first reason counts. */
export function claim(
  type: string,
  refusals: readonly Refusal[],
  whenTrue: Refusal,
): ConditionClaim {
  const [first] = refusals;
  if (first === undefined) return { type, status: "True", ...whenTrue };
  const message = [...new Set(refusals.map((refusal) => refusal.message))].join(" ");
  return { type, status: "False", reason: first.reason, message };
}

export function accepted(refusals: readonly Refusal[], whenTrue = "Accepted."): ConditionClaim {
  return claim("Accepted", refusals, { reason: "Accepted", message: whenTrue });
}

export function resolvedRefs(refusals: readonly Refusal[]): ConditionClaim {
  return claim("ResolvedRefs", refusals, {
    reason: "ResolvedRefs",
    message: "Every reference is resolved.",
  });
}
