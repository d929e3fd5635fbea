import { setTimeout as sleep } from "node:timers/promises";
import { runCount } from "../load/h2load.ts";
import { streamDown, streamUp } from "../load/stream.ts";
import type { Rig } from "../rig/rig.ts";
import { connections } from "../scenario.ts";
import type { Subject } from "../subject/subject.ts";
import { Lane } from "./lane.ts";
import { privateDirtyMb } from "./proc.ts";

/** What a subject holds, MB of Private_Dirty of its largest process; and its longest stall under load. */
export interface MemoryFigures {
  readonly restMb: number;
  /** After 1,000 connections and a million requests, settled; and the most seen meanwhile. */
  readonly loadedMb: number;
  readonly loadedPeakMb: number;
  /** Most seen while bodies streamed, less what was held before. */
  readonly streamGrowthMb: number;
  /** Longest event-loop stall from the start through a million requests on 32 connections. Null: the subject does not say. */
  readonly stallMs: number | null;
}

/** A fresh start of the subject, then: rest · a million requests on 32 connections · as many on 1,000 · streaming.
 *  No garbage is collected by force; settled means `settleSeconds` without load. Throws with what went wrong. */
export async function measureMemory(
  rig: Rig,
  subject: Subject,
  options: {
    readonly settleSeconds: number;
    readonly requests: number;
    readonly streamBytes: number;
    readonly progress: (line: string) => void;
  },
): Promise<MemoryFigures> {
  const { settleSeconds, requests, streamBytes, progress } = options;
  const lane = await Lane.start(subject, rig);
  const port = lane.running.port;
  const say = (what: string): void =>
    progress(`memory/${subject.topology} ${subject.name}: ${what}`);
  try {
    await lane.check();
    await sleep(settleSeconds * 1000);
    const restMb = largest(lane);
    say(`${restMb.toFixed(1)} MB at rest`);

    await countedLoad(port, requests, connections);
    const stallMs = (await lane.running.stallMs?.()) ?? null;
    say(`longest stall ${stallMs?.toFixed(1) ?? "?"} ms`);

    const loadedPeakMb = await peakDuring(lane, () => countedLoad(port, requests, 1000));
    await sleep(settleSeconds * 1000);
    const loadedMb = largest(lane);
    say(`${loadedMb.toFixed(1)} MB after 1,000 connections, at most ${loadedPeakMb.toFixed(1)}`);

    const streamPeakMb = await peakDuring(lane, async () => {
      await streamDown(port, streamBytes / 2);
      await streamUp(port, streamBytes / 2);
    });
    const streamGrowthMb = Math.max(0, streamPeakMb - loadedMb);
    say(`grew by ${streamGrowthMb.toFixed(1)} MB while ${streamBytes / 1e9} GB streamed`);
    await lane.check();
    return { restMb, loadedMb, loadedPeakMb, streamGrowthMb, stallMs };
  } finally {
    await lane.stop(rig);
  }
}

async function countedLoad(port: number, requests: number, clients: number): Promise<void> {
  const done = await runCount({ port, requests, connections: clients, secondsMax: 600 });
  if (done.succeeded !== requests) {
    throw new Error(
      `${done.succeeded} of ${requests} requests on ${clients} connections succeeded`,
    );
  }
  if (done.bodyBytes !== requests * 1024) {
    throw new Error(`${done.bodyBytes} body bytes for ${requests} answers of 1,024`);
  }
}

/** Of the largest process: the bars speak of a proxy, not of a pair. */
function largest(lane: Lane): number {
  return Math.max(...lane.running.proxies.map((child) => privateDirtyMb(child.tree())));
}

async function peakDuring(lane: Lane, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  const working = work().finally(() => {
    isOver = true;
  });
  let peak = largest(lane);
  while (!isOver) {
    await Promise.race([sleep(500), working.catch(() => undefined)]);
    peak = Math.max(peak, largest(lane));
  }
  await working;
  return peak;
}
