import { keyHash } from "@heddle/mesh/base/key-hash.ts";
import type { Rollout, RolloutSpec, RolloutStatus } from "@heddle/mesh/resource/heddle/rollout.ts";
import type { ConditionClaim } from "@heddle/mesh/resource/meta.ts";
import { parseDurationMs } from "@heddle/mesh/resource/schema/formats.ts";
import type { Happening } from "../status/events.ts";
import { type Figures, noFigures } from "./figures.ts";
import { formatWeights, isSame, percentOf, type Weights, weightsOf } from "./weights.ts";

/** Why there is nothing to step. */
export interface NoSplit {
  readonly reason: string;
  readonly message: string;
}

export interface RolloutInputs {
  readonly rollout: Rollout;
  /** What the split says now. */
  readonly split: Weights | NoSplit;
  /** Of the canary, in this step. */
  readonly figures: Figures;
  readonly nowWallMs: number;
}

/** A status without what the writer of statuses adds. */
export type RolloutState = Omit<RolloutStatus, "conditions" | "observedGeneration">;

export interface RolloutDecision {
  readonly state: RolloutState;
  readonly conditions: readonly ConditionClaim[];
  /** What the split shall say; null: what it says. */
  readonly write: Weights | null;
  /** What is being done, for the revision: `step 2 of 3, 25%`. */
  readonly doing: string;
  readonly happening: Happening | null;
  /** A step begins, or goes on after a rest: figures from before say nothing of it. */
  readonly isFresh: boolean;
}

/**
 * What becomes of a Rollout now. All it needs to know of its past is in the status, so that it makes no difference who
 * decides next, or when:
 *
 *   begin ─▶ step 1 ─▶ step 2 … ─▶ Promoted          each after its pause, with enough requests, within the thresholds
 *               └───────┴─▶ RolledBack                as soon as enough requests are beyond them
 *     Paused ◀─▶ any step: by its spec, or because somebody else changed the split
 */
export function decideRollout(inputs: RolloutInputs): RolloutDecision {
  const { rollout, split } = inputs;
  const { spec, status } = rollout;
  if ("reason" in split) return waitForSplit(inputs, split);
  if (status !== undefined && isOver(rollout)) return stay(status, finalClaim(status), {});
  if (spec.paused === true) {
    const state = isUnderWay(status) ? stateOf(status) : newState(inputs, split, "");
    const message = "It says paused: true. No step is taken, and nothing is judged.";
    return stay(state, notProgressing("Paused", message), { phase: "Paused" });
  }
  if (status?.plan !== planOf(spec)) return begin(inputs, split);
  if (!isSame(split, status.written)) return standAside(inputs, status, split);
  if (status.phase !== "Progressing") return resume(inputs, status);
  return judge(inputs, status);
}

/** Has it come to its end, with the schedule that it has now? */
export function isOver({ spec, status }: Rollout): boolean {
  return status?.plan === planOf(spec) && !isUnderWay(status);
}

/** What a Rollout was begun with; thresholds may change on the way. */
export function planOf({ targetRef, stable, canary, steps }: RolloutSpec): string {
  const parts = [targetRef.kind, targetRef.name, targetRef.sectionName ?? "", stable, canary];
  const text = JSON.stringify([parts, steps.map(({ weight, pause }) => [weight, pause])]);
  return keyHash(text).toString(16).padStart(8, "0");
}

/** Of figures and thresholds; null: nothing is wrong. */
export function breachOf(
  { requests, success, p99Ms }: Figures,
  { minSuccess, maxLatencyP99, minRequests }: Limits,
): string | null {
  if (requests < minRequests) return null;
  if (success !== null && success < minSuccess) {
    return `success ${percent(success)} of ${requests} requests, below ${percent(minSuccess)}`;
  }
  if (p99Ms !== null && maxLatencyP99 !== null && p99Ms > maxLatencyP99) {
    return `p99 ${ms(p99Ms)} of ${requests} requests, above ${ms(maxLatencyP99)}`;
  }
  return null;
}

/** Thresholds, with the defaults of the resource. */
export interface Limits {
  /** 0 to 1. */
  readonly minSuccess: number;
  /** Null: any. */
  readonly maxLatencyP99: number | null;
  readonly minRequests: number;
}

export function limitsOf({ thresholds = {} }: RolloutSpec): Limits {
  const { minSuccess = "99%", maxLatencyP99, minRequests = 20 } = thresholds;
  return {
    minSuccess: Number.parseFloat(minSuccess) / 100,
    maxLatencyP99: maxLatencyP99 === undefined ? null : parseDurationMs(maxLatencyP99),
    minRequests,
  };
}

function isUnderWay(status: RolloutStatus | undefined): status is RolloutStatus {
  return status !== undefined && status.phase !== "RolledBack" && status.phase !== "Promoted";
}

function begin(inputs: RolloutInputs, split: Weights): RolloutDecision {
  const { spec, status } = inputs.rollout;
  const plan = planOf(spec);
  // Changed on its way, it goes back to where the first one came from.
  const isOnItsWay = isUnderWay(status) && isSame(split, status.written);
  const startedFrom = isOnItsWay ? status.startedFrom : split;
  const state = newState(inputs, split, plan);
  return enter(inputs, { ...state, startedFrom }, 0, split);
}

/** A step begins: the split says its weight. */
function enter(
  inputs: RolloutInputs,
  before: RolloutState,
  step: number,
  split: Weights,
): RolloutDecision {
  const { spec } = inputs.rollout;
  const { weight } = spec.steps[step]!;
  const written = weightsOf(weight);
  const doing = stepWords(spec, step);
  return {
    state: {
      ...withFigures(before, noFigures),
      phase: "Progressing",
      step,
      weight,
      written,
      stepStartedAt: at(inputs.nowWallMs),
    },
    conditions: [
      acceptedClaim,
      progressing("Stepped", `${spec.canary} gets ${weight}%: ${doing}.`),
    ],
    write: isSame(written, split) ? null : written,
    doing,
    happening: {
      type: "Normal",
      reason: "Stepped",
      message: `${doing} to ${spec.canary}${before.requests === 0 ? "" : `, after ${figuresText(before)}`}`,
    },
    isFresh: true,
  };
}

function judge(inputs: RolloutInputs, status: RolloutStatus): RolloutDecision {
  const { rollout, figures, nowWallMs, split } = inputs;
  const { steps, canary } = rollout.spec;
  const limits = limitsOf(rollout.spec);
  const breach = breachOf(figures, limits);
  const state = withFigures(stateOf(status), figures);
  if (breach !== null) return rollBack(inputs, state, breach);
  const { weight, pause = "60s" } = steps[status.step]!;
  const leftMs = Date.parse(status.stepStartedAt) + (parseDurationMs(pause) ?? 0) - nowWallMs;
  const doing = stepWords(rollout.spec, status.step);
  const wait = (reason: string, message: string): RolloutDecision => ({
    state: { ...state, phase: "Progressing" },
    conditions: [acceptedClaim, progressing(reason, message)],
    write: null,
    doing,
    happening: null,
    isFresh: false,
  });
  if (leftMs > 0) return wait("Stepped", `${canary} gets ${weight}%: ${doing}, for ${pause}.`);
  // A step that gives it nothing has nothing to wait for.
  if (weight > 0 && figures.requests < limits.minRequests) {
    return wait(
      "TooFewRequests",
      `${doing}: ${canary} has to answer ${limits.minRequests} requests before it is judged.`,
    );
  }
  if (status.step + 1 < steps.length)
    return enter(inputs, state, status.step + 1, split as Weights);
  return promote(inputs, state);
}

function promote({ rollout, split }: RolloutInputs, before: RolloutState): RolloutDecision {
  const { canary } = rollout.spec;
  const written = weightsOf(100);
  const state: RolloutState = { ...before, phase: "Promoted", weight: 100, written };
  return {
    state,
    conditions: [acceptedClaim, finalClaim(state)],
    write: isSame(written, split as Weights) ? null : written,
    doing: `promoted, 100% to ${canary}`,
    happening: {
      type: "Normal",
      reason: "Promoted",
      message: `${canary} gets everything, after ${figuresText(before)}`,
    },
    isFresh: true,
  };
}

function rollBack(
  { rollout, split }: RolloutInputs,
  before: RolloutState,
  breach: string,
): RolloutDecision {
  const { canary, steps } = rollout.spec;
  const written = before.startedFrom;
  const weight = percentOf(written);
  const where = `in step ${before.step + 1} of ${steps.length} (${before.weight}%)`;
  const message = `${canary} ${where}: ${breach}. Back to ${formatWeights(written)}.`;
  return {
    state: { ...before, phase: "RolledBack", weight, written },
    conditions: [acceptedClaim, notProgressing("RolledBack", message)],
    write: isSame(written, split as Weights) ? null : written,
    doing: `rolled back to ${formatWeights(written)}: ${breach}`,
    happening: { type: "Warning", reason: "RolledBack", message },
    isFresh: true,
  };
}

/** Somebody else changed the split: theirs is the last word, until it says again what was written. */
function standAside(inputs: RolloutInputs, status: RolloutStatus, split: Weights): RolloutDecision {
  const { stable, canary } = inputs.rollout.spec;
  const message = `Somebody changed the split: ${stable}:${canary} is ${formatWeights(split)}, and this Rollout wrote ${formatWeights(status.written)}. It goes on once that is back, or begins anew with a changed schedule.`;
  const decision = stay(stateOf(status), notProgressing("SplitChanged", message), {
    phase: "Paused",
    weight: percentOf(split),
  });
  if (status.phase === "Paused") return decision;
  return { ...decision, happening: { type: "Warning", reason: "SplitChanged", message } };
}

/** After a rest the step is watched for its whole pause again. */
function resume(inputs: RolloutInputs, status: RolloutStatus): RolloutDecision {
  const { spec } = inputs.rollout;
  const { weight } = spec.steps[status.step]!;
  const doing = stepWords(spec, status.step);
  const state = { ...stateOf(status), stepStartedAt: at(inputs.nowWallMs), weight };
  return {
    state: { ...withFigures(state, noFigures), phase: "Progressing" },
    conditions: [acceptedClaim, progressing("Resumed", `It goes on with ${doing}.`)],
    write: null,
    doing,
    happening: { type: "Normal", reason: "Resumed", message: `goes on with ${doing}` },
    isFresh: true,
  };
}

function waitForSplit(inputs: RolloutInputs, refusal: NoSplit): RolloutDecision {
  const nothing = { stable: 0, canary: 0 };
  const { status } = inputs.rollout;
  const state = status === undefined ? newState(inputs, nothing, "") : stateOf(status);
  // What is over stays over, whatever becomes of the route.
  const isOver = status?.phase === "RolledBack" || status?.phase === "Promoted";
  const { reason, message } = refusal;
  return {
    state: isOver ? state : { ...state, phase: "Pending" },
    conditions: [
      { type: "Accepted", status: "False", reason, message },
      isOver ? finalClaim(state) : notProgressing("Pending", "There is nothing to step."),
    ],
    write: null,
    doing: "",
    happening: null,
    isFresh: true,
  };
}

function stay(
  state: RolloutState | RolloutStatus,
  claim: ConditionClaim,
  change: Partial<RolloutState>,
): RolloutDecision {
  return {
    state: { ...stateOf(state), ...change },
    conditions: [acceptedClaim, claim],
    write: null,
    doing: "",
    happening: null,
    isFresh: change.phase !== undefined,
  };
}

function newState({ nowWallMs }: RolloutInputs, split: Weights, plan: string): RolloutState {
  return {
    phase: "Pending",
    step: 0,
    weight: percentOf(split),
    stepStartedAt: at(nowWallMs),
    startedFrom: split,
    written: split,
    plan,
    requests: 0,
  };
}

function stateOf(status: RolloutState | RolloutStatus): RolloutState {
  const { conditions: _, observedGeneration: __, ...state } = status as RolloutStatus;
  return state;
}

function withFigures(state: RolloutState, { requests, success, p99Ms }: Figures): RolloutState {
  const { success: _, latencyP99: __, ...rest } = state;
  return {
    ...rest,
    requests,
    ...(success === null ? {} : { success: percent(success) }),
    ...(p99Ms === null ? {} : { latencyP99: ms(p99Ms) }),
  };
}

const acceptedClaim: ConditionClaim = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "Accepted.",
};

function progressing(reason: string, message: string): ConditionClaim {
  return { type: "Progressing", status: "True", reason, message };
}

function notProgressing(reason: string, message: string): ConditionClaim {
  return { type: "Progressing", status: "False", reason, message };
}

/** What is said of one that is over, for as long as it stays so. */
function finalClaim(state: RolloutState | RolloutStatus): ConditionClaim {
  const known = (state as RolloutStatus).conditions?.find(({ type }) => type === "Progressing");
  if (known !== undefined && known.reason === state.phase) {
    const { type, status, reason, message } = known;
    return { type, status, reason, message };
  }
  return notProgressing(state.phase, `It is over, after ${figuresText(state)}.`);
}

/** `step 2 of 3, 25%` */
function stepWords({ steps }: RolloutSpec, step: number): string {
  return `step ${step + 1} of ${steps.length}, ${steps[step]!.weight}%`;
}

function figuresText({ requests, success, latencyP99 }: RolloutState): string {
  const p99 = latencyP99 === undefined ? "" : `, p99 ${latencyP99}`;
  return `${requests} requests${success === undefined ? "" : `, success ${success}`}${p99}`;
}

function at(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}ms`;
}
