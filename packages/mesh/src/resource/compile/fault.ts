import type { FaultDoc } from "../../model/document.ts";
import type { Fault } from "../heddle/fault.ts";
import { namespacedName } from "../meta.ts";
import { oldestOf } from "./oldest.ts";
import { policyAttachable } from "./policy-attachable.ts";

const does = "is the fault of";

export const faultPolicy = policyAttachable<Fault>({ table: "Fault", does });

/** Of all Faults on one Service the oldest holds: two seeds would give no order that can be had again. Null: none. */
export function compileFault(faults: readonly Fault[], service: string): FaultDoc | null {
  const { winner } = oldestOf(faults, service, does);
  if (winner === null) return null;
  const { seed = 0, callers, delay, reset } = winner.spec;
  return {
    name: namespacedName(winner),
    seed,
    callers: callers ?? null,
    delay: delay == null ? null : { share: delay.percent / 100, delayMs: delay.milliseconds },
    reset: reset == null ? null : { share: reset.percent / 100 },
  };
}
