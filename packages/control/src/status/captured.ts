import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import type { ConditionClaim } from "@heddle/mesh/resource/meta.ts";
import { capturePrefix } from "../host/link.ts";

/** Whether a Process that is to be captured is; nothing is said of others. */
export function capturedClaims(
  process: Process,
  own: readonly Workload[],
): readonly ConditionClaim[] {
  if (process.spec.capture !== "transparent") return [];
  const type = "Captured";
  const reasons = own.flatMap(({ spec, status }) =>
    spec.capture === "transparent" ? (status?.reason ?? []) : reasonNotYet,
  );
  const refused = reasons.find((reason) => reason.startsWith(capturePrefix));
  if (refused !== undefined) {
    const message = `It does not run: ${refused.slice(capturePrefix.length)}.`;
    return [{ type, status: "False", reason: "NotPossible", message }];
  }
  const isRunning = own.some(({ status }) => status?.pid !== undefined);
  if (!isRunning || reasons.includes(reasonNotYet)) {
    const message = "No workload of it runs captured yet.";
    return [{ type, status: "Unknown", reason: "Pending", message }];
  }
  const message = "Its connections to services go through its own proxy, whatever it is told.";
  return [{ type, status: "True", reason: "RulesInForce", message }];
}

/** Made before its Process was to be captured, or in a mesh without proxies. */
const reasonNotYet = "not captured";
