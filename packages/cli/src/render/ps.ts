import type { ProcessRow, WorkloadRow } from "@heddle/control/api/verbs.ts";
import type { RowView } from "./output.ts";
import { formatAge } from "./time.ts";

/** `heddle ps`: every workload with its application and its proxy. */
export function psView(nowWallMs: number): RowView<WorkloadRow> {
  return {
    nothing: "No workloads. Add a Process: heddle apply -f <file>",
    nameOf: (row) => row.name,
    columns: [
      { name: "WORKLOAD", cell: (row) => row.name },
      { name: "NAMESPACE", isWide: true, cell: (row) => row.namespace },
      { name: "READY", cell: (row) => (row.isReady ? "yes" : "no") },
      { name: "APP", cell: (row) => phaseOf(row.app) },
      { name: "PROXY", cell: (row) => phaseOf(row.proxy) },
      { name: "RESTARTS", align: "right", cell: restartsOf },
      { name: "AGE", cell: (row) => ageOf(row, nowWallMs) },
      { name: "PID", align: "right", cell: (row) => (row.app ?? row.proxy)?.pid ?? null },
      { name: "PROXY_PID", align: "right", isWide: true, cell: (row) => row.proxy?.pid ?? null },
      { name: "PORTS", cell: portsOf },
      { name: "REASON", cell: (row) => row.reason },
    ],
  };
}

function phaseOf(process: ProcessRow | null): string | null {
  return process?.phase ?? null;
}

function restartsOf(row: WorkloadRow): string {
  const [app, proxy] = [row.app?.restarts ?? 0, row.proxy?.restarts ?? 0];
  return proxy === 0 ? String(app) : `${app}+${proxy}`;
}

function ageOf(row: WorkloadRow, nowWallMs: number): string | null {
  const since = (row.app ?? row.proxy)?.sinceWallMs;
  return since === undefined ? null : formatAge(nowWallMs - since);
}

function portsOf(row: WorkloadRow): string {
  const ports = Object.entries(row.ports).map(([name, port]) => `${name}:${port}`);
  return [...ports, ...row.urls].join(" ");
}
