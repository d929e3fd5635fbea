import type { EdgeRow, EndpointRow, RevisionRow, StatRow } from "@heddle/control/api/verbs.ts";
import type { RowView } from "./output.ts";
import { formatAge } from "./time.ts";

/** `heddle stat`, with Linkerd's columns. */
export const statView: RowView<StatRow> = {
  nothing: "No services yet. Add one: heddle apply -f <file>",
  nameOf: (row) => row.name,
  columns: [
    { name: "NAME", cell: (row) => row.name },
    { name: "NAMESPACE", isWide: true, cell: (row) => row.namespace },
    { name: "MESHED", align: "right", cell: ({ meshed }) => `${meshed.ready}/${meshed.total}` },
    { name: "SUCCESS", align: "right", cell: (row) => formatShare(row.success) },
    { name: "RPS", align: "right", cell: (row) => `${row.rps.toFixed(1)}rps` },
    { name: "LATENCY_P50", align: "right", cell: (row) => formatMs(row.p50Ms) },
    { name: "LATENCY_P95", align: "right", cell: (row) => formatMs(row.p95Ms) },
    { name: "LATENCY_P99", align: "right", cell: (row) => formatMs(row.p99Ms) },
    { name: "TCP_CONN", align: "right", cell: (row) => row.tcpConnections },
    { name: "PROTOCOL", isWide: true, cell: (row) => row.protocols.join(",") || null },
  ],
};

/** `heddle edges`: who calls whom. */
export const edgeView: RowView<EdgeRow> = {
  nothing: "Nobody has called anybody in the last 60 s.",
  nameOf: (row) => `${row.source}:${row.destination}`,
  columns: [
    { name: "SRC", cell: (row) => row.source },
    { name: "DST", cell: (row) => row.destination },
    { name: "SRC_NS", cell: (row) => row.sourceNamespace },
    { name: "DST_NS", cell: (row) => row.destinationNamespace },
    { name: "CLIENT_ID", isWide: true, cell: (row) => row.clientId },
    { name: "SERVER_ID", isWide: true, cell: (row) => row.serverId },
    { name: "PROTOCOL", isWide: true, cell: (row) => row.protocols.join(",") || null },
    { name: "SECURED", cell: (row) => (row.isSecured ? "√" : "x") },
  ],
};

/** `heddle endpoints`: which workloads stand behind a service. */
export const endpointView: RowView<EndpointRow> = {
  nothing: "No workload stands behind any service here. See: heddle ps, heddle get services",
  nameOf: (row) => row.workload,
  columns: [
    { name: "SERVICE", cell: (row) => row.service },
    { name: "NAMESPACE", cell: (row) => row.namespace },
    { name: "WORKLOAD", cell: (row) => row.workload },
    { name: "ADDRESS", cell: (row) => row.address },
    { name: "STATE", cell: (row) => row.state },
    { name: "SLOTS", align: "right", cell: (row) => row.slots },
    { name: "IDENTITY", isWide: true, cell: (row) => row.identity },
    { name: "REASON", cell: (row) => row.reason },
  ],
};

/** `heddle revisions`: every change of intent. */
export function revisionView(nowWallMs: number): RowView<RevisionRow> {
  return {
    nothing: "Nothing has been applied yet.",
    nameOf: (row) => String(row.revision),
    columns: [
      { name: "REVISION", align: "right", cell: (row) => row.revision },
      { name: "AGE", cell: (row) => formatAge(nowWallMs - row.atWallMs) },
      { name: "AUTHOR", cell: (row) => row.author },
      { name: "CAUSE", cell: (row) => row.cause },
      { name: "CHANGES", cell: (row) => shorten(row.summary) },
    ],
  };
}

function shorten(summary: readonly string[]): string {
  const [shown, rest] = [summary.slice(0, 3), summary.length - 3];
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(", ");
}

function formatShare(share: number | null): string | null {
  return share === null ? null : `${(share * 100).toFixed(2)}%`;
}

/** Whole milliseconds, but for less than one: `0.4ms`. */
function formatMs(ms: number | null): string | null {
  if (ms === null) return null;
  return ms < 0.95 ? `${ms.toFixed(1)}ms` : `${Math.round(ms)}ms`;
}
