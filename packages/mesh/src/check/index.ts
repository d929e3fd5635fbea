import type { ConstraintKind } from "../model/constraint.ts";
import { checkAccess } from "./access.ts";
import { checkAddressing } from "./addressing.ts";
import { checkAffinity } from "./affinity.ts";
import { checkBudget } from "./budget.ts";
import type { Evidence } from "./evidence.ts";
import { checkPlacement } from "./placement.ts";
import { checkRate } from "./rate.ts";
import type { ConstraintReport } from "./report.ts";
import { checkSplit } from "./split.ts";
import { checkTimeout } from "./timeout.ts";

/** A predicate over intent and histories. */
export type Checker = (evidence: Evidence) => ConstraintReport;

/**
 * Every kind of constraint and its checker. A kind that is added brings its own; without one this table does not
 * compile. No checker reads what was compiled, or imports what compiles or enforces it.
 */
export const checkers = {
  addressing: checkAddressing,
  placement: checkPlacement,
  split: checkSplit,
  timeout: checkTimeout,
  rate: checkRate,
  budget: checkBudget,
  affinity: checkAffinity,
  access: checkAccess,
} as const satisfies Record<ConstraintKind, Checker>;

/** Runs them all. */
export function checkAll(evidence: Evidence): readonly ConstraintReport[] {
  return Object.values(checkers).map((check: Checker) => check(evidence));
}
