import { fingerprint } from "./fingerprint.ts";
import { ObjectStates, rejected } from "./object-state.ts";
import type { Obligation } from "./obligation.ts";
import type { Operation, Value } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/** Of so many operations at most all orders are tried. */
const orderedMax = 8;

/**
 * What the last answer of a counterexample should have been: the one value that every order of the other operations gives it.
 * Null where there are several, or none, or too many operations to try all orders.
 */
export function expectedAnswer(
  asked: readonly Obligation[],
  model: SequentialModel,
  initial: Initial,
): { readonly operation: Operation; readonly value: Value | undefined } | null {
  const last = asked
    .filter(({ checksResult }) => checksResult)
    .toSorted((a, b) => a.startMs - b.startMs)
    .at(-1);
  if (last === undefined || asked.length > orderedMax) return null;
  const states = new ObjectStates(model, initial);
  const answers = new Map<string, Value | undefined>();
  let isUnsure = initial.kind === "unknown" && model.register === null;
  const visit = (state: unknown, rest: readonly Obligation[]): void => {
    for (const next of rest) {
      const others = rest.filter((each) => each !== next);
      if (others.some((each) => each.isRequired && each.endMs < next.startMs)) continue;
      if (next === last) {
        const answer = states.expected(state, next.operation);
        if (answer === null) isUnsure = true;
        else answers.set(fingerprint(answer.value), answer.value);
        continue;
      }
      const after = states.advance(state, next);
      if (after !== rejected) visit(after, others);
    }
  };
  visit(states.begin, asked);
  const [value] = answers.values();
  return answers.size === 1 && !isUnsure ? { operation: last.operation, value } : null;
}
