import { readdirSync, readFileSync } from "node:fs";

/** Kernel ticks per second in /proc: USER_HZ, which Linux fixes at 100 for every architecture Node runs on. */
const ticksPerSecond = 100;

/** CPU time of processes since their start, all threads, user and system, in µs: from the scheduler in steps of 1 ns
 *  where the kernel tells it, else from `stat` in steps of 10 ms. Threads are not to end between two readings. */
export function cpuUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (scheduledUs(pid) ?? statUs(pid)), 0);
}

function scheduledUs(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => {
      const told = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
      return sum + parseSchedstat(told);
    }, 0);
  } catch {
    return null; // a kernel without CONFIG_SCHED_INFO
  }
}

function statUs(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Time on a core from one schedstat (its first field, in ns), in µs. */
export function parseSchedstat(schedstat: string): number {
  return Number(schedstat.split(" ", 1)[0]) / 1000;
}

/** utime + stime of one /proc/<pid>/stat, in µs. The name in field 2 may hold spaces and brackets. */
export function parseStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Memory that belongs to these processes alone and would be freed with them, in MB (10^6 bytes). */
export function privateDirtyMb(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => sum + parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")),
    0,
  );
}

/** Private_Dirty of one smaps_rollup, in MB. */
export function parseRollup(rollup: string): number {
  const kibibytes = /^Private_Dirty:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kibibytes === undefined) throw new Error("smaps_rollup without Private_Dirty");
  return (Number(kibibytes) * 1024) / 1e6;
}
