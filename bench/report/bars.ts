import { median } from "../measure/median.ts";
import type { Measured } from "../measure/rounds.ts";
import type { IdleReport } from "../protocols/idle.ts";
import type { ProtocolReport } from "../protocols/measure.ts";
import type { PauseFigures, PauseReport } from "../protocols/pauses.ts";
import type { Topology } from "../subject/subject.ts";
import {
  type Bar,
  bestHaproxy,
  type MemoryReport,
  type RecordingReport,
  type Report,
  type ScenarioReport,
} from "./report.ts";

/** Every bar, from what was measured. */
export function judge(
  reports: readonly ScenarioReport[],
  measured: Measured,
  {
    memory,
    recording,
    protocols,
    idle,
    pauses,
  }: Pick<Report, "memory" | "recording" | "protocols" | "idle" | "pauses">,
): Bar[] {
  const cpu = (prefix: string): Finding =>
    worstRatio(
      reports.filter(({ name }) => name.startsWith(prefix) && name.endsWith("/closed")),
      measured,
    );
  return [
    bar("cpu-one-hop-plain", "× HAProxy", 1.25, cpu("one-hop-plain/")),
    bar("cpu-two-hop-mtls", "× HAProxy", 1.25, cpu("two-hop-mtls/")),
    bar("cpu-h2", "× HAProxy", 1.25, protocolRatio(protocols, "h2/", "haproxy")),
    bar("cpu-h2-node", "× node:http2", 0.3, protocolRatio(protocols, "h2/", "node-http2")),
    // Octets per CPU second, the other way round: 0.6 of HAProxy's are 1.67 of its CPU for each.
    bar("cpu-tcp-octet", "× HAProxy", 1.67, protocolRatio(protocols, "tcp/", "haproxy", "MB")),
    bar("idle-plain", "KB each", 6, idleKb(idle)),
    bar("p99-half-rate", "× HAProxy", 2, worstP99(reports)),
    bar("event-loop-stall", "ms", 5, worstPause(pauses, "stallOwnMs")),
    bar("gc-pause", "ms", 5, worstPause(pauses, "gcOwnMs")),
    bar("memory-at-rest", "MB", 25, worstFigure(memory, "restMb")),
    bar("memory-after-load", "MB", 64, worstFigure(memory, "loadedMb")),
    bar("memory-stream-growth", "MB", 16, worstFigure(memory, "streamGrowthMb")),
    bar("cpu-recording", "× off", 1.05, recordingRatio(recording, "one-hop-plain")),
    bar("cpu-recording-export", "× off", 1.05, recordingRatio(recording, "two-hop-mtls")),
  ];
}

/** The worst of heddle's CPU time over another's, in the scenarios that both have. */
function protocolRatio(
  protocols: readonly ProtocolReport[],
  prefix: string,
  under: string,
  unit: ProtocolReport["unit"] | null = null,
): Finding {
  let worst: number | null = null;
  for (const report of protocols) {
    if (!report.name.startsWith(prefix) || (unit !== null && report.unit !== unit)) continue;
    const own = report.rows.find(({ name }) => name === "heddle");
    const other = report.rows.find(({ name }) => name === under);
    if (own === undefined || other === undefined) continue;
    const ratio = under === "haproxy" ? own.ratio : quotient(own.cpuUs, other.cpuUs);
    if (ratio === null)
      return { missing: `${report.name}: ${own.reason ?? other.reason ?? "not run"}` };
    worst = Math.max(worst ?? 0, ratio);
  }
  return worst === null ? { missing: "left out by --only" } : { value: worst };
}

function quotient(over: number | null, under: number | null): number | null {
  return over === null || under === null || under === 0 ? null : over / under;
}

function idleKb(idle: readonly IdleReport[]): Finding {
  const plain = idle.find(({ name }) => name === "idle/plain");
  if (plain === undefined) return { missing: "left out by --only" };
  if (plain.addedMb === null) return { missing: plain.reason ?? "not run" };
  return { value: (plain.addedMb * 1000) / plain.connections };
}

/** What others on the core took is not counted: it is in the report beside. */
function worstPause(pauses: readonly PauseReport[], figure: keyof PauseFigures): Finding {
  if (pauses.length === 0) return { missing: "left out by --only" };
  let worst = 0;
  for (const { name, figures, reason } of pauses) {
    if (figures === null) return { missing: `${name}: ${reason ?? "not run"}` };
    worst = Math.max(worst, figures[figure]);
  }
  return { value: worst };
}

/** The worst of heddle's p99 over HAProxy's at the same rate, where the control shows that the machine lets one compare. */
function worstP99(reports: readonly ScenarioReport[]): Finding {
  let worst: number | null = null;
  let noise = "left out by --only";
  for (const { name, subjects } of reports.filter((each) => each.name.endsWith("/rate"))) {
    const p99 = (subject: string) => subjects.find((each) => each.name === subject)?.p99Ms ?? null;
    const control = quotient(p99("haproxy-control"), p99("haproxy-ring"));
    const ratio = quotient(p99("heddle"), p99("haproxy-ring"));
    if (control === null || ratio === null) return { missing: `not measured in ${name}` };
    if (Math.max(control, 1 / control) > 1.2)
      noise = `the control was at ${control.toFixed(2)} in ${name}`;
    else worst = Math.max(worst ?? 0, ratio);
  }
  return worst === null ? { missing: noise } : { value: worst };
}

function recordingRatio(recording: readonly RecordingReport[], topology: Topology): Finding {
  const report = recording.find(({ name }) => name === `recording/${topology}`);
  if (report === undefined) return { missing: "left out by --only" };
  const { figures, reason } = report;
  return figures === null ? { missing: reason ?? "not run" } : { value: figures.ratio };
}

type Finding = { readonly value: number } | { readonly missing: string };

function bar(name: string, unit: string, limit: number, finding: Finding): Bar {
  if ("missing" in finding) {
    return { name, value: null, unit, limit, met: false, reason: finding.missing };
  }
  return { name, value: finding.value, unit, limit, met: finding.value <= limit };
}

/** The largest, over scenarios, of heddle's CPU per request over that of HAProxy's better variant. */
function worstRatio(reports: readonly ScenarioReport[], measured: Measured): Finding {
  if (reports.length === 0) return { missing: "left out by --only" };
  let worst = 0;
  for (const report of reports) {
    const best = bestHaproxy(report.subjects);
    if (best === null) return { missing: `HAProxy not measured in ${report.name}` };
    const heddle = report.subjects.find(({ name }) => name === "heddle");
    const ratio = pairedRatio(measured, report.name, "heddle", best.name);
    if (ratio === null) {
      return { missing: `heddle not measured in ${report.name}: ${heddle?.reason ?? "left out"}` };
    }
    worst = Math.max(worst, ratio);
  }
  return { value: worst };
}

/** Median over rounds of one subject's CPU per request over another's in the same round: what drifts on the machine
 *  during a run divides out. Null without a round that both have. */
export function pairedRatio(
  measured: Measured,
  scenario: string,
  over: string,
  under: string,
): number | null {
  const bySubject = measured.get(scenario);
  const upper = bySubject?.get(over)?.windows ?? [];
  const lower = bySubject?.get(under)?.windows ?? [];
  const ratios: number[] = [];
  for (let round = 0; round < Math.min(upper.length, lower.length); round++) {
    const a = upper[round]?.cpuUsPerRequest ?? null;
    const b = lower[round]?.cpuUsPerRequest ?? null;
    if (a !== null && b !== null && b > 0) ratios.push(a / b);
  }
  return median(ratios);
}

function worstFigure(
  memory: readonly MemoryReport[],
  figure: "restMb" | "loadedMb" | "streamGrowthMb",
): Finding {
  const heddle = memory.filter(({ name }) => name === "heddle");
  if (heddle.length === 0) return { missing: "left out by --only" };
  let worst = 0;
  for (const { topology, figures, reason } of heddle) {
    const value = figures?.[figure] ?? null;
    if (value === null) {
      return {
        missing: `not measured in memory/${topology}: ${reason ?? figures?.fault ?? "no figure"}`,
      };
    }
    worst = Math.max(worst, value);
  }
  return { value: worst };
}
