import { fingerprint } from "./fingerprint.ts";
import { ObjectStates } from "./object-state.ts";
import type { Obligation, Question } from "./obligation.ts";
import { search } from "./search.ts";
import type { SearchBudget } from "./search-budget.ts";
import type { SequentialModel } from "./sequential.ts";
import { judgeUniqueValues } from "./unique-values.ts";
import type { VerdictWord } from "./verdict.ts";

/** What a question came to. `among`, where violated: some of its obligations that cannot be met together, if that is known. */
export interface Decision {
  readonly word: VerdictWord;
  readonly among: readonly Obligation[] | null;
}

export interface DecideOptions {
  readonly model: SequentialModel;
  readonly budget: SearchBudget;
  /** Unique values without a search, where that is possible. Off only to compare. */
  readonly isFast: boolean;
}

/**
 * Answers one question: without a search where values are unique, else with one. An object that is no register and begins
 * in an unknown state is tried from each state that its own operations lead to from the empty one, so it may hold, or
 * be undecided, but is never called violated: what others made of it before is not known.
 */
export function decide(question: Question, options: DecideOptions): Decision {
  const { model, budget, isFast } = options;
  const known = isFast ? judgeUniqueValues(question, model) : null;
  if (known !== null) return { among: null, ...known };
  const { asked, initial } = question;
  if (initial.kind === "empty" || model.register !== null) {
    return { word: search(asked, new ObjectStates(model, initial), budget), among: null };
  }
  for (const state of reachable(asked, model)) {
    const word = search(asked, new ObjectStates(model, initial, state), budget);
    if (word !== "violated") return { word, among: null };
  }
  return { word: "undecided", among: null };
}

/** So many first states of an object that is no register are tried. */
const firstStatesMax = 64;

/** States that operations of the history lead to from the empty one, nearest first. */
function* reachable(asked: readonly Obligation[], model: SequentialModel): Iterable<unknown> {
  const kinds = new Map(
    asked
      .filter(({ operation }) => model.changes(operation.name))
      .map(({ operation }) => [`${operation.name}(${operation.args.map(fingerprint)}`, operation]),
  );
  const seen = new Set([model.fingerprint(model.empty)]);
  const states: unknown[] = [model.empty];
  for (let index = 0; index < states.length; index++) {
    yield states[index];
    for (const { name, args } of kinds.values()) {
      const step = model.step(states[index], name, args);
      if (step === null || states.length >= firstStatesMax) continue;
      const reached = model.fingerprint(step.state);
      if (seen.has(reached)) continue;
      seen.add(reached);
      states.push(step.state);
    }
  }
}
