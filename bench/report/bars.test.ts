import { expect, test } from "vitest";
import type { Measured } from "../measure/rounds.ts";
import type { Window } from "../measure/window.ts";
import { type Scenario, scenarios, subjects } from "../scenario.ts";
import { judge, pairedRatio } from "./bars.ts";
import { renderPlot } from "./plot.ts";
import {
  describeMachine,
  type Findings,
  type MemoryReport,
  type RecordingReport,
  type Report,
  reportScenario,
} from "./report.ts";
import { renderReport } from "./table.ts";

/** Findings of a run with these rounds. */
function findingsOf(measured: Measured, starts: Findings["starts"] = new Map()): Findings {
  const rates = new Map([["one-hop-plain/small", 2000]]);
  const machine = describeMachine();
  return {
    machine,
    scenarios: closed,
    subjects,
    measured,
    rates,
    starts,
    memory: [good],
    recording: [],
    protocols: [],
    idle: [],
    pauses: [],
  };
}

const none: Pick<Report, "protocols" | "idle" | "pauses"> = {
  protocols: [],
  idle: [],
  pauses: [],
};

const closed = scenarios.filter(({ load }) => load === "closed");

/** CPU µs per round of each subject; null is a void round. */
type Cpu = Readonly<Record<string, readonly (number | null)[]>>;

function measuredOf(cpu: Cpu, among: readonly Scenario[] = closed): Measured {
  const window = (us: number | null): Window | null =>
    us === null
      ? null
      : {
          requestsPerSecond: 1000,
          p50Ms: 1,
          p99Ms: 2,
          cpuUsPerRequest: us,
          privateDirtyMb: 10,
        };
  const series = Object.entries(cpu).map(
    ([name, values]) => [name, { windows: values.map(window), fault: null }] as const,
  );
  return new Map(among.map(({ name }) => [name, new Map(series)]));
}

const good: MemoryReport = {
  topology: "one-hop-plain",
  name: "heddle",
  figures: {
    restMb: 20,
    loadedMb: 60,
    loadedPeakMb: 70,
    streamGrowthMb: 3,
    stallMs: 4,
    fault: null,
  },
};

const recorded: RecordingReport = {
  name: "recording/one-hop-plain",
  figures: {
    ratio: 1.04,
    quartiles: [1.02, 1.06],
    onUs: 20.8,
    offUs: 20,
    pairs: 30,
    exportedPerSecond: null,
  },
};

function barsOf(
  cpu: Cpu,
  memory: readonly MemoryReport[] = [good],
  recording: readonly RecordingReport[] = [recorded],
  others: Pick<Report, "protocols" | "idle" | "pauses"> = none,
) {
  const measured = measuredOf(cpu);
  const reports = closed.map((one) => reportScenario(one, findingsOf(measured)));
  return new Map(
    judge(reports, measured, { memory, recording, ...others }).map((bar) => [bar.name, bar]),
  );
}

test("the ratio pairs what ran in the same round, so a machine that slows down changes nothing", () => {
  const measured = measuredOf({ heddle: [26, 52, null], "haproxy-ring": [20, 40, 10] });
  expect(pairedRatio(measured, closed[0]!.name, "heddle", "haproxy-ring")).toBe(1.3);
});

test("the bar compares with HAProxy's better variant", () => {
  const bars = barsOf({ heddle: [30], "haproxy-socket": [25], "haproxy-ring": [20] });
  expect(bars.get("cpu-one-hop-plain")).toMatchObject({ value: 1.5, met: false, limit: 1.25 });
  const met = barsOf({ heddle: [25], "haproxy-socket": [25], "haproxy-ring": [20] });
  expect(met.get("cpu-two-hop-mtls")).toMatchObject({ value: 1.25, met: true, limit: 1.25 });
});

test("what was not measured is not met, and says why", () => {
  const without = barsOf({ "haproxy-socket": [25] }, []);
  expect(without.get("cpu-one-hop-plain")).toMatchObject({ value: null, met: false });
  expect(without.get("cpu-one-hop-plain")?.reason).toContain("heddle not measured");
  expect(without.get("memory-at-rest")).toMatchObject({ met: false, reason: "left out by --only" });
  expect(barsOf({ heddle: [20] }).get("cpu-one-hop-plain")?.reason).toContain("HAProxy");
});

test("memory bars take the worst topology, and one without a figure is not met", () => {
  const worse = { ...good, figures: { ...good.figures!, restMb: 26 } };
  const bars = barsOf({ heddle: [20], "haproxy-ring": [20] }, [good, worse]);
  expect(bars.get("memory-at-rest")).toMatchObject({ value: 26, met: false });
  expect(bars.get("memory-after-load")).toMatchObject({ value: 60, met: true });
});

test("stalls and pauses are judged without the wait for a core, the worst scenario counts", () => {
  const figures = {
    stallMs: 40,
    stallOwnMs: 2,
    stallsOver: 9,
    gcMs: 12,
    gcOwnMs: 1.5,
    gcs: 1000,
  };
  const one = { name: "pauses/one-hop-plain/http1", requests: 1e6, figures };
  const worse = { ...one, figures: { ...figures, gcOwnMs: 6 } };
  const bars = barsOf({}, [good], [recorded], { ...none, pauses: [one, worse] });
  expect(bars.get("event-loop-stall")).toMatchObject({ value: 2, met: true, limit: 5 });
  expect(bars.get("gc-pause")).toMatchObject({ value: 6, met: false, limit: 5 });
  const failed = { ...one, figures: null, reason: "did not start" };
  const without = barsOf({}, [good], [recorded], { ...none, pauses: [one, failed] });
  expect(without.get("gc-pause")).toMatchObject({ value: null, met: false });
  expect(without.get("gc-pause")?.reason).toContain("did not start");
});

test("recording alone and with its export have a bar each, and one without a figure is not met", () => {
  const name = "recording/two-hop-mtls";
  const worse = { name, figures: { ...recorded.figures!, ratio: 1.051 } };
  const bars = barsOf({}, [good], [recorded, worse]);
  expect(bars.get("cpu-recording")).toMatchObject({ value: 1.04, met: true });
  expect(bars.get("cpu-recording-export")).toMatchObject({ value: 1.051, met: false });
  const missing = { name, figures: null, reason: "no wrk" };
  expect(barsOf({}, [good], [missing]).get("cpu-recording-export")).toMatchObject({
    met: false,
    reason: "no wrk",
  });
  expect(barsOf({}, [good], []).get("cpu-recording")?.reason).toBe("left out by --only");
});

/** A protocol's scenario with these CPU times for one of its unit. */
function protocol(name: string, unit: "request" | "MB", us: Readonly<Record<string, number>>) {
  const rows = Object.entries(us).map(([subject, cpuUs]) => {
    const ratio = us["haproxy"] === undefined ? null : cpuUs / us["haproxy"];
    return { name: subject, cpuUs, ratio, perSecond: 1, rounds: 1 };
  });
  return { name, unit, explained: "", rows };
}

test("bars of protocols take the worst topology of each, in the unit they speak of", () => {
  const protocols = [
    protocol("h2/one-hop-plain/unary", "request", { heddle: 5, haproxy: 6, "node-http2": 40 }),
    protocol("h2/two-hop-mtls/unary", "request", { heddle: 13, haproxy: 10 }),
    protocol("tcp/one-hop-plain/down", "MB", { heddle: 700, haproxy: 600 }),
    {
      ...protocol("tcp/one-hop-plain/rate", "MB", { heddle: 9, haproxy: 1 }),
      unit: "connection" as const,
    },
  ];
  const idle = [{ name: "idle/plain", connections: 10_000, addedMb: 50 } as const];
  const bars = barsOf({}, [good], [recorded], { ...none, protocols, idle });
  expect(bars.get("cpu-h2")).toMatchObject({ value: 1.3, met: false });
  expect(bars.get("cpu-h2-node")).toMatchObject({ value: 0.125, met: true });
  expect(bars.get("cpu-tcp-octet")?.value).toBeCloseTo(700 / 600);
  expect(bars.get("idle-plain")).toMatchObject({ value: 5, met: true });
  expect(barsOf({}).get("cpu-h2")).toMatchObject({ met: false, reason: "left out by --only" });
});

test("table and plot show every subject, with the reason of one that is missing", () => {
  const measured = measuredOf({ heddle: [26], "haproxy-ring": [20] });
  const starts = new Map([
    ["one-hop-plain/nginx", { startupMs: null, reason: "nginx is not installed" }],
  ]);
  const reports = closed.map((one) => reportScenario(one, findingsOf(measured, starts)));
  const report: Report = {
    machine: describeMachine(),
    isQuick: false,
    scenarios: reports,
    memory: [good],
    recording: [recorded],
    ...none,
    bars: judge(reports, measured, { memory: [good], recording: [recorded], ...none }),
  };
  const table = renderReport(report, measured);
  for (const { name } of subjects) expect(table).toContain(name);
  expect(table).toContain("not measured: nginx is not installed");
  expect(table).toMatch(/heddle +1,000 +1\.00 +2\.00 +26\.0 +1\.30/);
  expect(renderPlot(report)).toMatch(/^<svg [\s\S]*1\.25 × HAProxy[\s\S]*<\/svg>\n$/);
});

test("a subject below the rate asked for is marked", () => {
  const rate = scenarios.find(({ name }) => name === "one-hop-plain/small/rate")!;
  const findings = findingsOf(measuredOf({ nginx: [20] }, [rate]));
  const row = reportScenario(rate, findings).subjects.find(({ name }) => name === "nginx");
  expect(row?.reason).toBe("kept up with 50 % of the rate");
});
