import { SeededRng } from "../../packages/mesh/src/base/rng.ts";
import { checkContract } from "../../packages/mesh/src/contract/check-contract.ts";
import { kvs } from "../../packages/mesh/src/contract/definition/kvs.ts";
import {
  randomHistory,
  registerModel,
  registerShape,
} from "../../packages/mesh/src/contract/histories.fixture.ts";
import { sequentialModel } from "../../packages/mesh/src/contract/model.ts";
import type { Operation } from "../../packages/mesh/src/contract/operation.ts";
import type { SequentialModel } from "../../packages/mesh/src/contract/sequential.ts";
import type { VerdictWord } from "../../packages/mesh/src/contract/verdict.ts";
import { SystemClock } from "../../packages/mesh/src/net/system-clock.ts";
import { median } from "../measure/median.ts";
import { generateHistory, type HistoryShape } from "./history.ts";
import type { Porcupine, PorcupineAnswer } from "./porcupine.ts";

/** One history, judged by heddle with and without its fast path, and by Porcupine. */
export interface ComparisonRow {
  readonly name: string;
  readonly operations: number;
  readonly keys: number;
  readonly callers: number;
  readonly fast: Judged;
  /** Null: a search does not come to an end. */
  readonly searched: Judged | null;
  /** Null: not compared, for the same reason or for want of Porcupine. */
  readonly porcupine: Judged | null;
}

export interface Judged {
  readonly word: VerdictWord;
  readonly ms: number;
}

/** Small histories of which both must say the same. */
export interface Differential {
  readonly histories: number;
  readonly violated: number;
  /** Of these heddle and Porcupine say different things, with or without the fast path. */
  readonly different: readonly (readonly Operation[])[];
}

/** Judgements of each history; the median counts. */
const repeats = 3;
const timeoutMs = 60_000;
const kvsModel = sequentialModel(kvs, { key: "k", hashes: null });

export function compareShape(shape: HistoryShape, porcupine: Porcupine | null): ComparisonRow {
  const history = generateHistory(shape, 7);
  const { isSearchable } = shape;
  const theirs =
    (isSearchable ? porcupine : null)?.judge(Array(repeats).fill(history), timeoutMs) ?? null;
  return {
    name: shape.name,
    operations: history.length,
    keys: new Set(history.map(({ key }) => key)).size,
    callers: shape.callers,
    fast: repeated(() => judge(history, kvsModel, true)),
    searched: !isSearchable ? null : repeated(() => judge(history, kvsModel, false)),
    porcupine: theirs === null ? null : middle(theirs),
  };
}

export function compareSmall(count: number, porcupine: Porcupine): Differential {
  const rng = new SeededRng(17);
  const histories = Array.from({ length: count }, (_, index) =>
    answeredHistory(rng, registerShape(index % 3 === 0 ? 3 : 9)),
  );
  const theirs = porcupine.judge(histories, timeoutMs);
  const different = histories.filter((history, index) =>
    [true, false].some(
      (isFast) => judge(history, registerModel, isFast).word !== theirs[index]!.word,
    ),
  );
  const violated = theirs.filter(({ word }) => word === "violated").length;
  return { histories: count, violated, different };
}

/** One with an answer in it: where nothing was answered heddle says undecided, and Porcupine that it holds. */
function answeredHistory(
  rng: SeededRng,
  shape: Parameters<typeof randomHistory>[1],
): readonly Operation[] {
  for (;;) {
    const history = randomHistory(rng, shape);
    if (history.some(({ outcome }) => outcome.kind === "ok")) return history;
  }
}

function judge(operations: readonly Operation[], model: SequentialModel, isFast: boolean): Judged {
  const startMs = performance.now();
  const { verdict } = checkContract({
    contract: "default/kvs",
    service: "default/kvs",
    consistency: "linearizable",
    operations,
    model,
    initialOf: () => ({ kind: "empty" }),
    clock: new SystemClock(),
    isFast,
  });
  return { word: verdict, ms: performance.now() - startMs };
}

function repeated(judged: () => Judged): Judged {
  return middle(Array.from({ length: repeats }, judged));
}

/** Undecided where it was so once, for want of time. */
function middle(answers: readonly (Judged | PorcupineAnswer)[]): Judged {
  const words = new Set(answers.map(({ word }) => word));
  if (words.has("holds") && words.has("violated")) throw new Error("one history, two verdicts");
  const word = words.has("undecided") ? "undecided" : answers[0]!.word;
  return { word, ms: median(answers.map(({ ms }) => ms))! };
}
