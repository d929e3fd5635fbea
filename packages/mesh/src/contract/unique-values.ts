import { fingerprint } from "./fingerprint.ts";
import type { Obligation, Question } from "./obligation.ts";
import type { Value } from "./operation.ts";
import type { SequentialModel } from "./sequential.ts";

/** What a register's history of unique values came to. */
export type UniqueValuesFinding =
  | { readonly word: "holds" }
  /** `among`: some of the obligations, which cannot be met together, whatever else was written. */
  | { readonly word: "violated"; readonly among: readonly Obligation[] };

/**
 * Judges a register's history without a search, in O(n log n), where each value that was read was written once (Gibbons and
 * Korach, "Testing shared memories", 1997). Null where it cannot say: the model is no register, a value that was read may
 * have come from two writes, or what the register held before the record began may be one of the values written in it.
 *
 * The write of a value and its reads are a cluster. Nothing may stand between them, so an order of clusters is an order
 * of the operations: cluster A comes before B where an operation of A ends before one of B starts, which is where the first
 * end of A is before the last start of B. Such an order exists unless two clusters each come before the other.
 */
export function judgeUniqueValues(
  question: Question,
  model: SequentialModel,
): UniqueValuesFinding | null {
  if (model.register === null) return null;
  const clusters = gather(question, model);
  return clusters === null ? null : judge(clusters, question, model);
}

/** The write of one value and its reads. */
class Cluster {
  /** Null: it was read and nobody wrote it. */
  write: Obligation | null = null;
  isInitial = false;
  /** Some read of it. */
  read: Obligation | null = null;
  /** The one that ends first, and the one that starts last. */
  first: Obligation;
  last: Obligation;

  constructor(one: Obligation) {
    this.first = one;
    this.last = one;
  }

  add(one: Obligation): void {
    if (one.endMs < this.first.endMs) this.first = one;
    if (one.startMs > this.last.startMs) this.last = one;
  }

  /** The initial value was written before anything. */
  get firstEndMs(): number {
    return this.isInitial ? -Infinity : this.first.endMs;
  }

  get lastStartMs(): number {
    return this.last.startMs;
  }
}

function gather(question: Question, model: SequentialModel): readonly Cluster[] | null {
  const { read, write, valueIndex } = model.register!;
  const byValue = new Map<Value | undefined, Cluster>();
  const writes: Obligation[] = [];
  for (const asked of question.asked) {
    const { name, outcome } = asked.operation;
    if (name === write) writes.push(asked);
    if (name === write) continue;
    if (name !== read) return null;
    if (!asked.isRequired || !asked.checksResult || outcome.kind !== "ok") continue;
    const value = mapKey(outcome.result);
    const cluster = byValue.get(value);
    if (cluster === undefined) {
      const made = new Cluster(asked);
      made.read = asked;
      byValue.set(value, made);
    } else {
      cluster.add(asked);
    }
  }
  const unread: Cluster[] = [];
  for (const asked of writes) {
    const cluster = byValue.get(mapKey(asked.operation.args[valueIndex]));
    if (cluster !== undefined) {
      if (cluster.write !== null) return null;
      cluster.write = asked;
      cluster.add(asked);
    } else if (asked.isRequired) {
      const made = new Cluster(asked);
      made.write = asked;
      unread.push(made);
    }
  }
  return [...byValue.values(), ...unread];
}

/** A Map finds equal texts and numbers; lists and big integers, which may equal numbers, by their text. */
function mapKey(value: Value | undefined): Value | undefined {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return typeof value === "object" && value !== null ? `[]${fingerprint(value)}` : value;
}

function judge(
  clusters: readonly Cluster[],
  question: Question,
  model: SequentialModel,
): UniqueValuesFinding | null {
  const initial = findInitial(clusters, question, model);
  if (initial === "unsure") return null;
  // What was there before is known, or was read and is no value of the record's.
  const isSure = question.initial.kind === "empty" || initial !== null;
  const found = contradiction(clusters, initial);
  if (found === null) return { word: "holds" };
  if (!isSure) return null;
  // That it held something else before is what makes it sure.
  const evidence = question.initial.kind === "unknown" ? [initial!.read!] : [];
  return { word: "violated", among: [...new Set([...found, ...evidence])] };
}

/** The cluster of what the register held at first; null: nobody read it. */
function findInitial(
  clusters: readonly Cluster[],
  question: Question,
  model: SequentialModel,
): Cluster | null | "unsure" {
  const { write, valueIndex } = model.register!;
  let initial: Cluster | null = null;
  let unwritten = 0;
  for (const cluster of clusters) {
    if (cluster.read === null) continue;
    const { operation } = cluster.read;
    const value = operation.outcome.kind === "ok" ? operation.outcome.result : undefined;
    if (question.initial.kind === "empty") {
      const step = model.step(model.empty, operation.name, operation.args);
      if (step !== null && model.agrees(step.result, value)) {
        if (cluster.write !== null || initial !== null) return "unsure";
        initial = cluster;
        initial.isInitial = true;
        continue;
      }
    }
    // One value that nobody wrote settles it, two where the first may have been there before.
    if (cluster.write !== null || unwritten > (question.initial.kind === "empty" ? 0 : 1)) continue;
    // Nobody wrote it, unless it is spelled otherwise there.
    const isWritten = question.asked.some(
      (asked) =>
        asked.operation.name === write && model.agrees(asked.operation.args[valueIndex], value),
    );
    if (isWritten) return "unsure";
    unwritten++;
    if (question.initial.kind === "unknown" && initial === null) {
      initial = cluster;
      initial.isInitial = true;
    }
  }
  return initial;
}

/** Obligations that cannot be met together; null: all can. */
function contradiction(
  clusters: readonly Cluster[],
  initial: Cluster | null,
): readonly Obligation[] | null {
  for (const { write, isInitial, first, read } of clusters) {
    if (isInitial) continue;
    if (write === null) return [read!]; // a value from nowhere
    if (first.endMs < write.startMs) return [first, write]; // read before it was written
  }
  if (initial !== null) {
    const other = earliestOver(clusters, initial);
    if (other !== null) return other;
  }
  return crossing(clusters.filter((cluster) => cluster !== initial));
}

/** The initial value was read after something else had been written, or seen: the shortest story first. */
function earliestOver(
  clusters: readonly Cluster[],
  initial: Cluster,
): readonly Obligation[] | null {
  const stale = initial.last;
  let seen: Obligation | null = null;
  for (const { write, first, isInitial } of clusters) {
    if (isInitial) continue;
    if (write?.isRequired && write.endMs < stale.startMs) return [write, stale];
    if (first.endMs < stale.startMs) seen = first;
  }
  return seen === null ? null : [seen, stale];
}

/**
 * Two clusters that each come before the other. With its first end before its last start a cluster must reach over the time
 * between: no two such may overlap, and none of the others, free to be anywhere from their last start to their first end,
 * may lie within one.
 */
function crossing(clusters: readonly Cluster[]): readonly Obligation[] | null {
  const reaching = clusters
    .filter((cluster) => cluster.firstEndMs < cluster.lastStartMs)
    .sort((a, b) => a.firstEndMs - b.firstEndMs);
  for (let index = 1; index < reaching.length; index++) {
    const before = reaching[index - 1]!;
    const after = reaching[index]!;
    if (after.firstEndMs < before.lastStartMs) return obligationsOf(before, after);
  }
  for (const free of clusters) {
    if (free.firstEndMs < free.lastStartMs) continue;
    const around = lastBefore(reaching, free.lastStartMs);
    if (around !== null && free.firstEndMs < around.lastStartMs) return obligationsOf(around, free);
  }
  return null;
}

/** Of clusters in the order of their first ends, the last that ends before `startMs`. */
function lastBefore(clusters: readonly Cluster[], startMs: number): Cluster | null {
  let from = 0;
  let to = clusters.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (clusters[middle]!.firstEndMs < startMs) from = middle + 1;
    else to = middle;
  }
  return clusters[from - 1] ?? null;
}

function obligationsOf(a: Cluster, b: Cluster): readonly Obligation[] {
  const all = [a, b].flatMap(({ write, first, last }) => [write, first, last]);
  return [...new Set(all.filter((each) => each !== null))];
}
