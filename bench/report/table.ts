import type { Measured } from "../measure/rounds.ts";
import { pairedRatio } from "./bars.ts";
import { bestHaproxy, type Report, type ScenarioReport, type SubjectReport } from "./report.ts";

/** Above this, something else ran on the two cores. */
const loadAverageMax = 0.5;

/** The whole report as text for a terminal. */
export function renderReport(report: Report, measured: Measured): string {
  const { machine } = report;
  const lines = [
    `${machine.cpu}, ${machine.memoryGb} GB, Linux ${machine.kernel}, Node ${machine.node}`,
    "CPU per request counts every thread, user and system, in /proc; ratios are medians of rounds against HAProxy's better variant.",
  ];
  if (machine.loadAverage > loadAverageMax) {
    lines.push(
      `The machine was not quiet: load average ${machine.loadAverage} before the run. Ratios may hold; latencies, stalls and requests/s do not.`,
    );
  }
  if (report.isQuick) lines.push("A quick trial: too few and too short rounds to quote.");
  for (const scenario of report.scenarios) {
    lines.push("", `${scenario.name}   ${describe(scenario)}`);
    lines.push(...columns(rowsOf(scenario.subjects, measured, scenario.name)));
  }
  if (report.memory.length > 0) lines.push("", "memory   largest process, Private_Dirty");
  lines.push(...columns(memoryRows(report)));
  if (report.recording.length > 0) {
    lines.push("", "recording   on over off in one process, under one load; medians of pairs");
    lines.push(...columns(recordingRows(report)));
  }
  for (const { name, unit, explained, rows } of report.protocols) {
    lines.push("", `${name}   ${explained}`);
    lines.push(
      ...columns([
        [
          "SUBJECT",
          `${unit.toUpperCase()}S/S`,
          `CPU US/${unit.toUpperCase()}`,
          "RATIO",
          "ROUNDS",
          "",
        ],
        ...rows.map((row) => [
          row.name,
          number(row.perSecond, 0),
          number(row.cpuUs, 1),
          number(row.ratio, 2),
          String(row.rounds),
          row.reason?.slice(0, 200) ?? "",
        ]),
      ]),
    );
  }
  if (report.idle.length > 0)
    lines.push("", "idle   what idle connections add to one proxy, Private_Dirty");
  lines.push(...columns(idleRows(report)));
  if (report.pauses.length > 0)
    lines.push("", "pauses   longest, of any proxy; own: without the wait for a core");
  lines.push(...columns(pauseRows(report)));
  lines.push("", "features");
  lines.push(...columns(featureRows(report)));
  lines.push("", "bars");
  lines.push(
    ...columns([
      ["", "BAR", "VALUE", "LIMIT", "UNIT", "REASON"],
      ...report.bars.map((bar) => [
        bar.met ? "met" : "NOT MET",
        bar.name,
        number(bar.value, 2),
        `<= ${bar.limit}`,
        bar.unit,
        bar.reason ?? "",
      ]),
    ]),
  );
  return `${lines.join("\n")}\n`;
}

function describe({ features, ratePerSecond }: ScenarioReport): string {
  const rate = ratePerSecond === null ? [] : [`${number(ratePerSecond, 0)} requests/s`];
  return [...features, ...rate].join(" · ");
}

function rowsOf(
  subjects: readonly SubjectReport[],
  measured: Measured,
  scenario: string,
): string[][] {
  const best = bestHaproxy(subjects)?.name;
  const head = [
    "SUBJECT",
    "REQ/S",
    "P50 MS",
    "P99 MS",
    "CPU US/REQ",
    "RATIO",
    "DIRTY MB",
    "START MS",
    "ROUNDS",
    "",
  ];
  const rows = subjects
    .filter(({ name }) => name !== "haproxy")
    .map((subject) => [
      subject.name + (subject.name === best ? " *" : ""),
      number(subject.requestsPerSecond, 0),
      number(subject.p50Ms, 2),
      number(subject.p99Ms, 2),
      number(subject.cpuUsPerRequest, 1),
      best === undefined ? "-" : number(pairedRatio(measured, scenario, subject.name, best), 2),
      number(subject.privateDirtyMb, 1),
      number(subject.startupMs, 0),
      `${subject.rounds}${subject.voidRounds > 0 ? ` (${subject.voidRounds} void)` : ""}`,
      subject.rounds === 0 ? `not measured: ${subject.reason ?? ""}` : (subject.reason ?? ""),
    ]);
  return [head, ...rows];
}

function memoryRows(report: Report): string[][] {
  if (report.memory.length === 0) return [];
  const head = [
    "SUBJECT",
    "TOPOLOGY",
    "REST MB",
    "LOADED MB",
    "PEAK MB",
    "STREAM +MB",
    "STALL MS",
    "",
  ];
  return [
    head,
    ...report.memory.map(({ name, topology, figures, reason }) => [
      name,
      topology,
      number(figures?.restMb ?? null, 1),
      number(figures?.loadedMb ?? null, 1),
      number(figures?.loadedPeakMb ?? null, 1),
      number(figures?.streamGrowthMb ?? null, 1),
      number(figures?.stallMs ?? null, 1),
      figures === null ? `not measured: ${reason ?? ""}` : (figures.fault ?? ""),
    ]),
  ];
}

function recordingRows({ recording }: Report): string[][] {
  const head = ["SCENARIO", "ON US", "OFF US", "RATIO", "QUARTILES", "PAIRS", "EXPORTED/S", ""];
  return [
    head,
    ...recording.map(({ name, figures, reason }) => [
      name,
      number(figures?.onUs ?? null, 2),
      number(figures?.offUs ?? null, 2),
      number(figures?.ratio ?? null, 3),
      figures === null ? "-" : figures.quartiles.map((each) => number(each, 3)).join(" to "),
      number(figures?.pairs ?? null, 0),
      number(figures?.exportedPerSecond ?? null, 0),
      figures === null ? `not measured: ${reason ?? ""}` : "",
    ]),
  ];
}

function idleRows({ idle }: Report): string[][] {
  if (idle.length === 0) return [];
  return [
    ["SCENARIO", "CONNECTIONS", "ADDED MB", "KB EACH", ""],
    ...idle.map(({ name, connections, addedMb, reason }) => [
      name,
      number(connections, 0),
      number(addedMb, 1),
      number(addedMb === null ? null : (addedMb * 1000) / connections, 1),
      reason ?? "",
    ]),
  ];
}

function pauseRows({ pauses }: Report): string[][] {
  if (pauses.length === 0) return [];
  return [
    ["SCENARIO", "REQUESTS", "STALL MS", "OWN MS", "OVER 5 MS", "GC MS", "OWN MS", "GCS", ""],
    ...pauses.map(({ name, requests, figures, reason }) => [
      name,
      number(requests, 0),
      number(figures?.stallMs ?? null, 1),
      number(figures?.stallOwnMs ?? null, 1),
      number(figures?.stallsOver ?? null, 0),
      number(figures?.gcMs ?? null, 1),
      number(figures?.gcOwnMs ?? null, 1),
      number(figures?.gcs ?? null, 0),
      reason ?? "",
    ]),
  ];
}

function featureRows(report: Report): string[][] {
  const seen = new Map<string, readonly string[]>();
  for (const { name, subjects } of report.scenarios) {
    for (const subject of subjects) {
      if (subject.name !== "haproxy") {
        seen.set(`${subject.name}\t${name.split("/", 1)[0]}`, subject.features);
      }
    }
  }
  return [...seen].map(([key, features]) => [...key.split("\t"), features.join(" · ")]);
}

function number(value: number | null, digits: number): string {
  if (value === null || Number.isNaN(value)) return "-";
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Figures to the right, words to the left, two spaces between. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  const isFigure = (cell: string): boolean => /^[\d,.-]+( \(\d+ void\))?$/.test(cell);
  const figureColumns = widths.map((_, index) =>
    rows.slice(1).every((row) => row[index] !== undefined && isFigure(row[index])),
  );
  return rows.map((row) =>
    row
      .map((cell, index) =>
        figureColumns[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!),
      )
      .join("  ")
      .trimEnd(),
  );
}
