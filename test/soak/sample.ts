import { readdirSync, readFileSync } from "node:fs";

/** What a process holds at a moment. */
export interface Sample {
  /** Since the soak began. */
  readonly atMs: number;
  /** Memory that only it has and has written to, in KB. */
  readonly privateDirtyKb: number;
  /** Open descriptors. */
  readonly descriptors: number;
}

/** Looks at a process through /proc. */
export function takeSample(pid: number, atMs: number): Sample {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const privateDirtyKb = Number(/^Private_Dirty:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN);
  return { atMs, privateDirtyKb, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** How much something grows in an hour, by the straight line through its samples (least squares). */
export function growthPerHour(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const mean = samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  let [over, under] = [0, 0];
  for (const sample of samples) {
    over += (sample.atMs - meanAt) * (of(sample) - mean);
    under += (sample.atMs - meanAt) ** 2;
  }
  return under === 0 ? 0 : (over / under) * 3_600_000;
}
