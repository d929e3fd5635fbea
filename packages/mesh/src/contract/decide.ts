import { fingerprint } from "./fingerprint.ts";
import { ObjectStates } from "./object-state.ts";
import type { Obligation, Question } from "./obligation.ts";
import type { Operation } from "./operation.ts";
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
  const first = firstOf(asked);
  let tried = 0;
  for (const state of reachable(asked, model, budget)) {
    if (first !== null && !isGiven(first.operation, state, model)) continue;
    if (tried++ === firstStatesMax) break;
    const word = search(asked, new ObjectStates(model, initial, state), budget);
    if (word !== "violated") return { word, among: null };
  }
  return { word: "undecided", among: null };
}

/** So many first states of an object that is no register are searched from. */
const firstStatesMax = 64;
/** So many are looked at: a counter that stands at 9,000 is that far from the empty one. */
const reachableMax = 10_000;

/** What was answered before anything else began; null: nothing was. */
function firstOf(asked: readonly Obligation[]): Obligation | null {
  const required = asked.filter(({ isRequired }) => isRequired);
  const first = required.toSorted((a, b) => a.endMs - b.endMs)[0];
  if (first === undefined || !first.checksResult) return null;
  return asked.some((each) => each !== first && each.startMs <= first.endMs) ? null : first;
}

/** Is that the answer in this state? It costs less to see than a search. */
function isGiven(
  { name, args, outcome }: Operation,
  state: unknown,
  model: SequentialModel,
): boolean {
  const step = model.step(state, name, args);
  return step !== null && outcome.kind === "ok" && model.agrees(step.result, outcome.result);
}

/** States that operations of the history lead to from the empty one, nearest first. */
function* reachable(
  asked: readonly Obligation[],
  model: SequentialModel,
  budget: SearchBudget,
): Iterable<unknown> {
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
      if (step === null || states.length >= reachableMax || !budget.step()) continue;
      const reached = model.fingerprint(step.state);
      if (seen.has(reached)) continue;
      seen.add(reached);
      states.push(step.state);
    }
  }
}
