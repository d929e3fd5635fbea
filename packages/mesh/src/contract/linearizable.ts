import { obligationOf, type Question } from "./obligation.ts";
import type { Operation } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/**
 * `linearizable` (Herlihy and Wing, 1990), per key: there is one order of the operations of all callers, as if each
 * had happened at one moment between its start and its end, in which every answer is the one the definition gives. An operation
 * that may have happened may stand anywhere from its start on, for ever after, or nowhere.
 *
 * It is composable: the whole is linearizable exactly if each key is, so keys are judged one by one.
 */
export function askLinearizable(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial,
): Question {
  const asked = operations.map((each) => obligationOf(each, model)).filter((each) => each !== null);
  return { caller: null, asked, initial };
}
