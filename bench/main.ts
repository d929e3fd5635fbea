import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { runBalance } from "./balance/run.ts";
import { runCheckers } from "./checkers/run.ts";
import type { Lane } from "./measure/lane.ts";
import { measureMemory } from "./measure/memory.ts";
import { measureRecording } from "./measure/recording.ts";
import { runRounds } from "./measure/rounds.ts";
import { startLane } from "./measure/startup.ts";
import { choose, type Options, parseOptions, usage } from "./options.ts";
import { type IdleReport, idleScenarios, measureIdle } from "./protocols/idle.ts";
import { measureProtocol, type ProtocolReport } from "./protocols/measure.ts";
import { measurePauses, type PauseReport, pauseScenarios } from "./protocols/pauses.ts";
import { protocolScenarios, protocolSubjects } from "./protocols/scenarios.ts";
import { judge } from "./report/bars.ts";
import { renderPlot } from "./report/plot.ts";
import {
  describeMachine,
  type Findings,
  laneKey,
  type MemoryReport,
  type RecordingReport,
  type Report,
  reportScenario,
  type StartReport,
} from "./report/report.ts";
import { renderReport } from "./report/table.ts";
import { reasonOf } from "./rig/not-measured.ts";
import { Rig } from "./rig/rig.ts";
import { runScale } from "./scale/run.ts";
import { memoryScenarios, recordingScenarios, scenarios, subjects } from "./scenario.ts";
import { runStorm } from "./storm/run.ts";
import type { Subject } from "./subject/subject.ts";

/** Runs the bench. 0: every bar is met, 1: one is not, 64: usage. */
async function main(argv: readonly string[]): Promise<number> {
  let options: Options | "help";
  let chosen: Chosen;
  try {
    options = parseOptions(argv);
    chosen = choose(options === "help" ? [] : options.only, {
      scenarios: [
        ...[...scenarios, ...memoryScenarios, ...recordingScenarios].map(({ name }) => name),
        ...protocolScenarios.map(({ name }) => name),
        ...idleScenarios,
        ...pauseScenarios.map(({ name }) => name),
        ...Object.keys(apart),
      ],
      subjects: [...new Set([...subjects.map(({ name }) => name), ...protocolSubjects])],
    });
  } catch (thrown) {
    process.stderr.write(`${reasonOf(thrown)}\n\n${usage}`);
    return 64;
  }
  if (options === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const print: Print = (text) => void process.stdout.write(text);
  const codes: number[] = [];
  for (const [name, run] of Object.entries(apart)) {
    if (chosen.scenarios.has(name)) codes.push(await run(options.isQuick, print));
  }
  if (codes.length === chosen.scenarios.size) return Math.max(...codes);
  return Math.max(...codes, await measure(options, chosen));
}

type Print = (text: string) => void;

/** Scenarios that need none of the rounds of all others, and judge themselves: 0, every bar is met. */
const apart: Readonly<
  Record<string, (isQuick: boolean, print: Print) => number | Promise<number>>
> = {
  checkers: (_, print) => runCheckers(print),
  balance: runBalance,
  storm: runStorm,
  scale: runScale,
};

/** All that carries traffic. */
async function measure(options: Options, chosen: Chosen): Promise<number> {
  let rig: Rig;
  try {
    rig = await Rig.build();
  } catch (thrown) {
    return publish(options, nothing(chosen, reasonOf(thrown)));
  }
  try {
    return publish(options, await run(rig, options, chosen));
  } finally {
    await rig.close();
  }
}

type Chosen = ReturnType<typeof choose>;

/** The findings of a machine that cannot carry a bench: every subject is there, with the reason. */
function nothing(chosen: Chosen, reason: string): Findings {
  const taken = subjects.filter(({ name }) => chosen.subjects.has(name));
  return {
    scenarios: scenarios.filter(({ name }) => chosen.scenarios.has(name)),
    subjects: taken,
    machine: describeMachine(),
    measured: new Map(),
    rates: new Map(),
    starts: new Map(taken.map((subject) => [laneKey(subject), { startupMs: null, reason }])),
    memory: memoryTakers(chosen).map(({ name, topology }) => ({
      name,
      topology,
      figures: null,
      reason,
    })),
    recording: recordingTakers(chosen).map(({ name }) => ({ name, figures: null, reason })),
    protocols: [],
    idle: idleScenarios
      .filter((name) => chosen.scenarios.has(name))
      .map((name) => ({ name, connections: 0, addedMb: null, reason })),
    pauses: pauseTakers(chosen).map(({ name }) => ({ name, requests: 0, figures: null, reason })),
  };
}

async function run(rig: Rig, options: Options, chosen: Chosen): Promise<Findings> {
  const machine = describeMachine();
  const startedMs = performance.now();
  const progress = (line: string): void => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(5);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  const wanted = scenarios.filter(({ name }) => chosen.scenarios.has(name));
  const taken = subjects.filter(({ name }) => chosen.subjects.has(name));
  const started = await startAll(rig, options, {
    subjects: taken.filter(({ topology }) => wanted.some((one) => one.topology === topology)),
    progress,
  });
  const result = await runRounds(rig, started.lanes, wanted, {
    rounds: options.rounds,
    seconds: options.windowSeconds,
    progress,
  });
  for (const lane of started.lanes) await lane.stop(rig);
  const memory: MemoryReport[] = [];
  for (const subject of memoryTakers(chosen)) {
    memory.push(await tryMemory(rig, subject, options, progress));
  }
  const recording: RecordingReport[] = [];
  for (const scenario of recordingTakers(chosen)) {
    recording.push(await tryRecording(rig, scenario, options, progress));
  }
  const protocols: ProtocolReport[] = [];
  for (const scenario of protocolScenarios.filter(({ name }) => chosen.scenarios.has(name))) {
    const rounds = Math.min(options.rounds, 7);
    const seconds = options.windowSeconds;
    const only = chosen.subjects;
    protocols.push(await measureProtocol(rig, scenario, { rounds, seconds, only, progress }));
  }
  const idle: IdleReport[] = [];
  for (const name of idleScenarios.filter((each) => chosen.scenarios.has(each))) {
    const connections = name === "idle/mtls-http1" ? 2000 : 10_000;
    const settleSeconds = options.settleSeconds / 2;
    idle.push(await measureIdle(rig, name, { connections, settleSeconds }));
  }
  const pauses: PauseReport[] = [];
  for (const scenario of pauseTakers(chosen)) {
    pauses.push(await measurePauses(rig, scenario, options.manyRequests));
    progress(`${scenario.name}: ${JSON.stringify(pauses.at(-1)?.figures)}`);
  }
  return {
    ...result,
    machine,
    scenarios: wanted,
    subjects: taken,
    starts: started.reports,
    memory,
    recording,
    protocols,
    idle,
    pauses,
  };
}

/** Judges, prints and writes. Returns the exit code. */
function publish(options: Options, findings: Findings): number {
  const { measured, memory, recording, protocols, idle, pauses } = findings;
  const reports = findings.scenarios.map((scenario) => reportScenario(scenario, findings));
  const report: Report = {
    machine: findings.machine,
    isQuick: options.isQuick,
    scenarios: reports,
    memory,
    recording,
    protocols,
    idle,
    pauses,
    bars: judge(reports, measured, { memory, recording, protocols, idle, pauses }),
  };
  process.stdout.write(renderReport(report, measured));
  writeTo(options.plotFile, renderPlot(report));
  process.stderr.write(`plot in ${options.plotFile}\n`);
  if (options.jsonFile !== null) {
    writeTo(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
    process.stderr.write(`figures in ${options.jsonFile}\n`);
  }
  return report.bars.every(({ met }) => met) ? 0 : 1;
}

async function startAll(
  rig: Rig,
  options: Options,
  what: { readonly subjects: readonly Subject[]; readonly progress: (line: string) => void },
): Promise<{ readonly lanes: Lane[]; readonly reports: Map<string, StartReport> }> {
  const lanes: Lane[] = [];
  const reports = new Map<string, StartReport>();
  for (const subject of what.subjects) {
    try {
      const { lane, startupMs } = await startLane(subject, rig, options.starts);
      lanes.push(lane);
      reports.set(laneKey(subject), { startupMs, reason: null });
      what.progress(`${laneKey(subject)} answers`);
    } catch (thrown) {
      const reason = reasonOf(thrown);
      reports.set(laneKey(subject), { startupMs: null, reason });
      what.progress(`${laneKey(subject)} not measured: ${reason}`);
    }
  }
  return { lanes, reports };
}

/** heddle, and HAProxy to compare with, in the chosen memory scenarios. */
function memoryTakers(chosen: Chosen): Subject[] {
  const topologies = memoryScenarios
    .filter(({ name }) => chosen.scenarios.has(name))
    .map(({ topology }) => topology);
  return subjects.filter(
    ({ name, topology }) =>
      chosen.subjects.has(name) &&
      topologies.includes(topology) &&
      (name === "heddle" || name === "haproxy-ring"),
  );
}

async function tryMemory(
  rig: Rig,
  subject: Subject,
  options: Options,
  progress: (line: string) => void,
): Promise<MemoryReport> {
  const { name, topology } = subject;
  try {
    const figures = await measureMemory(rig, subject, {
      settleSeconds: options.settleSeconds,
      requests: options.manyRequests,
      streamBytes: options.streamBytes,
      progress,
    });
    return { name, topology, figures };
  } catch (thrown) {
    progress(`memory/${topology} ${name} not measured: ${reasonOf(thrown)}`);
    return { name, topology, figures: null, reason: reasonOf(thrown) };
  }
}

function pauseTakers(chosen: Chosen): (typeof pauseScenarios)[number][] {
  return chosen.subjects.has("heddle")
    ? pauseScenarios.filter(({ name }) => chosen.scenarios.has(name))
    : [];
}

function recordingTakers(chosen: Chosen): (typeof recordingScenarios)[number][] {
  return chosen.subjects.has("heddle")
    ? recordingScenarios.filter(({ name }) => chosen.scenarios.has(name))
    : [];
}

async function tryRecording(
  rig: Rig,
  { name, topology }: (typeof recordingScenarios)[number],
  options: Options,
  progress: (line: string) => void,
): Promise<RecordingReport> {
  try {
    const rounds = options.isQuick ? 5 : options.rounds * 2;
    const seconds = options.windowSeconds;
    return { name, figures: await measureRecording(rig, topology, { rounds, seconds, progress }) };
  } catch (thrown) {
    progress(`${name} not measured: ${reasonOf(thrown)}`);
    return { name, figures: null, reason: reasonOf(thrown) };
  }
}

function writeTo(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

process.exitCode = await main(process.argv.slice(2));
