import type { EdgeRow, EndpointRow, RevisionRow, StatRow } from "@heddle/control/api/verbs.ts";
import { expect, test } from "vitest";
import { formatRows } from "./output.ts";
import { edgeView, endpointView, revisionView, statView } from "./stat.ts";

const kvs: StatRow = {
  name: "kvs",
  namespace: "default",
  meshed: { ready: 3, total: 3 },
  success: 1,
  rps: 4,
  p50Ms: 1,
  p95Ms: 2.2,
  p99Ms: 2.6,
  protocols: ["h2"],
  tcpConnections: 6,
};
const recommendation: StatRow = {
  ...kvs,
  name: "recommendation",
  meshed: { ready: 2, total: 2 },
  p50Ms: 2,
  p95Ms: 4,
  p99Ms: 5,
  tcpConnections: 2,
};

test("stat is Linkerd's table, numbers to the right", () => {
  expect(formatRows(statView, [kvs, recommendation], "table")).toBe(
    `\
NAME             MESHED   SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
kvs                 3/3   100.00%   4.0rps           1ms           2ms           3ms          6
recommendation      2/2   100.00%   4.0rps           2ms           4ms           5ms          2
`,
  );
});

test("a service nobody asked has no success and no latencies", () => {
  const idle = { ...kvs, success: null, rps: 0, p50Ms: null, p95Ms: null, p99Ms: 0.42 };
  expect(formatRows(statView, [idle], "table").split("\n")[1]).toBe(
    "kvs       3/3         -   0.0rps             -             -         0.4ms          6",
  );
});

test("for scripts the rows are what was promised", () => {
  expect(JSON.parse(formatRows(statView, [kvs], "json"))).toEqual([kvs]);
  expect(formatRows(statView, [kvs, recommendation], "name")).toBe("kvs\nrecommendation\n");
});

test("edges name both ends", () => {
  const edge = (source: string, destination: string, isSecured = true): EdgeRow => ({
    source,
    destination,
    sourceNamespace: "default",
    destinationNamespace: "default",
    clientId: null,
    serverId: null,
    isSecured,
    protocols: isSecured ? ["h2", "tcp"] : ["http/1.1"],
    requests: 1,
    connections: 0,
  });
  const rows = [edge("recommendation", "kvs"), edge("visitor", "recommendation", false)];
  expect(formatRows(edgeView, rows, "table")).toBe(
    `\
SRC              DST              SRC_NS    DST_NS    SECURED
recommendation   kvs              default   default   √
visitor          recommendation   default   default   x
`,
  );
  expect(formatRows(edgeView, rows, "wide")).toMatch(
    / PROTOCOL +SECURED\n.* h2,tcp +√\n.* http\/1.1 +x\n$/,
  );
});

test("endpoints say why one is away", () => {
  const row: EndpointRow = {
    namespace: "default",
    service: "kvs",
    workload: "kvs-0",
    uid: "u",
    address: "127.0.0.1:41512",
    identity: "spiffe://heddle.local/ns/default/sa/kvs",
    state: "ready",
    reason: null,
    slots: 342,
  };
  const away: EndpointRow = {
    ...row,
    workload: "kvs-1",
    state: "away",
    reason: "readiness: connection refused",
    slots: 341,
  };
  expect(formatRows(endpointView, [row, away], "table")).toBe(
    `\
SERVICE   NAMESPACE   WORKLOAD   ADDRESS           STATE   SLOTS   REASON
kvs       default     kvs-0      127.0.0.1:41512   ready     342   -
kvs       default     kvs-1      127.0.0.1:41512   away      341   readiness: connection refused
`,
  );
});

test("a long revision is cut short", () => {
  const row: RevisionRow = {
    revision: 7,
    atWallMs: 0,
    author: "dana",
    cause: "apply -f split.yaml",
    summary: ["+ Service/a", "~ Process/b", "- Service/c", "+ Service/d", "+ Service/e"],
  };
  expect(formatRows(revisionView(3_600_000 * 3), [row], "table")).toBe(
    `\
REVISION   AGE   AUTHOR   CAUSE                 CHANGES
       7   3h    dana     apply -f split.yaml   + Service/a, ~ Process/b, - Service/c and 2 more
`,
  );
});
