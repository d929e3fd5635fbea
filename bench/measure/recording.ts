import { setTimeout as sleep } from "node:timers/promises";
import { faultOf } from "../load/result.ts";
import { runWrk } from "../load/wrk.ts";
import type { Rig } from "../rig/rig.ts";
import { connections, recordingScenarios } from "../scenario.ts";
import { heddle } from "../subject/heddle.ts";
import { contract } from "../subject/heddle-documents.ts";
import { RecordKeeper } from "../subject/record-keeper.ts";
import type { Topology } from "../subject/subject.ts";
import { Lane } from "./lane.ts";
import { median } from "./median.ts";
import { cpuUs } from "./proc.ts";

/** What recording costs in one topology. */
export interface RecordingFigures {
  /** CPU per request with recording on over that with it off, each pair of neighbouring windows by itself: the median. */
  readonly ratio: number;
  /** A quarter of the pairs is below the first, and a quarter above the second. */
  readonly quartiles: readonly [number, number];
  readonly onUs: number;
  readonly offUs: number;
  readonly pairs: number;
  /** Exchanges a second that the control plane was given while recording was on; null: there was none. */
  readonly exportedPerSecond: number | null;
}

/** After a switch: what was recorded before is on its way, in ms. */
const settleMs = 300;

/**
 * Switches recording on and off in proxies that run, under one load that does not end meanwhile: what the machine does
 * from minute to minute meets both alike. A Contract is attached, each request is an operation whose value of 1 KB is
 * captured; in two hops both proxies send what they record to a control plane.
 */
export async function measureRecording(
  rig: Rig,
  topology: Topology,
  options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly progress: (line: string) => void;
  },
): Promise<RecordingFigures> {
  const { rounds, seconds, progress } = options;
  const { isExporting } = recordingScenarios.find((one) => one.topology === topology)!;
  const keeper = isExporting ? await RecordKeeper.open(rig) : null;
  const subject = heddle(topology, { contract, control: keeper?.port ?? null });
  const lane = await Lane.start(subject, rig);
  try {
    await lane.check();
    const windowMs = seconds * 1000;
    const loadSeconds = Math.ceil((rounds * 2 * (windowMs + settleMs + 100)) / 1000) + 3;
    const { port } = lane.running;
    const load = runWrk({ port, heads: "ten", seconds: loadSeconds, connections });
    const [pairs, result] = await Promise.all([
      switchOnAndOff(rig, lane, { rounds, windowMs, keeper }),
      load,
    ]);
    const fault = faultOf(result, lane.wireBytes.ten);
    if (fault !== null) throw new Error(fault);
    const ratios = pairs.map(({ on, off }) => on / off).sort((a, b) => a - b);
    const figures: RecordingFigures = {
      ratio: median(ratios)!,
      quartiles: [ratios[ratios.length >> 2]!, ratios[(ratios.length * 3) >> 2]!],
      onUs: median(pairs.map(({ on }) => on))!,
      offUs: median(pairs.map(({ off }) => off))!,
      pairs: pairs.length,
      exportedPerSecond: keeper === null ? null : median(pairs.map(({ exported }) => exported)),
    };
    progress(`recording/${topology}: ${figures.ratio.toFixed(3)}`);
    return figures;
  } finally {
    await lane.stop(rig);
    keeper?.close();
  }
}

interface Pair {
  readonly on: number;
  readonly off: number;
  /** A second, while on. */
  readonly exported: number;
}

async function switchOnAndOff(
  rig: Rig,
  lane: Lane,
  options: {
    readonly rounds: number;
    readonly windowMs: number;
    readonly keeper: RecordKeeper | null;
  },
): Promise<Pair[]> {
  const { rounds, windowMs, keeper } = options;
  const pids = lane.pids();
  const pairs: Pair[] = [];
  await sleep(1000);
  for (let round = 0; round < rounds; round++) {
    const measured = { on: 0, off: 0, exported: 0 };
    // Off first and on first by turns, so that a trend favours neither.
    for (const isOn of round % 2 === 0 ? [true, false] : [false, true]) {
      await lane.running.setRecording!(isOn);
      await sleep(settleMs);
      const from = { cpu: cpuUs(pids), answered: rig.origin.answered(), kept: keeper?.kept ?? 0 };
      await sleep(windowMs);
      const answered = rig.origin.answered() - from.answered;
      const perRequest = (cpuUs(pids) - from.cpu) / answered;
      if (isOn) {
        measured.on = perRequest;
        measured.exported = ((keeper?.kept ?? 0) - from.kept) / (windowMs / 1000);
      } else {
        measured.off = perRequest;
      }
    }
    pairs.push(measured);
  }
  return pairs;
}
