import { describe, expect, test } from "vitest";
import { exchangeRecord, spiffeId } from "../../test/support/records.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Metrics } from "./metrics.ts";
import { TelemetryRecorder } from "./recorder.ts";
import { StatWindow } from "./stat-window.ts";

/** A proxy that sends its summary up every second. */
function proxy(clock: VirtualClock, life = "l1") {
  return new TelemetryRecorder({
    clock,
    metrics: new Metrics(),
    life,
    workload: "w",
    recentMax: 1,
  });
}

function run(
  clock: VirtualClock,
  window: StatWindow,
  of: TelemetryRecorder,
  seconds: number,
  perSecond: number,
  uid = "u",
) {
  for (let second = 0; second < seconds; second++) {
    for (let count = 0; count < perSecond; count++) of.record(exchangeRecord());
    clock.advance(1000);
    window.add(uid, of.summary(), clock.monotonicMs());
  }
}

describe("services over the last 60 s", () => {
  test("a young mesh counts over its own age", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    run(clock, window, proxy(clock), 10, 4);
    expect(window.services(10_000)).toMatchObject([
      { service: "default/kvs", rps: 4, success: 1, p50Ms: expect.closeTo(2, 0) },
    ]);
  });

  test("what is older is forgotten", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    const recorder = proxy(clock);
    run(clock, window, recorder, 100, 20);
    run(clock, window, recorder, 66, 5);
    expect(window.services(clock.monotonicMs())[0]!.rps).toBeCloseTo(5, 0);
    run(clock, window, recorder, 66, 0);
    expect(window.services(clock.monotonicMs())).toEqual([]);
  });

  test("a restarted proxy begins at zero without a dip below it", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    run(clock, window, proxy(clock, "l1"), 30, 4);
    run(clock, window, proxy(clock, "l2"), 30, 4);
    expect(window.services(60_000)[0]!.rps).toBeCloseTo(4, 1);
  });

  test("a restarted reader does not take a long life for a minute's work", () => {
    const clock = new VirtualClock();
    const old = proxy(clock);
    run(clock, new StatWindow(), old, 300, 4);
    const window = new StatWindow();
    run(clock, window, old, 11, 4);
    expect(window.services(clock.monotonicMs())[0]!.rps).toBeCloseTo(4, 1);
  });

  test("proxies add up; failures show in success; connections are those open at the service", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    const [a, b, kvs] = [proxy(clock), proxy(clock), proxy(clock)];
    const of = { service: "default/kvs", port: 80, peer: "src" } as const;
    kvs.connections("inbound", of).onOpen({ receivedBytes: 0, sentBytes: 0 });
    for (let count = 0; count < 30; count++) {
      a.record(exchangeRecord());
      kvs.record(exchangeRecord({ direction: "inbound" }));
    }
    for (let count = 0; count < 10; count++) {
      b.record(exchangeRecord({ status: 503, reason: "no-endpoint", origin: "proxy" }));
    }
    clock.advance(10_000);
    for (const [uid, of] of [
      ["a", a],
      ["b", b],
      ["k", kvs],
    ] as const)
      window.add(uid, of.summary(), clock.monotonicMs());
    expect(window.services(10_000)).toMatchObject([
      { service: "default/kvs", rps: 4, success: 0.75, tcpConnections: 1 },
    ]);
    expect(window.edges(10_000)).toMatchObject([
      { source: spiffeId("recommendation"), service: "default/kvs", tls: true, requests: 30 },
    ]);
    window.remove("b");
    expect(window.services(10_000)).toMatchObject([{ success: 1 }]);
  });

  test("connections of octets are no requests, and tell what was spoken", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    const [a, kvs] = [proxy(clock), proxy(clock)];
    for (const protocol of ["h2", "tcp", "tcp", "http/1.1"] as const) {
      a.record(exchangeRecord({ protocol, headMs: 200 }));
      kvs.record(exchangeRecord({ direction: "inbound", protocol }));
    }
    clock.advance(10_000);
    window.add("a", a.summary(), clock.monotonicMs());
    window.add("k", kvs.summary(), clock.monotonicMs());
    const protocols = ["http/1.1", "h2", "tcp"];
    expect(window.services(10_000)).toMatchObject([{ rps: 0.2, success: 1, protocols }]);
    expect(window.edges(10_000)).toMatchObject([{ requests: 2, connections: 2, protocols }]);
  });

  test("its memory does not grow with the number of summaries", () => {
    const [clock, window] = [new VirtualClock(), new StatWindow()];
    const recorder = proxy(clock);
    run(clock, window, recorder, 1000, 1);
    expect(window.since(clock.monotonicMs()).spanMs).toBe(60_000);
    expect(window.readings).toBeLessThanOrEqual(20);
  });
});
