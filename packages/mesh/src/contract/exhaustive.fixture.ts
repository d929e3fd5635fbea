import type { Operation } from "./operation.ts";
import type { SequentialModel } from "./sequential.ts";
import type { Consistency } from "./verdict.ts";

/**
 * The definitions of docs/decisions/0017 as they are written, by trying every order: shares no code with the checkers, and is
 * for histories of a few operations. `begins`: every state that the object may have begun in.
 */
export function keepsTo(
  consistency: Consistency,
  operations: readonly Operation[],
  model: SequentialModel,
  begins: readonly unknown[] = [model.empty],
): boolean {
  const happened = operations.filter(({ outcome }) => outcome.kind === "ok");
  const updates = operations.filter(
    ({ name, outcome }) =>
      model.changes(name) && (outcome.kind === "ok" || outcome.kind === "unknown"),
  );
  const maybe = updates.filter(({ outcome }) => outcome.kind === "unknown");
  const reads = happened.filter(({ name }) => !model.changes(name));
  const callers = [...new Set(operations.map(({ caller }) => caller))];
  const isOrdered = (must: readonly Item[], may: readonly Item[]): boolean =>
    begins.some((begin) => hasOrder(model, begin, must, may));
  switch (consistency) {
    case "linearizable":
      return isOrdered(happened.map(inItsInterval), maybe.map(fromItsStart));
    case "caller": {
      const writers = [...new Set(updates.map(({ caller }) => caller))];
      const judges = writers.length === 0 ? callers : writers;
      return judges.every((caller) => {
        const own = (each: Operation) => each.caller === caller;
        return isOrdered(
          happened.filter(own).map(inItsInterval),
          maybe.filter(own).map(fromItsStart),
        );
      });
    }
    case "monotonic-reads":
      return callers.every((caller) =>
        isOrdered(
          reads.filter((each) => each.caller === caller).map(inItsInterval),
          updates.map(fromItsStart),
        ),
      );
    case "read-your-writes":
      return reads.every((read) => {
        const isOwn = (each: Operation) =>
          each.caller === read.caller && each.outcome.kind === "ok" && each.endMs < read.startMs;
        const others = updates.filter((each) => !isOwn(each) && each.startMs <= read.endMs);
        return isOrdered(
          [
            ...updates.filter(isOwn).map((each) => ({ ...inItsInterval(each), isChecked: false })),
            inItsInterval(read),
          ],
          others.map((each) => ({ ...fromItsStart(each), fromMs: -Infinity })),
        );
      });
  }
}

interface Item {
  readonly operation: Operation;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isChecked: boolean;
}

function inItsInterval(operation: Operation): Item {
  return { operation, fromMs: operation.startMs, toMs: operation.endMs, isChecked: true };
}

function fromItsStart(operation: Operation): Item {
  return { operation, fromMs: operation.startMs, toMs: Infinity, isChecked: false };
}

/** `nowMs`: the earliest moment at which the next one may stand. */
function hasOrder(
  model: SequentialModel,
  state: unknown,
  must: readonly Item[],
  may: readonly Item[],
  nowMs = -Infinity,
): boolean {
  if (must.length === 0) return true;
  return [...must, ...may].some((item) => {
    if (item.toMs < nowMs) return false;
    const step = model.step(state, item.operation.name, item.operation.args);
    if (step === null) return false;
    const { outcome } = item.operation;
    if (item.isChecked && !(outcome.kind === "ok" && model.agrees(step.result, outcome.result))) {
      return false;
    }
    const without = (items: readonly Item[]) => items.filter((each) => each !== item);
    const laterMs = Math.max(nowMs, item.fromMs);
    return hasOrder(model, step.state, without(must), without(may), laterMs);
  });
}
