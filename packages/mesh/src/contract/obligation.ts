import type { Operation } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/**
 * What a question asks of one operation: that there is a moment between `startMs` and `endMs` (both included) at which it
 * took effect. The four consistencies differ in nothing but the obligations they make of the same operations.
 */
export interface Obligation {
  readonly operation: Operation;
  readonly startMs: number;
  /** Infinity: at any later time. Of an optional one it always is. */
  readonly endMs: number;
  /** Optional: it may be left out. */
  readonly isRequired: boolean;
  /** Must the model give what was recorded? */
  readonly checksResult: boolean;
}

/** Is there an order of these operations, as the model has them, in which every obligation is met? */
export interface Question {
  /** Whose guarantee it is; null: everybody's. */
  readonly caller: string | null;
  readonly asked: readonly Obligation[];
  readonly initial: Initial;
}

/**
 * The obligation as `linearizable` has it: an answered operation took effect in its interval and gave what it gave; one
 * that may have happened takes effect from its start on or never. Null where nothing is asked: it did not happen, or
 * it could neither be seen nor change anything.
 */
export function obligationOf(operation: Operation, model: SequentialModel): Obligation | null {
  switch (operation.outcome.kind) {
    case "ok": {
      const { startMs, endMs } = operation;
      return { operation, startMs, endMs, isRequired: true, checksResult: true };
    }
    case "unknown":
      return model.changes(operation.name) ? optional(operation) : null;
    case "refused":
    case "absent":
      return null;
  }
}

/** It may take effect at any time from its start on, or never, and whatever it gave is right. */
export function optional(operation: Operation): Obligation {
  const { startMs } = operation;
  return { operation, startMs, endMs: Infinity, isRequired: false, checksResult: false };
}
