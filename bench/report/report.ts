import { cpus, loadavg, release, totalmem } from "node:os";
import { median } from "../measure/median.ts";
import type { MemoryFigures } from "../measure/memory.ts";
import type { RecordingFigures } from "../measure/recording.ts";
import { type RoundsResult, rateKey, type Series } from "../measure/rounds.ts";
import type { Window } from "../measure/window.ts";
import type { IdleReport } from "../protocols/idle.ts";
import type { ProtocolReport } from "../protocols/measure.ts";
import type { PauseReport } from "../protocols/pauses.ts";
import type { Scenario } from "../scenario.ts";
import type { Subject, Topology } from "../subject/subject.ts";

/** What `--json` writes. Figures are medians over valid rounds; null: not measured, and `reason` says why. */
export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly kernel: string;
    readonly memoryGb: number;
    readonly node: string;
    /** Processes that wanted a core in the minute before the run: on a quiet machine near 0. */
    readonly loadAverage: number;
  };
  readonly isQuick: boolean;
  readonly scenarios: readonly ScenarioReport[];
  readonly memory: readonly MemoryReport[];
  readonly recording: readonly RecordingReport[];
  readonly protocols: readonly ProtocolReport[];
  readonly idle: readonly IdleReport[];
  readonly pauses: readonly PauseReport[];
  readonly bars: readonly Bar[];
}

/** A limit heddle has to keep. What could not be measured is not met, and `reason` says why. */
export interface Bar {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly limit: number;
  readonly met: boolean;
  readonly reason?: string;
}

export interface ScenarioReport {
  readonly name: string;
  readonly features: readonly string[];
  /** Requests per second asked for in a fixed-rate scenario; null in a closed loop. */
  readonly ratePerSecond: number | null;
  readonly subjects: readonly SubjectReport[];
}

export interface SubjectReport {
  readonly name: string;
  readonly requestsPerSecond: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly cpuUsPerRequest: number | null;
  readonly privateDirtyMb: number | null;
  readonly startupMs: number | null;
  readonly features: readonly string[];
  readonly rounds: number;
  readonly voidRounds: number;
  readonly reason?: string;
}

export interface MemoryReport {
  readonly topology: Topology;
  readonly name: string;
  readonly figures: MemoryFigures | null;
  readonly reason?: string;
}

/** What recording costs, under one load in which it is switched on and off. */
export interface RecordingReport {
  readonly name: string;
  readonly figures: RecordingFigures | null;
  readonly reason?: string;
}

/** Why a subject is not in the figures, and how long it took to start: by `<topology>/<name>`. */
export interface StartReport {
  readonly startupMs: number | null;
  readonly reason: string | null;
}

export function laneKey(subject: Pick<Subject, "topology" | "name">): string {
  return `${subject.topology}/${subject.name}`;
}

/** What a run found, before it is judged. */
export interface Findings extends RoundsResult {
  readonly machine: Report["machine"];
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly Subject[];
  readonly starts: ReadonlyMap<string, StartReport>;
  readonly memory: readonly MemoryReport[];
  readonly recording: readonly RecordingReport[];
  readonly protocols: readonly ProtocolReport[];
  readonly idle: readonly IdleReport[];
  readonly pauses: readonly PauseReport[];
}

/** The rows of one scenario, and one more: "haproxy" is the variant that cost least. */
export function reportScenario(scenario: Scenario, findings: Findings): ScenarioReport {
  const { subjects, measured, starts } = findings;
  const ratePerSecond =
    scenario.load === "rate" ? (findings.rates.get(rateKey(scenario)) ?? null) : null;
  const rows = subjects
    .filter(({ topology }) => topology === scenario.topology)
    .map((subject) =>
      reportSubject(
        subject,
        measured.get(scenario.name)?.get(subject.name),
        starts.get(laneKey(subject)),
      ),
    )
    .map((row) => markSlow(row, ratePerSecond));
  const best = bestHaproxy(rows);
  if (best !== null) rows.push({ ...best, name: "haproxy", reason: `the same as ${best.name}` });
  return { name: scenario.name, features: scenario.features, ratePerSecond, subjects: rows };
}

/** Says so where a subject did not reach the rate asked for: its latencies are then those of another, lower one. */
function markSlow(row: SubjectReport, ratePerSecond: number | null): SubjectReport {
  const reached = row.requestsPerSecond;
  if (ratePerSecond === null || reached === null || reached >= 0.95 * ratePerSecond) return row;
  const reason = `kept up with ${Math.round((100 * reached) / ratePerSecond)} % of the rate`;
  return { reason, ...row };
}

/** The variant of HAProxy with the least CPU per request, or null if none was measured. The control does not count. */
export function bestHaproxy(rows: readonly SubjectReport[]): SubjectReport | null {
  const variants = rows.filter(
    ({ name, cpuUsPerRequest }) =>
      (name === "haproxy-socket" || name === "haproxy-ring") && cpuUsPerRequest !== null,
  );
  variants.sort((a, b) => a.cpuUsPerRequest! - b.cpuUsPerRequest!);
  return variants[0] ?? null;
}

function reportSubject(
  subject: Subject,
  series: Series | undefined,
  start: StartReport | undefined,
): SubjectReport {
  const valid = (series?.windows ?? []).filter((window) => window !== null);
  const over = (figure: (window: Window) => number | null): number | null =>
    median(valid.map(figure).filter((value) => value !== null));
  const reason = start?.reason ?? series?.fault ?? (series === undefined ? "not run" : null);
  return {
    name: subject.name,
    requestsPerSecond: over((window) => window.requestsPerSecond),
    p50Ms: over((window) => window.p50Ms),
    p99Ms: over((window) => window.p99Ms),
    cpuUsPerRequest: over((window) => window.cpuUsPerRequest),
    privateDirtyMb: over((window) => window.privateDirtyMb),
    startupMs: start?.startupMs ?? null,
    features: subject.features,
    rounds: valid.length,
    voidRounds: (series?.windows.length ?? 0) - valid.length,
    ...(reason === null ? {} : { reason }),
  };
}

/** To be asked before the run, whose own load would count. */
export function describeMachine(): Report["machine"] {
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    kernel: release(),
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
