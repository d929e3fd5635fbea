import type { ParentReference } from "../gateway-api/reference.ts";
import type { ConditionClaim } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import type { ResourceKey } from "./tables.ts";

/** What the compiler has to say of an attached resource, in the form that its kind's status has. */
export interface Claims {
  /** Of the resource as a whole. */
  readonly conditions?: readonly ConditionClaim[];
  /** Of a route: of each of its parents that is ours. */
  readonly parents?: readonly ParentClaims[];
  /** Of a policy of the Gateway API: of each of its targets. */
  readonly ancestors?: readonly AncestorClaims[];
  /** Of what has no status: what people are told of by Events, as long as it is so. */
  readonly events?: readonly EventClaim[];
}

/** What the compiler has to say of one parentRef of one route. */
export interface ParentClaims {
  /** The route. */
  readonly route: ResourceKey;
  /** Index in its `spec.parentRefs`. */
  readonly parent: number;
  readonly conditions: readonly ConditionClaim[];
}

/** What it has to say of one target of one policy. */
export interface AncestorClaims {
  readonly ancestor: ParentReference;
  readonly conditions: readonly ConditionClaim[];
}

/** Something that people should know of a resource: told when it becomes so. */
export interface EventClaim {
  readonly type: "Normal" | "Warning";
  /** CamelCase, for programs. */
  readonly reason: string;
  readonly message: string;
  /** What of the resource it is about, for those who are about to apply it. Absent: the resource as a whole. */
  readonly path?: Path;
}

/** A condition that says no, with its reason. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** A reference that leads nowhere, and where it is. */
export interface UnresolvedRef extends Refusal {
  readonly path: Path;
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
