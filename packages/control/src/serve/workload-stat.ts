import type { StatWindow } from "@heddle/mesh/telemetry/stat-window.ts";
import {
  countsConnections,
  type SummaryBody,
  SummaryTotal,
} from "@heddle/mesh/telemetry/summary.ts";

export interface WorkloadStat {
  readonly success: number | null;
  readonly rps: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** What callers got from each workload over the window, by workload uid. */
export function workloadStats(
  window: StatWindow,
  nowMs: number,
): ReadonlyMap<string, WorkloadStat> {
  const { rows, spanMs } = window.since(nowMs);
  const totals = new Map<string, SummaryTotal>();
  for (const row of rows) {
    if (row.endpoint === null || countsConnections(row)) continue;
    const total = totals.get(row.endpoint) ?? new SummaryTotal();
    totals.set(row.endpoint, total);
    total.add(row);
  }
  const seconds = Math.max(1, spanMs / 1000);
  return new Map(
    [...totals].map(([uid, total]) => [
      uid,
      {
        success: total.successRate,
        rps: (total.success + total.failure) / seconds,
        p50Ms: total.quantileMs(0.5),
        p95Ms: total.quantileMs(0.95),
        p99Ms: total.quantileMs(0.99),
      },
    ]),
  );
}

/** Connections from other proxies that a proxy has open now. */
export function openConnections(summary: SummaryBody | null): number {
  const isFromPeer = ({ direction, peer }: SummaryBody["connections"][number]) =>
    direction === "inbound" && peer === "src";
  return (summary?.connections ?? []).filter(isFromPeer).reduce((sum, { open }) => sum + open, 0);
}
