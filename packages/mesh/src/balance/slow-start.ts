import type { SlowStartDoc } from "../model/policy.ts";

/**
 * The part of a full share that an endpoint gets `elapsedMs` after it became ready (Envoy `slow_start_config`): it grows with
 * (elapsed ÷ window)^(1 ÷ aggression), from `weightMin` on, up to 1.
 */
export function slowStartWeight(doc: SlowStartDoc, elapsedMs: number): number {
  if (elapsedMs >= doc.windowMs) return 1;
  const part = Math.max(1, elapsedMs) / doc.windowMs;
  const grown = doc.aggression === 1 ? part : part ** (1 / doc.aggression);
  return Math.min(1, Math.max(doc.weightMin, grown));
}
