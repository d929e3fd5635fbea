import { updatesOf } from "./monotonic-reads.ts";
import type { Operation } from "./operation.ts";
import type { SequentialModel } from "./sequential.ts";

/**
 * Leaves out what the model cannot do, because parameters were not recorded or are none of its own. A read is simply not
 * judged. An update could have done anything from its start on, so what ended later is not judged either, and the rest is
 * not whole: a violation found in it stands, nothing else does.
 */
export function readable(
  operations: readonly Operation[],
  model: SequentialModel,
): { readonly known: readonly Operation[]; readonly isWhole: boolean } {
  const canDo = ({ name, args }: Operation) => model.step(model.empty, name, args) !== null;
  if (operations.every(canDo)) return { known: operations, isWhole: true };
  const known = operations.filter(canDo);
  const lost = updatesOf(operations, model).filter((each) => !canDo(each));
  if (lost.length === 0) return { known, isWhole: true };
  const fromMs = lost.reduce((earliest, { startMs }) => Math.min(earliest, startMs), Infinity);
  const judged = known.flatMap((each): Operation[] => {
    if (each.outcome.kind !== "ok" || each.endMs < fromMs) return [each];
    const outcome = { kind: "unknown", detail: "after an update that is not known" } as const;
    return model.changes(each.name) ? [{ ...each, endMs: Infinity, outcome }] : [];
  });
  return { known: judged, isWhole: false };
}
