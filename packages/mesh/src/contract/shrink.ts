import { fingerprint } from "./fingerprint.ts";
import type { Obligation, Question } from "./obligation.ts";
import type { SequentialModel } from "./sequential.ts";

/**
 * The smallest part of a violated question that is violated for itself, in the order of starts.
 *
 * What is left out must not make a violation out of nothing: a read whose write was left out would seem to give a value from
 * nowhere. So nothing is left out altogether but reads. An update that is left out stays, as one that may have happened: it
 * may take effect at any time from its start on, or never. Whoever meets all obligations meets these weaker ones, so a
 * part that is violated is a violation of the whole, and the reader needs to know of no other operation to see it.
 *
 * First the end is sought, then the beginning, both by halving; a few are then tried alone and in pairs, many by delta
 * debugging (Zeller, 1999), down to a part of which no single one can be left out. To what is found the writes of the values that
 * were read are added, for the reader, as optional.
 *
 * `isViolated` says of a weaker question whether it surely is violated; it may say no for want of time, and the part is
 * then larger than it need be.
 */
export function shrink(
  question: Question,
  among: readonly Obligation[] | null,
  by: {
    readonly model: SequentialModel;
    readonly isViolated: (weaker: Question) => boolean;
  },
): readonly Obligation[] {
  const { model, isViolated } = by;
  const breaks = (kept: readonly Obligation[]): boolean =>
    isViolated({ ...question, asked: weaken(question.asked, new Set(kept), model) });

  const required = question.asked.filter(({ isRequired }) => isRequired);
  const start = among?.filter(({ isRequired }) => isRequired) ?? [];
  const whole = start.length > 0 && breaks(start) ? start : required;
  const ends = whole.toSorted((a, b) => a.endMs - b.endMs);
  const stretch = dropFirst(keepFirst(ends, breaks), breaks);
  const few = reduce(stretch, breaks);
  // The writes of what was read stand there in any case, so they may as well count. Updates come first, and are left out
  // last: what was read says less than what was put there.
  const isRead = ({ operation }: Obligation): number => (model.changes(operation.name) ? 0 : 1);
  const candidates = [...few, ...writesOf(few, required, model)].sort(
    (a, b) => isRead(a) - isRead(b),
  );
  const kept = smallest(candidates, breaks) ?? leaveOut(candidates, breaks);
  const shown = weaken(writesOf(kept, question.asked, model), new Set(), model);
  return [...kept, ...shown].sort((a, b) => a.operation.startMs - b.operation.startMs);
}

/** The question with the obligations that are not kept made as weak as they get. */
export function weaken(
  asked: readonly Obligation[],
  kept: ReadonlySet<Obligation>,
  model: SequentialModel,
): readonly Obligation[] {
  return asked.flatMap((each) => {
    if (kept.has(each) || !each.isRequired) return [each];
    if (!model.changes(each.operation.name)) return [];
    return [{ ...each, endMs: Infinity, isRequired: false, checksResult: false }];
  });
}

type Breaks = (kept: readonly Obligation[]) => boolean;

/** The shortest beginning that breaks. A longer one asks for more, so it breaks too: halving finds it. */
function keepFirst(all: readonly Obligation[], breaks: Breaks): readonly Obligation[] {
  let enough = all.length;
  let few = 0;
  while (enough - few > 1) {
    const middle = (enough + few) >> 1;
    if (breaks(all.slice(0, middle))) enough = middle;
    else few = middle;
  }
  return all.slice(0, enough);
}

/** The shortest end that breaks. */
function dropFirst(all: readonly Obligation[], breaks: Breaks): readonly Obligation[] {
  let droppable = 0;
  let many = all.length;
  while (many - droppable > 1) {
    const middle = (many + droppable) >> 1;
    if (breaks(all.slice(middle))) droppable = middle;
    else many = middle;
  }
  return all.slice(droppable);
}

/** Of so many at most every one and every pair is tried. */
const pairsAmongMax = 32;

/** Leaves out ever smaller pieces, down to what can be tried one by one. */
function reduce(all: readonly Obligation[], breaks: Breaks): readonly Obligation[] {
  let kept = all;
  for (let size = kept.length >> 1; size >= 1 && kept.length > pairsAmongMax; size >>= 1) {
    for (let from = kept.length - size; from > -size; from -= size) {
      const without = kept.toSpliced(Math.max(0, from), size + Math.min(0, from));
      if (without.length > 0 && breaks(without)) kept = without;
    }
  }
  return kept;
}

/** One that breaks alone, or two; null: there are none, or too many to try. */
function smallest(all: readonly Obligation[], breaks: Breaks): readonly Obligation[] | null {
  if (all.length > pairsAmongMax) return null;
  for (const one of all) if (breaks([one])) return [one];
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) if (breaks([one, other])) return [one, other];
  }
  return null;
}

/** Leaves out the last that can be left out, until none can. */
function leaveOut(all: readonly Obligation[], breaks: Breaks): readonly Obligation[] {
  let kept = all;
  for (let hasShrunk = true; hasShrunk; ) {
    hasShrunk = false;
    for (let index = kept.length - 1; index >= 0 && kept.length > 1; index--) {
      const without = kept.toSpliced(index, 1);
      if (!breaks(without)) continue;
      kept = without;
      hasShrunk = true;
    }
  }
  return kept;
}

/** The writes, not among `kept`, of the values that were read in it, of a register. */
function writesOf(
  kept: readonly Obligation[],
  asked: readonly Obligation[],
  { register }: SequentialModel,
): readonly Obligation[] {
  if (register === null) return [];
  const read = new Set(
    kept.flatMap(({ operation: { name, outcome } }) =>
      name === register.read && outcome.kind === "ok" ? [fingerprint(outcome.result)] : [],
    ),
  );
  const has = new Set(kept);
  return asked.filter(
    (each) =>
      each.operation.name === register.write &&
      !has.has(each) &&
      read.has(fingerprint(each.operation.args[register.valueIndex])),
  );
}
