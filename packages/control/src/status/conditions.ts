import type { Condition, ConditionClaim } from "@heddle/mesh/resource/meta.ts";

/** Claims as conditions: since when they hold, and of which generation they speak. */
export function conditionsOf(
  claims: readonly ConditionClaim[],
  before: readonly Condition[] | undefined,
  generation: number,
  now: string,
): Condition[] {
  return claims.map(({ type, status, reason, message }) => {
    const known = before?.find((one) => one.type === type);
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : now;
    return { type, status, reason, message, lastTransitionTime, observedGeneration: generation };
  });
}
