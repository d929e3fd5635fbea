import { obligationOf, optional, type Question } from "./obligation.ts";
import type { Operation } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/**
 * `monotonic-reads` (Terry and others, 1994), per caller and key: the caller's reads could all be of one copy, which
 * takes in updates one after the other and forgets none. Exactly: there is an order of the caller's reads, each at one
 * moment between its start and its end, and of any updates by anybody, each at most once, at any moment from its start on,
 * in which every read gives what the definition gives. The caller's own updates need not be seen, updates may be taken in
 * in any order, and what an update answered does not matter: another copy may have answered it.
 *
 * So what has been seen may be replaced by something newer or older, but what was replaced does not come back.
 */
export function askMonotonicReads(
  operations: readonly Operation[],
  model: SequentialModel,
  initial: Initial,
): readonly Question[] {
  const updates = updatesOf(operations, model).map(optional);
  const reads = operations
    .filter(({ name }) => !model.changes(name))
    .map((read) => obligationOf(read, model))
    .filter((each) => each !== null);
  const readsBy = Map.groupBy(reads, ({ operation }) => operation.caller);
  return Array.from(readsBy, ([caller, own]) => ({
    caller,
    asked: [...updates, ...own],
    initial,
  }));
}

/** Those that changed the object, or may have. */
export function updatesOf(
  operations: readonly Operation[],
  model: SequentialModel,
): readonly Operation[] {
  return operations.filter(
    ({ name, outcome }) =>
      model.changes(name) && (outcome.kind === "ok" || outcome.kind === "unknown"),
  );
}
