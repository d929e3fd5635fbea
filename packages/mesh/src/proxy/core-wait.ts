import { openSync, readSync } from "node:fs";

/**
 * For how long the main thread could have run and waited for a core, in ms since it began: from the scheduler, `run_delay` of
 * Linux's `/proc/self/schedstat`. 2 µs each. What a hypervisor took from the machine is not in it. Elsewhere 0, always.
 */
export function openCoreWait(): () => number {
  let file: number;
  try {
    file = openSync("/proc/self/schedstat", "r");
  } catch {
    return () => 0;
  }
  const told = Buffer.alloc(64);
  return () => parseWaitMs(told.toString("latin1", 0, readSync(file, told, 0, told.length, 0)));
}

/** The second of three: time on a core, time waited for one, both in ns, and how often it got one. */
export function parseWaitMs(schedstat: string): number {
  return Number(schedstat.split(" ", 2)[1]) / 1e6;
}
