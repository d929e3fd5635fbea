import type { Operation } from "./operation.ts";
import type { Initial } from "./sequential.ts";

/** Between these times the key may have been changed by operations that nobody recorded. Monotonic ms. */
export interface Cut {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stretch of a key's history without a gap. */
export interface Segment {
  readonly operations: readonly Operation[];
  readonly initial: Initial;
}

/**
 * Cuts a key's history where its record has gaps. After a gap the key begins unknown. An operation that was under way in
 * a gap, and one that may have happened before it, may have taken effect on either side or in between: on each side it is
 * one that may have happened, whatever it answered.
 */
export function segmentsOf(
  operations: readonly Operation[],
  initial: Initial,
  cuts: readonly Cut[],
): readonly Segment[] {
  if (cuts.length === 0) return [{ operations, initial }];
  const segments: Segment[] = [];
  let carried: readonly Operation[] = [];
  let rest = operations;
  let begins = initial;
  for (const { fromMs, toMs } of cuts.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const before = rest.filter(({ endMs }) => endMs < fromMs);
    const after = rest.filter(({ startMs, endMs }) => endMs >= fromMs && startMs > toMs);
    const across = rest
      .filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= toMs)
      .map(acrossGap);
    const here = [...carried, ...before];
    if (before.length > 0) segments.push({ operations: [...here, ...across], initial: begins });
    carried = [...here, ...across].filter(({ outcome }) => outcome.kind === "unknown");
    rest = after;
    begins = { kind: "unknown" };
  }
  segments.push({ operations: [...carried, ...rest], initial: begins });
  return segments;
}

function acrossGap(operation: Operation): Operation {
  if (operation.outcome.kind !== "ok") return operation;
  const outcome = { kind: "unknown", detail: "under way while nothing was recorded" } as const;
  return { ...operation, endMs: Infinity, outcome };
}
