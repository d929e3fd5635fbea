import { setTimeout as sleep } from "node:timers/promises";
import { runCount } from "../load/h2load.ts";
import { streamDown, streamUp } from "../load/stream.ts";
import { reasonOf } from "../rig/not-measured.ts";
import type { Rig } from "../rig/rig.ts";
import { connections } from "../scenario.ts";
import type { Subject } from "../subject/subject.ts";
import { Lane } from "./lane.ts";
import { privateDirtyMb } from "./proc.ts";

/** What a subject holds, MB of Private_Dirty of its largest process; and its longest stall under load. Null: not
 *  measured, and `fault` says why. */
export interface MemoryFigures {
  readonly restMb: number | null;
  /** After 1,000 connections and a million requests, settled; and the most seen meanwhile. */
  readonly loadedMb: number | null;
  readonly loadedPeakMb: number | null;
  /** Most seen while bodies streamed, less what was held before. */
  readonly streamGrowthMb: number | null;
  /** Longest event-loop stall from the start through a million requests on 32 connections. Null: it does not say. */
  readonly stallMs: number | null;
  /** What went wrong first. */
  readonly fault: string | null;
}

/** A fresh start of the subject, then: rest · a million requests on 32 connections · as many on 1,000 · streaming.
 *  No garbage is collected by force; settled means `settleSeconds` without load. A step that fails, for one wrong
 *  status or byte, leaves its figures out and the others in. Throws where the subject does not start. */
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
  const { settleSeconds, requests, streamBytes } = options;
  const lane = await Lane.start(subject, rig);
  const port = lane.running.port;
  let fault: string | null = null;
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      const value = await work();
      options.progress(`memory/${subject.topology} ${subject.name}: ${what}: ${show(value)}`);
      return value;
    } catch (thrown) {
      fault ??= `${what}: ${reasonOf(thrown)}`;
      options.progress(`memory/${subject.topology} ${subject.name}: ${what}: ${reasonOf(thrown)}`);
      return null;
    }
  };
  const settled = async (): Promise<number> => {
    await sleep(settleSeconds * 1000);
    return largest(lane);
  };
  try {
    const restMb = await step("MB at rest", async () => {
      await lane.check();
      return settled();
    });
    const stallMs = await step("longest stall, ms", async () => {
      await countedLoad(port, requests, connections);
      return (await lane.running.stallMs?.()) ?? null;
    });
    const loadedPeakMb = await step("most MB with 1,000 connections", () =>
      peakDuring(lane, () => countedLoad(port, requests, 1000)),
    );
    const beforeMb = await settled();
    const loadedMb =
      loadedPeakMb === null ? null : await step("MB after", () => Promise.resolve(beforeMb));
    const streamGrowthMb = await step("MB grown while streaming", async () => {
      const peakMb = await peakDuring(lane, async () => {
        await streamDown(port, streamBytes / 2);
        await streamUp(port, streamBytes / 2);
      });
      await lane.check();
      return Math.max(0, peakMb - beforeMb);
    });
    return { restMb, loadedMb, loadedPeakMb, streamGrowthMb, stallMs, fault };
  } finally {
    await lane.stop(rig);
  }
}

function show(value: unknown): string {
  return typeof value === "number" ? value.toFixed(1) : "not told";
}

async function countedLoad(port: number, requests: number, clients: number): Promise<void> {
  const done = await runCount({ port, requests, connections: clients, secondsMax: 600 });
  if (done.succeeded !== requests || done.bodyBytes !== requests * 1024) {
    throw new Error(`of ${requests} requests on ${clients} connections: ${done.told}`);
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
