import type { Clock } from "../base/clock.ts";
import type { Workload } from "./workload.ts";

/** How long exchanges in flight may take to finish when a proxy ends, in ms. */
export const drainGraceMs = 10_000;

/**
 * Lets a workload end in order: it accepts no new connections, replies say `connection: close`, what is in flight
 * finishes. Calls `done` once, after `graceMs` at the latest; then all is closed.
 */
export function drainWorkload(
  workload: Workload,
  clock: Clock,
  graceMs: number,
  done: () => void,
): void {
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    timer.cancel();
    workload.close();
    done();
  };
  const timer = clock.after(graceMs, finish);
  workload.listeners.closeAll();
  workload.drainAll(finish);
}
