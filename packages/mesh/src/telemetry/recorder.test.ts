import { describe, expect, test } from "vitest";
import { exchangeRecord, spiffeId } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Metrics } from "./metrics.ts";
import { renderMetrics } from "./metrics-text.ts";
import { outcomeOf } from "./outcome.ts";
import { TelemetryRecorder } from "./recorder.ts";
import { parseSummary, rowKey } from "./summary.ts";
import { formatTapItem, parseTapFilter, type TapItem } from "./tap.ts";

function setUp() {
  const clock = new VirtualClock();
  const metrics = new Metrics();
  const recorder = new TelemetryRecorder({ clock, metrics, life: "l1", workload: "me-0" });
  const lines = (name: string) =>
    renderMetrics(metrics, "prometheus")
      .split("\n")
      .filter((line) => line.startsWith(name));
  return { clock, metrics, recorder, lines };
}

const octets = { protocol: "tcp" as const, method: "", path: "", status: 0 };

describe("an exchange counts as", () => {
  test.each([
    ["success", "an answer", { status: 200 }],
    ["success", "a refusal by the application", { status: 404 }],
    ["failure", "an error of the application", { status: 500 }],
    ["success", "no route", { status: 404, reason: "no-route" as const }],
    ["failure", "no endpoint", { status: 503, reason: "no-endpoint" as const }],
    ["failure", "a reply that broke off", { status: 200, reason: "reset" as const }],
    ["cancelled", "a caller gone before the reply", { status: 0, reason: "client-gone" as const }],
    ["success", "a caller gone during the reply", { status: 200, reason: "client-gone" as const }],
    ["failure", "no reply at all", { status: 0, reason: "reset" as const }],
    ["success", "gRPC's OK", { grpcStatus: 0 }],
    ["success", "gRPC's not found: the caller's affair, as a 404", { grpcStatus: 5 }],
    ["failure", "gRPC's internal error, in a reply of 200", { grpcStatus: 13 }],
    ["failure", "gRPC's unavailable, in a reply of 200", { grpcStatus: 14 }],
    ["success", "octets carried to their end", octets],
    ["failure", "octets broken off", { ...octets, reason: "reset" as const }],
    ["cancelled", "octets whose client broke off", { ...octets, reason: "client-gone" as const }],
  ])("%s: %s", (outcome, _, changes) => {
    expect(outcomeOf(exchangeRecord(changes))).toBe(outcome);
  });
});

describe("metrics", () => {
  test("tell gRPC's statuses apart", () => {
    const { recorder, lines } = setUp();
    for (const grpcStatus of [0, 0, 13, -1]) recorder.record(exchangeRecord({ grpcStatus }));
    expect(lines("response_total").map((line) => line.replace(/^.*,classification/, ""))).toEqual([
      '="success",status_code="200",grpc_status="0"} 2',
      '="failure",status_code="200",grpc_status="13"} 1',
      '="success",status_code="200"} 1',
    ]);
    expect(recorder.summary().rows).toMatchObject([
      { success: 3, failure: 1, failures: { "grpc-13": 1 } },
    ]);
  });

  test("count no octets as requests: they are connections, and exchanges of their own protocol", () => {
    const { recorder, lines } = setUp();
    recorder.record(exchangeRecord(octets));
    recorder.record(exchangeRecord({ ...octets, reason: "connect-refused" }));
    for (const name of ["request_total", "response_total", "response_latency_ms"])
      expect(lines(name)).toEqual([]);
    expect(lines("heddle_exchanges_total")).toHaveLength(2);
    expect(recorder.summary().rows).toMatchObject([
      { protocol: "tcp", success: 1, failure: 1, failures: { "connect-refused": 1 } },
    ]);
  });

  test("count what connections were found to carry, and how long that took", () => {
    const { recorder, lines } = setUp();
    recorder.detected("tcp", "server spoke first", 12);
    recorder.detected("h2", "client spoke first", 0.2);
    expect(lines("heddle_detect_total")).toEqual([
      'heddle_detect_total{protocol="tcp",reason="server spoke first"} 1',
      'heddle_detect_total{protocol="h2",reason="client spoke first"} 1',
    ]);
    expect(lines("heddle_detect_latency_ms_sum")).toEqual([
      'heddle_detect_latency_ms_sum{protocol="tcp"} 12',
      'heddle_detect_latency_ms_sum{protocol="h2"} 0.2',
    ]);
  });

  test("count each limit that was met", () => {
    const { recorder, lines } = setUp();
    for (const name of ["h2-resets", "h1-head", "h2-resets"]) recorder.limit(name);
    expect(lines("heddle_limit_total")).toEqual([
      'heddle_limit_total{limit="h2-resets"} 2',
      'heddle_limit_total{limit="h1-head"} 1',
    ]);
  });

  test("have Linkerd's names and labels", () => {
    const { recorder, lines } = setUp();
    recorder.record(exchangeRecord());
    recorder.record(
      exchangeRecord({
        status: 503,
        reason: "no-endpoint",
        origin: "proxy",
        endpointUid: null,
        endpointName: null,
        destinationId: null,
      }),
    );
    expect(lines("request_total")).toEqual([
      'request_total{direction="outbound",authority="kvs.default.svc.cluster.local:80",dst_namespace="default",dst_service="kvs",dst_pod="kvs-1",server_id="spiffe://heddle.local/ns/default/sa/kvs",tls="true"} 1',
      'request_total{direction="outbound",authority="kvs.default.svc.cluster.local:80",dst_namespace="default",dst_service="kvs",tls="true"} 1',
    ]);
    expect(lines("response_total")[1]).toContain('classification="failure",status_code="503"} 1');
    expect(lines("heddle_exchanges_total")).toEqual([
      'heddle_exchanges_total{direction="outbound",dst_namespace="default",dst_service="kvs",origin="app"} 1',
      'heddle_exchanges_total{direction="outbound",dst_namespace="default",dst_service="kvs",origin="proxy",reason="no-endpoint"} 1',
    ]);
  });

  test("of a cancelled exchange are a request and a reason, no response", () => {
    const { recorder, lines } = setUp();
    recorder.record(exchangeRecord({ status: 0, reason: "client-gone", headMs: -1 }));
    expect(lines("request_total")).toHaveLength(1);
    expect(lines("response_total")).toEqual([]);
    expect(lines("response_latency_ms")).toEqual([]);
    expect(lines("heddle_exchanges_total")[0]).toContain('reason="client-gone"');
  });

  test("latency falls into Linkerd's buckets", () => {
    const { recorder, lines } = setUp();
    for (const ms of [0.4, 1, 1.2, 7, 60_000])
      recorder.record(exchangeRecord({ startMs: 0, headMs: ms }));
    const counts = lines("response_latency_ms_bucket").map((line) =>
      /le="([^"]*)"} (\d+)$/.exec(line)!.slice(1),
    );
    expect(counts.slice(0, 3)).toEqual([
      ["1", "2"],
      ["2", "3"],
      ["3", "3"],
    ]);
    expect(counts.map(([le]) => le).join()).toBe(
      "1,2,3,4,5,10,20,30,40,50,100,200,300,400,500,1000,2000,3000,4000,5000,10000,20000,30000,40000,50000,+Inf",
    );
    expect(counts.at(-2)).toEqual(["50000", "4"]);
    expect(counts.at(-1)).toEqual(["+Inf", "5"]);
  });

  test("egress is counted apart", () => {
    const { recorder, lines } = setUp();
    const egress = { direction: "egress", service: "", backend: null } as const;
    recorder.record(exchangeRecord({ ...egress, method: "CONNECT" }));
    recorder.record(exchangeRecord({ ...egress, status: 502, reason: "connect-refused" }));
    expect(lines("heddle_egress_total")).toEqual([
      'heddle_egress_total{classification="success"} 1',
      'heddle_egress_total{classification="failure"} 1',
    ]);
    expect(lines("heddle_exchanges_total")).toEqual([]);
  });

  test("connections open and close", () => {
    const { recorder, lines } = setUp();
    const series = recorder.connections("inbound", {
      service: "default/kvs",
      port: 80,
      peer: "src",
    });
    const [stays, goes] = [
      { receivedBytes: 10, sentBytes: 100 },
      { receivedBytes: 0, sentBytes: 0 },
    ];
    series.onOpen(stays);
    series.onOpen(goes);
    goes.receivedBytes = 5;
    series.onClose(goes);
    expect(lines("tcp_read")).toEqual([
      'tcp_read_bytes_total{direction="inbound",peer="src",dst_namespace="default",dst_service="kvs"} 15',
    ]);
    stays.receivedBytes += 1;
    expect(lines("tcp_read")[0]).toMatch(/ 16$/);
    expect(lines("tcp_write")[0]).toMatch(/ 100$/);
    expect(lines("tcp_open")).toEqual([
      'tcp_open_connections{direction="inbound",peer="src",dst_namespace="default",dst_service="kvs"} 1',
      'tcp_open_total{direction="inbound",peer="src",dst_namespace="default",dst_service="kvs"} 2',
    ]);
    expect(recorder.summary().connections).toEqual([
      { direction: "inbound", service: "default/kvs", port: 80, peer: "src", open: 1, opened: 2 },
    ]);
  });

  test("a family stays within its limit, and counts the rest together", () => {
    const metrics = new Metrics(3);
    const family = metrics.counter("a_total", "A \\ and\nb.", ["x", "y"]);
    for (let x = 0; x < 10; x++) family.child({ x: String(x), y: "" }).add(1);
    expect(renderMetrics(metrics, "openmetrics")).toBe(
      '# HELP a A \\\\ and\\nb.\n# TYPE a counter\na_total{x="0"} 1\na_total{x="1"} 1\na_total{x="2"} 1\na_total{x="overflow"} 7\n# EOF\n',
    );
    expect(metrics.counter("a_total", "", ["x", "y"])).toBe(family);
  });

  test("label values are escaped, collectors run first", () => {
    const metrics = new Metrics();
    const gauge = metrics.gauge("g", "G.", ["x"]).child({ x: 'a"b\\c\n' });
    metrics.onCollect(() => gauge.set(7));
    expect(renderMetrics(metrics, "prometheus")).toContain('g{x="a\\"b\\\\c\\n"} 7');
  });
});

describe("summaries", () => {
  test("count by what identifies an exchange, with reasons and latency", () => {
    const { recorder, clock } = setUp();
    for (let count = 0; count < 5; count++) recorder.record(exchangeRecord());
    recorder.record(exchangeRecord({ status: 503, reason: "reset", origin: "proxy" }));
    recorder.record(exchangeRecord({ status: 500 }));
    recorder.record(exchangeRecord({ direction: "inbound" }));
    clock.advance(1000);
    const summary = recorder.summary();
    expect(parseSummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    expect(summary).toMatchObject({ life: "l1", uptimeMs: 1000 });
    expect(summary.rows).toHaveLength(2);
    expect(summary.rows[0]).toMatchObject({
      direction: "outbound",
      service: "default/kvs",
      endpoint: "u1",
      peer: spiffeId("kvs"),
      success: 5,
      failure: 2,
      cancelled: 0,
      byProxy: 1,
      failures: { reset: 1, "status-500": 1 },
      replyBytes: 35,
    });
    expect(summary.rows[0]!.latencySumUs).toBe(14_000);
    expect(summary.rows[1]).toMatchObject({
      direction: "inbound",
      endpoint: "u1",
      peer: spiffeId("recommendation"),
    });
  });

  test("keep apart what series keep apart, so that no row hides another", () => {
    const { recorder } = setUp();
    const changes = [
      {},
      { route: "HTTPRoute/default/r#0" },
      { endpointUid: null },
      { backend: null },
      { backendPort: 81 },
      { service: "default/x" },
      { servicePort: 81 },
      { tls: false },
      { destinationId: null },
      { direction: "inbound" as const },
      { direction: "inbound" as const, endpointUid: null },
      { direction: "inbound" as const, sourceId: null },
    ];
    for (const change of changes) recorder.record(exchangeRecord(change));
    const { rows } = recorder.summary();
    expect(rows).toHaveLength(changes.length);
    expect(new Set(rows.map(rowKey)).size).toBe(changes.length);
  });

  test("that are none are refused", () => {
    const row = { life: "a", uptimeMs: 1, rows: [{ direction: "up" }], connections: [] };
    for (const input of [null, {}, "x", row]) expect(parseSummary(input)).toBeNull();
  });

  test("beyond the limit are counted together, and nothing is lost", () => {
    const { recorder, lines } = setUp();
    for (let n = 0; n < 5100; n++) recorder.record(exchangeRecord({ endpointUid: `u${n}` }));
    recorder.record(exchangeRecord({ endpointUid: "u7", status: 500 }));
    recorder.record(exchangeRecord({ endpointUid: "u5050", status: 500 }));
    const { rows } = recorder.summary();
    expect(rows).toHaveLength(5001);
    expect(rows.at(-1)).toMatchObject({ service: "", endpoint: null, success: 100, failure: 1 });
    expect(lines('response_total{direction="outbound",tls="no_identity"')).toEqual([
      'response_total{direction="outbound",tls="no_identity",classification="success",status_code="200"} 100',
      'response_total{direction="outbound",tls="no_identity",classification="failure",status_code="500"} 1',
    ]);
  });

  test("of places outside the mesh are one row, however many names clients choose", () => {
    const { recorder, lines } = setUp();
    for (let n = 0; n < 10; n++) {
      const name = { endpointUid: `10.0.0.${n}:80`, endpointName: `h${n}.test`, servicePort: n };
      recorder.record(exchangeRecord({ direction: "egress", service: "", backend: "", ...name }));
    }
    expect(recorder.summary().rows).toMatchObject([
      { direction: "egress", success: 10, endpoint: null },
    ]);
    expect(lines("request_total")).toEqual([
      'request_total{direction="egress",tls="no_identity"} 10',
    ]);
  });

  test("of hostile statuses stay small", () => {
    const { recorder } = setUp();
    for (let status = 200; status < 1000; status++) recorder.record(exchangeRecord({ status }));
    expect(recorder.summary().rows).toHaveLength(1);
    expect(Object.keys(recorder.summary().rows[0]!.failures).length).toBeLessThanOrEqual(200);
  });
});

describe("tap", () => {
  const tapped = (filter: unknown, ...records: ReturnType<typeof exchangeRecord>[]) => {
    const { recorder, clock } = setUp();
    const items: TapItem[] = [];
    const tap = recorder.tap(parseTapFilter(filter)!, (item) => items.push(item))!;
    for (const record of records) recorder.record(record);
    return { recorder, clock, items, tap };
  };

  test("shows an exchange as Linkerd does", () => {
    const record = exchangeRecord({
      direction: "inbound",
      id: 12,
      sourceName: "recommendation-0",
      method: "PUT",
      status: 201,
      headMs: 100.612,
      endMs: 100.64,
      replyBytes: 0,
    });
    const { items } = tapped({}, record);
    const common =
      "id=9:12 proxy=in src=127.0.0.1:50000 dst=127.0.0.1:41307 tls=true src_workload=recommendation-0 dst_workload=me-0";
    expect(items.map((item) => formatTapItem(item, 9))).toEqual([
      `req ${common} :method=PUT :authority=kvs :path=/7`,
      `rsp ${common} :status=201 latency=612µs`,
      `end ${common} duration=28µs response-length=0B`,
    ]);
  });

  test("shows gRPC's status by its word, and the protocol where it is not HTTP/1.1", () => {
    const { items } = tapped({}, exchangeRecord({ protocol: "h2", grpcStatus: 5 }));
    expect(items.map((item) => formatTapItem(item, 0).replace(/^(\w+) .*me-0/, "$1"))).toEqual([
      "req dst_workload=kvs-1 protocol=h2 :method=GET :authority=kvs :path=/7",
      "rsp dst_workload=kvs-1 :status=200 latency=2000µs",
      "end dst_workload=kvs-1 grpc-status=NotFound duration=1000µs response-length=5B",
    ]);
    expect(items[0]).toMatchObject({ protocol: "h2", grpcStatus: 5 });
    expect(tapped({}, exchangeRecord()).items[0]).toMatchObject({ protocol: "", grpcStatus: null });
    const unknown = tapped({}, exchangeRecord({ grpcStatus: 99 })).items.at(-1)!;
    expect(formatTapItem(unknown, 0)).toContain(" grpc-status=Code(99) ");
  });

  test("says which service octets were for that came to no process", () => {
    const nowhere = { destinationAddress: "", destinationName: null, backend: null } as const;
    const record = exchangeRecord({
      ...octets,
      ...nowhere,
      service: "default/db",
      reason: "unsupported",
    });
    const [line] = tapped({}, record).items.map((item) => formatTapItem(item, 0));
    expect(line).toContain(" protocol=tcp service=default/db ");
  });

  test("shows a connection of octets once it is over, with what went each way", () => {
    const carried = { ...octets, protocol: "tls", detected: "client spoke TLS" } as const;
    const record = exchangeRecord({ ...carried, authority: "a.example.com", requestBytes: 700 });
    const { items } = tapped({}, record);
    expect(items.map((item) => formatTapItem(item, 0).replace(/^(\w+) .*me-0/, "$1"))).toEqual([
      "end dst_workload=kvs-1 protocol=tls :authority=a.example.com duration=3000µs request-length=700B response-length=5B",
    ]);
    expect(items[0]).toMatchObject({ detected: "client spoke TLS", requestBytes: 700 });
  });

  test("an exchange without a reply has no rsp, and a reason at its end", () => {
    const { items } = tapped({}, exchangeRecord({ headMs: -1, status: 0, reason: "client-gone" }));
    expect(items.map((item) => item.event)).toEqual(["req", "end"]);
    expect(formatTapItem(items[1]!, 0)).toMatch(
      /reason=client-gone duration=3000µs response-length=5B$/,
    );
  });

  test.each([
    [{ direction: "out" }, 3],
    [{ direction: "in" }, 0],
    [{ method: "GET" }, 3],
    [{ method: "PUT" }, 0],
    [{ pathPrefix: "/" }, 3],
    [{ pathPrefix: "/8" }, 0],
    [{ authority: "kvs" }, 3],
    [{ authority: "x" }, 0],
    [{ status: 200 }, 3],
    [{ status: 2 }, 3],
    [{ status: 5 }, 0],
    [{ source: "me-0" }, 3],
    [{ source: "x" }, 0],
    [{ destination: "kvs-1" }, 3],
    [{ destination: "x" }, 0],
    [{ service: "default/kvs" }, 3],
    [{ service: "default/x" }, 0],
    [{ protocol: null }, 3],
    [{ protocol: "h2" }, 0],
  ])("%j shows %i items", (filter, count) => {
    expect(tapped(filter, exchangeRecord()).items).toHaveLength(count);
  });

  test("shows no more than asked for a second, and says how many it left out", () => {
    const records = Array.from({ length: 10 }, () => exchangeRecord());
    const { items, tap, recorder, clock } = tapped({ maxRps: 4 }, ...records);
    expect([items.length, tap.dropped]).toEqual([12, 6]);
    clock.advance(500);
    for (const record of records) recorder.record(record);
    expect([items.length, tap.dropped]).toEqual([18, 14]);
  });

  test("ends when closed, and has a limit", () => {
    const { items, tap, recorder } = tapped({});
    tap.close();
    recorder.record(exchangeRecord());
    expect(items).toEqual([]);
    const taps = Array.from({ length: 70 }, () => recorder.tap(parseTapFilter({})!, () => {}));
    expect(taps.filter((tap) => tap === null)).toHaveLength(6);
  });

  test("a filter with a condition not known is none", () => {
    for (const input of [
      null,
      { colour: "red" },
      { maxRps: 0 },
      { status: "x" },
      { protocol: "x" },
    ])
      expect(parseTapFilter(input)).toBeNull();
  });
});
