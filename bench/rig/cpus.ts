import { readFileSync } from "node:fs";
import { NotMeasured } from "./not-measured.ts";
import { runTool } from "./tools.ts";

/** Who runs where: proxies alone on one core; load, origin, log sink and harness on another. */
export interface Cpus {
  readonly proxy: number;
  readonly load: number;
}

/** The first two cores this process may use. Throws NotMeasured where there are fewer, or no Linux. */
export function chooseCpus(): Cpus {
  if (process.platform !== "linux") {
    throw new NotMeasured(`the bench needs Linux (/proc, taskset), this is ${process.platform}`);
  }
  const status = readFileSync("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? "";
  const [proxy, load] = parseCpuList(list);
  if (proxy === undefined || load === undefined) {
    throw new NotMeasured(`the bench needs two cores, this process may use "${list}"`);
  }
  return { proxy, load };
}

/** `0-2,5` → 0, 1, 2, 5. */
export function parseCpuList(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first, last] = part.split("-").map(Number);
    if (first === undefined || Number.isNaN(first) || part.trim() === "") return [];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, step) => first + step);
  });
}

/** Moves this process, and with it every child not pinned elsewhere, off the proxies' core. */
export function pinSelf(cpu: number): void {
  runTool(["taskset", "-a", "-p", "-c", String(cpu), String(process.pid)]);
}
