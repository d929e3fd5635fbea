import { fingerprint } from "./fingerprint.ts";
import { updatesOf } from "./monotonic-reads.ts";
import { type Obligation, obligationOf, optional, type Question } from "./obligation.ts";
import type { Operation, Value } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/**
 * `read-your-writes` (Terry and others, 1994), per caller and key: each read of a caller is of a copy that has taken in
 * what this caller had updated before. Exactly, for each of its reads alone: there is an order of the read, at one moment
 * between its start and its end, of all the caller's updates that were answered before the read started, in the caller's
 * order, and of any others that started before the read ended, each at most once and wherever among them, in which the
 * read gives what the definition gives. What the updates answered does not matter.
 *
 * One question for each read that is not plainly right; `isFast` false: for each read.
 */
export function* askReadYourWrites(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial,
  isFast: boolean,
): Iterable<Question> {
  const updates = updatesOf(operations, model);
  const isPlain = isFast ? plainReads(operations, updates, { model, initial }) : () => false;
  for (const operation of operations) {
    if (model.changes(operation.name)) continue;
    const read = obligationOf(operation, model);
    if (read === null || isPlain(operation)) continue;
    const asked = updates
      .filter((update) => update.startMs <= operation.endMs)
      .map((update) => asUpdateFor(operation, update));
    yield { caller: operation.caller, asked: [...asked, read], initial };
  }
}

/**
 * The caller's own stand in its order; all others, being there in time, anywhere among them, as the copy came to know
 * them.
 */
function asUpdateFor(read: Operation, update: Operation): Obligation {
  if (!isOwnBefore(update, read.caller, read.startMs)) {
    return { ...optional(update), startMs: -Infinity };
  }
  const { startMs, endMs } = update;
  return { operation: update, startMs, endMs, isRequired: true, checksResult: false };
}

function isOwnBefore(update: Operation, caller: string, startMs: number): boolean {
  return update.caller === caller && update.outcome.kind === "ok" && update.endMs < startMs;
}

/**
 * Reads of a register that are right whatever else happened: what they gave was written by somebody else, or by the caller
 * itself and not followed by another of its writes, or was there before it wrote at all. O(log n) each.
 */
function plainReads(
  operations: readonly Operation[],
  updates: readonly Operation[],
  of: { readonly model: SequentialModel; readonly initial: Initial },
): (read: Operation) => boolean {
  const { model, initial } = of;
  const { register } = model;
  if (register === null || operations.some(({ name }) => !isOf(name, register))) return () => false;
  const byValue = Map.groupBy(updates, ({ args }) => fingerprint(args[register.valueIndex]));
  const lastStart = lastStartsOf(updates);
  const begins = (read: Operation, result: Value | undefined): boolean => {
    if (initial.kind === "unknown") return true;
    const step = model.step(model.empty, read.name, read.args);
    return step !== null && model.agrees(step.result, result);
  };
  return (read) => {
    if (read.outcome.kind !== "ok") return true;
    const { result } = read.outcome;
    const ownLastStartMs = lastStart(read.caller, read.startMs);
    if (ownLastStartMs === -Infinity && begins(read, result)) return true;
    return (byValue.get(fingerprint(result)) ?? []).some(
      (write) =>
        write.startMs <= read.endMs &&
        (!isOwnBefore(write, read.caller, read.startMs) || write.endMs >= ownLastStartMs),
    );
  };
}

function isOf(name: string, register: NonNullable<SequentialModel["register"]>): boolean {
  return name === register.read || name === register.write;
}

/** The latest start among a caller's updates that were answered before a time; -Infinity: there are none. */
function lastStartsOf(updates: readonly Operation[]): (caller: string, beforeMs: number) => number {
  const byCaller = new Map<string, { endMs: number; lastStartMs: number }[]>();
  const done = updates.filter(({ outcome }) => outcome.kind === "ok");
  for (const { caller, startMs, endMs } of done.sort((a, b) => a.endMs - b.endMs)) {
    const own = byCaller.get(caller);
    if (own === undefined) byCaller.set(caller, [{ endMs, lastStartMs: startMs }]);
    else own.push({ endMs, lastStartMs: Math.max(own.at(-1)!.lastStartMs, startMs) });
  }
  return (caller, beforeMs) => {
    const own = byCaller.get(caller) ?? [];
    let from = 0;
    let to = own.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (own[middle]!.endMs < beforeMs) from = middle + 1;
      else to = middle;
    }
    return own[from - 1]?.lastStartMs ?? -Infinity;
  };
}
