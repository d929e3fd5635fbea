import { ObjectStates, rejected } from "./object-state.ts";
import { obligationOf } from "./obligation.ts";
import type { Operation, Value } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/** The first answer of a history that its definition does not give. */
export interface WrongAnswer {
  readonly operation: Operation;
  /** What the definition gives; null: the process refused, and there is no answer to compare. */
  readonly expected: { readonly value: Value | undefined } | null;
}

/**
 * Does one caller's history, one operation after the other, keep to the definition? Null: it does, or the first answer
 * that does not. The order is that of `seq`; times are not looked at.
 *
 * - A refusal is wrong: operations of a definition are total.
 * - What was absent did not happen. What is unknown ends the replay where it could have changed anything: what comes after it
 *   has more than one right answer, and is for `decide` to judge.
 * - A register that begins unknown begins with what is read first. Any other object that does is judged by nothing, unless
 *   it is refused something.
 */
export function replay(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial,
): WrongAnswer | null {
  const refused = (each: Operation) => each.outcome.kind === "refused";
  const ordered = operations.toSorted((a, b) => a.seq - b.seq);
  if (initial.kind === "unknown" && model.register === null) {
    const operation = ordered.find(refused);
    return operation === undefined ? null : { operation, expected: null };
  }
  const states = new ObjectStates(model, initial);
  let state = states.begin;
  for (const operation of ordered) {
    if (refused(operation)) return { operation, expected: null };
    const asked = obligationOf(operation, model);
    if (asked === null) continue;
    if (!asked.isRequired) return null;
    const after = states.advance(state, asked);
    if (after === rejected) return { operation, expected: states.expected(state, operation) };
    state = after;
  }
  return null;
}
