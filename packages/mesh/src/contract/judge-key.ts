import { type DecideOptions, type Decision, decide } from "./decide.ts";
import { askLinearizable } from "./linearizable.ts";
import { askMonotonicReads } from "./monotonic-reads.ts";
import type { Question } from "./obligation.ts";
import { askOneCaller, decideOneCaller } from "./one-caller.ts";
import type { Operation } from "./operation.ts";
import { askReadYourWrites } from "./read-your-writes.ts";
import type { Initial } from "./sequential.ts";
import type { Consistency, VerdictWord } from "./verdict.ts";

/** What one key, or one stretch of its history, came to. */
export interface KeyFinding {
  readonly word: VerdictWord;
  /** Where violated: the question that was not met, and the decision. */
  readonly broken: { readonly question: Question; readonly decision: Decision } | null;
  readonly why: UndecidedWhy | null;
}

export type UndecidedWhy =
  | "limit" /** the search came to its limits */
  | "first-state" /** an object that is no register began in a state that is not known */
  | "several-writers" /** `caller`, and more than one caller wrote */
  | "unreadable" /** it was changed by an operation whose parameters are not known */;

/** Judges one key's operations in one stretch without gaps. */
export function judgeKey(
  operations: readonly Operation[],
  initial: Initial,
  by: DecideOptions & { readonly consistency: Consistency },
): KeyFinding {
  const { model, consistency, isFast } = by;
  const questions = ask(operations, { model, initial, consistency, isFast });
  if (questions === null) return { word: "undecided", broken: null, why: "several-writers" };
  let isUndecided = false;
  for (const question of questions) {
    const decision = decideFor(consistency)(question, by);
    if (decision.word === "violated") {
      return { word: "violated", broken: { question, decision }, why: null };
    }
    if (decision.word === "undecided") isUndecided = true;
  }
  if (!isUndecided) return { word: "holds", broken: null, why: null };
  const isOpen = initial.kind === "unknown" && model.register === null && by.budget.step();
  return { word: "undecided", broken: null, why: isOpen ? "first-state" : "limit" };
}

/** How questions of this consistency are answered. */
export function decideFor(
  consistency: Consistency,
): (question: Question, options: DecideOptions) => Decision {
  return consistency === "caller" ? decideOneCaller : decide;
}

function ask(
  operations: readonly Operation[],
  as: {
    readonly model: DecideOptions["model"];
    readonly initial: Initial;
    readonly consistency: Consistency;
    readonly isFast: boolean;
  },
): Iterable<Question> | null {
  const { model, initial, consistency, isFast } = as;
  switch (consistency) {
    case "linearizable":
      return [askLinearizable(operations, model, initial)];
    case "monotonic-reads":
      return askMonotonicReads(operations, model, initial);
    case "read-your-writes":
      return askReadYourWrites(operations, model, initial, isFast);
    case "caller":
      return askOneCaller(operations, model, initial);
  }
}
