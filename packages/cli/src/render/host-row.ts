import type { ProcessRow, WorkloadRow } from "@heddle/control/api/verbs.ts";
import type { ProcessObserved } from "@heddle/control/host/link.ts";
import type { HostStatus } from "@heddle/control/host/supervisor.ts";

/** A workload as the supervisor alone knows it: whether its processes run, not whether the mesh uses it. */
export function rowOf(seen: HostStatus["workloads"][number]): WorkloadRow {
  const parts = [seen.app, seen.proxy].filter((part) => part !== null);
  return {
    uid: seen.uid,
    name: seen.name,
    namespace: seen.namespace,
    process: null,
    gateway: null,
    app: processRow(seen.app),
    proxy: processRow(seen.proxy),
    isCurrent: false,
    isConnected: false,
    isReady: parts.length > 0 && parts.every((part) => part.ready),
    isDraining: parts.some((part) => part.phase === "stopping"),
    ports: seen.ports,
    urls: [],
    reason: parts.find((part) => part.reason !== null)?.reason ?? null,
  };
}

function processRow(observed: ProcessObserved | null): ProcessRow | null {
  if (observed === null) return null;
  const { phase, ready, pid, restarts, sinceWallMs, reason } = observed;
  return { phase, isReady: ready, pid, restarts, sinceWallMs, reason };
}
