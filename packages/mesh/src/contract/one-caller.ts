import { type DecideOptions, type Decision, decide } from "./decide.ts";
import { askLinearizable } from "./linearizable.ts";
import { updatesOf } from "./monotonic-reads.ts";
import type { Question } from "./obligation.ts";
import type { Operation } from "./operation.ts";
import { replay } from "./replay.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/**
 * `caller` (R2), per caller and key: what a caller sees of a key that nobody else writes is what the definition says of its own
 * history. Exactly: its own operations alone are linearizable; where each ended before the next started, that is a replay.
 *
 * A key with one writer is judged by that caller's history, a key with none by each caller's. A key with several writers
 * cannot be judged by anybody's own history: null.
 */
export function askOneCaller(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial,
): readonly Question[] | null {
  const writers = new Set(updatesOf(operations, model).map(({ caller }) => caller));
  if (writers.size > 1) return null;
  const callers = writers.size === 1 ? writers : new Set(operations.map(({ caller }) => caller));
  return [...callers].map((caller) => {
    const own = operations.filter((each) => each.caller === caller);
    return { ...askLinearizable(own, model, initial), caller };
  });
}

/** Answers such a question: by a replay where the caller did one thing at a time. */
export function decideOneCaller(question: Question, options: DecideOptions): Decision {
  const { asked, initial } = question;
  const ordered = asked.toSorted((a, b) => a.operation.seq - b.operation.seq);
  const isSequential = ordered.every(
    ({ isRequired, startMs }, index) =>
      isRequired && (index === 0 || ordered[index - 1]!.endMs < startMs),
  );
  if (!isSequential || (initial.kind === "unknown" && options.model.register === null)) {
    return decide(question, options);
  }
  const history = ordered.map(({ operation }) => operation);
  const wrong = replay(history, options.model, initial);
  if (wrong === null) return { word: "holds", among: null };
  return { word: "violated", among: ordered.slice(0, history.indexOf(wrong.operation) + 1) };
}
