import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { ProcessStart } from "@heddle/mesh/history/batch.ts";

/** Keys whose state a process took with it when it died. */
export interface Loss {
  readonly workload: string;
  readonly start: ProcessStart;
  readonly keys: readonly string[];
}

/**
 * Which of the violated keys were kept by a process that died meanwhile: it had answered for them before, and it, or
 * whoever took its place, after.
 */
export function lossesOf(
  violatedKeys: readonly string[],
  operations: readonly Operation[],
  starts: readonly ProcessStart[],
): readonly Loss[] {
  const violated = new Set(violatedKeys);
  const byKey = Map.groupBy(
    operations.filter(({ key }) => violated.has(key)),
    ({ key }) => key,
  );
  return starts
    .filter(({ restarts }) => restarts > 0)
    .map((start) => {
      const workload = start.workload.name;
      const keys = violatedKeys.filter((key) => {
        const asked = byKey.get(key) ?? [];
        const wasKept = asked.some(
          ({ answeredBy, startMs }) => answeredBy === workload && startMs < start.atMs,
        );
        return wasKept && asked.some(({ startMs }) => startMs >= start.atMs);
      });
      return { workload, start, keys };
    })
    .filter(({ keys }) => keys.length > 0);
}
