import type { Clock } from "../base/clock.ts";
import { expectedAnswer } from "./expected.ts";
import { decideFor, judgeKey, type KeyFinding, type UndecidedWhy } from "./judge-key.ts";
import type { Obligation } from "./obligation.ts";
import type { Operation } from "./operation.ts";
import { readable } from "./readable.ts";
import { SearchBudget, type SearchLimits, searchLimits } from "./search-budget.ts";
import { type Cut, segmentsOf } from "./segments.ts";
import type { Initial, SequentialModel } from "./sequential.ts";
import { shrink } from "./shrink.ts";
import type { Consistency, Counterexample, Verdict } from "./verdict.ts";

/** A history to be judged, and by what. */
export interface ContractCheck {
  /** Names, for the verdict. */
  readonly contract: string;
  readonly service: string;
  readonly consistency: Consistency;
  /** In any order. Their times are monotonic ms of one boot of one host. */
  readonly operations: readonly Operation[];
  readonly model: SequentialModel;
  readonly initialOf: (key: string) => Initial;
  /** Gaps in the record of a key. Default: none. */
  readonly cutsOf?: (key: string) => readonly Cut[];
  /** Wall minus monotonic ms, for the window. Default 0. */
  readonly wallOffsetMs?: number;
  readonly clock: Clock;
  readonly limits?: Partial<CheckLimits>;
  /** Unique values of a register without a search. Default true; false only to compare. */
  readonly isFast?: boolean;
  /** The axiom that a counterexample breaks, as written; null: no single one. Default: none is named. */
  readonly axiomOf?: (counterexample: Counterexample) => string | null;
  /** What the reader of the record knows that the verdict rests on, in words. */
  readonly assumptions?: readonly string[];
}

/** How much a check may spend. Beyond it a key is undecided, and a counterexample larger than it need be. */
export interface CheckLimits extends SearchLimits {
  /** All keys, in ms. Default 60 s. */
  readonly checkTimeMaxMs: number;
  /** Looking for the smallest counterexample, in ms, after that. Default 5 s. */
  readonly shrinkTimeMaxMs: number;
}

export const checkLimits: CheckLimits = {
  ...searchLimits,
  checkTimeMaxMs: 60_000,
  shrinkTimeMaxMs: 5_000,
};

/**
 * Judges a contract on a history, key by key: violated if any key is, else undecided if any is, else it holds. Operations
 * that a proxy answered did not happen, and are only counted. One that the process refused did not happen either, and
 * is a violation by itself: operations of a definition are total. docs/decisions/0017 says what each consistency means.
 */
export function checkContract(check: ContractCheck): Verdict {
  const keys = [...Map.groupBy(check.operations, ({ key }) => key)].map(([key, operations]) => ({
    key,
    operations,
  }));
  const limits = { ...checkLimits, ...check.limits };
  const untilMs = check.clock.monotonicMs() + limits.checkTimeMaxMs;
  const judged = keys.map((one) => {
    const budget = new SearchBudget(limits, check.clock, untilMs);
    return { ...one, ...judge(one.key, one.operations, budget, check) };
  });
  const unjudged = judged.reduce((sum, one) => sum + one.unjudged, 0);
  const violated = judged.filter(({ findings }) => findings.some(isViolated));
  const undecided = judged.filter(
    ({ findings }) =>
      !findings.some(isViolated) && findings.some(({ word }) => word === "undecided"),
  );
  const counterexample = smallestCounterexample(violated, check, limits);
  const count = (kind: Operation["outcome"]["kind"]): number =>
    check.operations.filter(({ outcome }) => outcome.kind === kind).length;
  const observed = check.operations.filter(({ isObserved }) => isObserved).length;
  // Where no answer was judged, because of gaps or since there was none, it says nothing of the service.
  const isNothing = check.operations.length > 0 && unjudged === count("ok");
  const isUndecided = undecided.length > 0 || isNothing;
  return {
    verdict: violated.length > 0 ? "violated" : isUndecided ? "undecided" : "holds",
    contract: check.contract,
    service: check.service,
    consistency: check.consistency,
    operations: check.operations.length,
    keys: keys.length,
    callers: new Set(check.operations.map(({ caller }) => caller)).size,
    window: windowOf(check.operations, check.wallOffsetMs ?? 0),
    observed,
    inferred: check.operations.length - observed,
    unknown: count("unknown"),
    refused: count("refused"),
    absent: count("absent"),
    violatedKeys: violated.map(({ key }) => key).sort(byKey),
    undecidedKeys: undecided.map(({ key }) => key).sort(byKey),
    assumptions: [...(check.assumptions ?? []), ...assumptionsOf(judged, check, unjudged)],
    ...(counterexample === null ? {} : { counterexample }),
  };
}

/** A finding of one stretch of a key, or the refusals of the whole key. */
type Finding = KeyFinding & { readonly refusal?: Operation; readonly initial: Initial };

interface Judged {
  readonly key: string;
  readonly operations: readonly Operation[];
  readonly findings: readonly Finding[];
  /** How many operations were answered and may have taken effect on either side of a gap, so that their answers are not asked. */
  readonly unjudged: number;
}

const isViolated = ({ word }: Finding): boolean => word === "violated";

function judge(
  key: string,
  operations: readonly Operation[],
  budget: SearchBudget,
  check: ContractCheck,
): Pick<Judged, "findings" | "unjudged"> {
  const { model, consistency, isFast = true } = check;
  const initial = check.initialOf(key);
  const findings: Finding[] = [];
  const refusal = operations.find(({ outcome }) => outcome.kind === "refused");
  if (refusal !== undefined) {
    findings.push({ word: "violated", broken: null, why: null, refusal, initial });
  }
  let unjudged = operations.filter(isAnswered).length;
  for (const segment of segmentsOf(operations, initial, check.cutsOf?.(key) ?? [])) {
    unjudged -= segment.operations.filter(isAnswered).length;
    const by = { model, consistency, isFast, budget };
    const { known, isWhole } = readable(segment.operations, model);
    const finding = judgeKey(known, segment.initial, by);
    const isSure = isWhole || finding.word === "violated";
    findings.push({
      ...(isSure ? finding : { word: "undecided", broken: null, why: "unreadable" }),
      initial: segment.initial,
    });
  }
  return { findings, unjudged };
}

const isAnswered = ({ outcome }: Operation): boolean => outcome.kind === "ok";

/** The counterexample with the fewest operations, as far as the time for it goes. */
function smallestCounterexample(
  violated: readonly Judged[],
  check: ContractCheck,
  limits: CheckLimits,
): Counterexample | null {
  const untilMs = check.clock.monotonicMs() + limits.shrinkTimeMaxMs;
  const order = violated.toSorted(
    (a, b) => a.operations.length - b.operations.length || byKey(a.key, b.key),
  );
  let best: Counterexample | null = null;
  let left = tellingMax;
  for (const { key, operations, findings } of order) {
    if (best !== null && (left === 0 || check.clock.monotonicMs() > untilMs)) break;
    for (const finding of findings.filter(isViolated)) {
      const made = counterexampleOf(finding, { key, from: operations.length, check, untilMs });
      const found = { ...made, axiom: check.axiomOf?.(made) ?? null };
      if (best === null || isBetter(found, best)) best = found;
    }
    if (best === null || best.operations.length > fewOperations) continue;
    if (check.axiomOf === undefined || (best.axiom !== null && best.others === 0)) break;
    left--;
  }
  return best;
}

/** Fewer operations; of as few, one that says which axiom it breaks, and that needs least besides. */
function isBetter(found: Counterexample, best: Counterexample): boolean {
  const rank = ({ operations, axiom, others = 0 }: Counterexample) =>
    [operations.length, axiom === null ? 1 : 0, others] as const;
  const [one, other] = [rank(found), rank(best)];
  const differs = one.findIndex((value, at) => value !== other[at]);
  return differs !== -1 && one[differs]! < other[differs]!;
}

/** Of as few operations as there may be, so many more are looked at for one that says it plainly. */
const tellingMax = 8;

/** For each part that is tried, so that a hard one does not take the time of all others. */
const shrinkStepsMax = 300_000;

/** An update and a read: no smaller one is looked for. */
const fewOperations = 2;

function counterexampleOf(
  { broken, refusal, initial }: Finding,
  of: {
    readonly key: string;
    readonly from: number;
    readonly check: ContractCheck;
    readonly untilMs: number;
  },
): Counterexample {
  const { key, from, check, untilMs } = of;
  if (broken === null) {
    const operations = refusal === undefined ? [] : [refusal];
    return { key, caller: null, operations, from, expected: null, axiom: null };
  }
  const { model, consistency, isFast = true, clock } = check;
  const { question, decision } = broken;
  const limits = { ...checkLimits, ...check.limits };
  const asked: readonly Obligation[] = shrink(question, decision.among, {
    model,
    isViolated: (weaker) => {
      const few = { ...limits, stepsMax: Math.min(limits.stepsMax, shrinkStepsMax) };
      const budget = new SearchBudget(few, clock, untilMs);
      return decideFor(consistency)(weaker, { model, isFast, budget }).word === "violated";
    },
  });
  const expected = expectedAnswer(asked, model, initial);
  const lastMs = Math.max(...asked.map(({ operation }) => operation.endMs));
  const shown = new Set(asked.map(({ operation }) => operation));
  const others = question.asked.filter(
    ({ operation }) =>
      model.changes(operation.name) && !shown.has(operation) && operation.startMs <= lastMs,
  );
  return {
    key,
    caller: question.caller,
    operations: asked.map(({ operation }) => operation),
    from,
    expected:
      expected === null ? null : { operation: expected.operation.id, value: expected.value },
    others: model.register === null ? others.length : 0,
    axiom: null,
  };
}

function windowOf(operations: readonly Operation[], offsetMs: number): Verdict["window"] {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const { startMs, endMs } of operations) {
    fromMs = Math.min(fromMs, startMs);
    toMs = Math.max(toMs, Number.isFinite(endMs) ? endMs : startMs);
  }
  if (operations.length === 0) return { fromWallMs: 0, toWallMs: 0 };
  return { fromWallMs: fromMs + offsetMs, toWallMs: toMs + offsetMs };
}

const reasons: Readonly<Record<UndecidedWhy, string>> = {
  limit: "undecided: the search came to its limit",
  "first-state":
    "undecided: what it was before the record began is not known, and no first state that was tried explains it",
  "several-writers":
    "undecided: several callers wrote it, and `caller` judges only keys with one writer",
  unreadable: "undecided: it was changed by an operation whose parameters were not recorded",
};

function assumptionsOf(
  judged: readonly Judged[],
  check: ContractCheck,
  unjudged: number,
): readonly string[] {
  const { model, consistency, operations } = check;
  const said: string[] = [];
  const keys = (count: number): string => (count === 1 ? "1 key" : `${count} keys`);
  for (const [why, words] of Object.entries(reasons)) {
    const count = judged.filter(({ findings }) => findings.some((each) => each.why === why)).length;
    if (count > 0) said.push(`${keys(count)} ${words}`);
  }
  const unknown = judged.filter(({ findings }) =>
    findings.some(({ initial }) => initial.kind === "unknown"),
  ).length;
  if (unknown > 0) said.push(`${keys(unknown)} began unknown: what was read first was taken as so`);
  const isUnanswered = operations.length > 0 && !operations.some(isAnswered);
  if (isUnanswered) said.push("undecided: no operation was answered as the definition says");
  if (unjudged > 0) {
    const what = unjudged === 1 ? "1 operation" : `${unjudged} operations`;
    said.push(
      `${what} about which a gap or the beginning of the record may hide others are not judged`,
    );
  }
  const isAboutReads = consistency === "monotonic-reads" || consistency === "read-your-writes";
  if (
    isAboutReads &&
    operations.length > 0 &&
    operations.every(({ name }) => model.changes(name))
  ) {
    said.push(`${consistency} is about reads, and no operation only reads`);
  }
  return said;
}

/** Numbers by their value, before all others. */
function byKey(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y) && x !== y) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}
