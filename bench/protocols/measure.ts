import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../measure/median.ts";
import { cpuUs } from "../measure/proc.ts";
import { turned } from "../measure/rounds.ts";
import { reasonOf } from "../rig/not-measured.ts";
import { whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import type { Running } from "../subject/subject.ts";
import { type ProtocolScenario, subjectsOf } from "./scenarios.ts";

/** What one subject's rounds gave; medians. */
export interface ProtocolRow {
  readonly name: string;
  /** CPU time for one of the scenario's unit, in µs. Null: not measured. */
  readonly cpuUs: number | null;
  /** That over HAProxy's in the same round. */
  readonly ratio: number | null;
  readonly perSecond: number | null;
  readonly rounds: number;
  readonly reason?: string;
}

export interface ProtocolReport {
  readonly name: string;
  readonly unit: ProtocolScenario["unit"];
  readonly explained: string;
  readonly rows: readonly ProtocolRow[];
}

/** Load on each subject before the first round, in s. */
const warmUpSeconds = 3;

interface Round {
  readonly cpuUs: number;
  readonly perSecond: number;
}

/** All rounds of one scenario, subjects interleaved. CPU time is taken around the whole load, so that a connection's or a handshake's
 *  cost is in it where the load opens some. */
export async function measureProtocol(
  rig: Rig,
  scenario: ProtocolScenario,
  options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly only: ReadonlySet<string>;
    readonly progress: (line: string) => void;
  },
): Promise<ProtocolReport> {
  const { rounds, seconds, only, progress } = options;
  const report = { name: scenario.name, unit: scenario.unit, explained: scenario.explained };
  const all = subjectsOf(scenario).filter(({ name }) => only.has(name));
  const faults = new Map<string, string>();
  const running = new Map<string, Running>();
  const seen = new Map<string, (Round | null)[]>(all.map(({ name }) => [name, []]));
  try {
    const origin = await scenario.origin(rig);
    for (const subject of all) {
      try {
        const started = await subject.start(rig, origin);
        await whenListening(started.port);
        await sleep(300); // until its own proxies see each other
        running.set(subject.name, started);
      } catch (thrown) {
        faults.set(subject.name, reasonOf(thrown));
      }
    }
    // A compiler at work is no part of the cost of a request: everybody has run for a while.
    for (const [name, subject] of running) {
      await scenario.work(rig, subject, warmUpSeconds).catch((thrown: unknown) => {
        faults.set(name, reasonOf(thrown));
      });
    }
    for (let round = 0; round < rounds; round++) {
      for (const [name, subject] of turned([...running], round)) {
        try {
          const pids = subject.proxies.flatMap((child) => child.tree());
          const before = cpuUs(pids);
          const startMs = performance.now();
          const { count } = await scenario.work(rig, subject, seconds);
          const tookS = (performance.now() - startMs) / 1000;
          seen.get(name)!.push({ cpuUs: (cpuUs(pids) - before) / count, perSecond: count / tookS });
        } catch (thrown) {
          seen.get(name)!.push(null);
          if (!faults.has(name)) faults.set(name, reasonOf(thrown));
        }
      }
    }
  } catch (thrown) {
    for (const { name } of all) faults.set(name, reasonOf(thrown));
  } finally {
    for (const { proxies } of running.values()) await rig.children.stop(proxies);
  }
  const base = seen.get("haproxy") ?? [];
  const rows = all.map(({ name }): ProtocolRow => {
    const series = seen.get(name)!;
    const valid = series.filter((round) => round !== null);
    const ratios = series.flatMap((round, at) => {
      const under = base[at] ?? null;
      return round === null || under === null ? [] : [round.cpuUs / under.cpuUs];
    });
    const reason = faults.get(name);
    return {
      name,
      cpuUs: median(valid.map((round) => round.cpuUs)),
      ratio: median(ratios),
      perSecond: median(valid.map((round) => round.perSecond)),
      rounds: valid.length,
      ...(reason === undefined ? {} : { reason }),
    };
  });
  const told = rows.map(
    ({ name, cpuUs: us, ratio }) => `${name} ${us?.toFixed(1)} µs (${ratio?.toFixed(2)})`,
  );
  progress(`${scenario.name}: ${told.join(", ")}`);
  return { ...report, rows };
}
