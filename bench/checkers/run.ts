import { reasonOf } from "../rig/not-measured.ts";
import { type ComparisonRow, compareShape, compareSmall } from "./compare.ts";
import { Porcupine } from "./porcupine.ts";
import { barMs, shapes } from "./shapes.ts";
import { barMsOf, renderComparison } from "./table.ts";

/** Small histories that both judge. */
const smallHistories = 5000;

/**
 * Judges generated histories with heddle and with Porcupine and prints both. 0: the same verdicts, and the bar is met; 1: not.
 * Without Go heddle alone is measured, which is said.
 */
export function runCheckers(print: (text: string) => void): number {
  let porcupine: Porcupine | null = null;
  try {
    porcupine = Porcupine.build();
  } catch (thrown) {
    print(`checkers: not compared with Porcupine: ${reasonOf(thrown)}\n`);
  }
  try {
    const rows = shapes.map((shape) => compareShape(shape, porcupine));
    const small = porcupine === null ? null : compareSmall(smallHistories, porcupine);
    print(renderComparison(rows, small));
    for (const history of small?.different ?? []) print(`different: ${JSON.stringify(history)}\n`);
    const isSame = rows.every(areSame) && (small === null || small.different.length === 0);
    return isSame && barMsOf(rows) <= barMs ? 0 : 1;
  } finally {
    porcupine?.remove();
  }
}

export function areSame({ fast, searched, porcupine }: ComparisonRow): boolean {
  return [searched, porcupine].every((other) => other === null || other.word === fast.word);
}
