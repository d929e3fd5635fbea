import { median } from "../measure/median.ts";
import type { Measured } from "../measure/rounds.ts";
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
  { memory, recording }: Pick<Report, "memory" | "recording">,
): Bar[] {
  const cpu = (prefix: string): Finding =>
    worstRatio(
      reports.filter(({ name }) => name.startsWith(prefix) && name.endsWith("/closed")),
      measured,
    );
  return [
    bar("cpu-one-hop-plain", "× HAProxy", 1.4, cpu("one-hop-plain/")),
    bar("cpu-two-hop-mtls", "× HAProxy", 1.5, cpu("two-hop-mtls/")),
    bar("event-loop-stall", "ms", 5, worstFigure(memory, "stallMs")),
    bar("memory-at-rest", "MB", 25, worstFigure(memory, "restMb")),
    bar("memory-after-load", "MB", 64, worstFigure(memory, "loadedMb")),
    bar("memory-stream-growth", "MB", 16, worstFigure(memory, "streamGrowthMb")),
    bar("cpu-recording", "× off", 1.05, recordingRatio(recording, "one-hop-plain")),
    bar("cpu-recording-export", "× off", 1.05, recordingRatio(recording, "two-hop-mtls")),
  ];
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
  figure: "restMb" | "loadedMb" | "streamGrowthMb" | "stallMs",
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
