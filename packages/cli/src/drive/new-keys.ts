import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { SequentialModel } from "@heddle/mesh/contract/sequential.ts";

/** Keys that were as `empty` is, say all reads of them that were answered before the first update began. */
export function newKeysOf(
  operations: readonly Operation[],
  model: SequentialModel,
): ReadonlySet<string> {
  const isNew = new Map<string, boolean>();
  const firstUpdateMs = new Map<string, number>();
  for (const { key, name, startMs } of operations) {
    if (!model.changes(name)) continue;
    firstUpdateMs.set(key, Math.min(startMs, firstUpdateMs.get(key) ?? Number.POSITIVE_INFINITY));
  }
  for (const { key, name, args, outcome, endMs } of operations) {
    if (outcome.kind !== "ok" || model.changes(name)) continue;
    if (endMs >= (firstUpdateMs.get(key) ?? Number.POSITIVE_INFINITY)) continue;
    const empty = model.step(model.empty, name, args);
    const isAsEmpty = empty !== null && model.agrees(empty.result, outcome.result);
    isNew.set(key, isAsEmpty && isNew.get(key) !== false);
  }
  return new Set([...isNew].flatMap(([key, is]) => (is ? [key] : [])));
}
