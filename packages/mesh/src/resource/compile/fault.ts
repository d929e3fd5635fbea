import type { FaultDoc } from "../../model/document.ts";
import type { Fault } from "../heddle/fault.ts";
import { namespacedName } from "../meta.ts";
import type { Refusal } from "./claims.ts";
import { oldestOf } from "./oldest.ts";

export interface CompiledFault {
  readonly doc: FaultDoc | null;
  /** `<namespace>/<name>` of those that target the service and lost, and why. */
  readonly losers: ReadonlyMap<string, Refusal>;
}

/** Of all Faults on one Service the oldest holds: two seeds would give no order that can be had again. */
export function compileFault(faults: readonly Fault[], service: string): CompiledFault {
  const { winner, losers } = oldestOf(faults, service, "is the fault of");
  if (winner === null) return { doc: null, losers };
  const { seed = 0, callers, delay, reset } = winner.spec;
  const doc: FaultDoc = {
    name: namespacedName(winner),
    seed,
    callers: callers ?? null,
    delay: delay == null ? null : { share: delay.percent / 100, delayMs: delay.milliseconds },
    reset: reset == null ? null : { share: reset.percent / 100 },
  };
  return { doc, losers };
}
