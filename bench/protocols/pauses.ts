import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCount } from "../load/h2load.ts";
import { runLoad } from "../load/run.ts";
import { reasonOf } from "../rig/not-measured.ts";
import { whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { connections } from "../scenario.ts";
import { heddle } from "../subject/heddle.ts";
import type { Running, Topology } from "../subject/subject.ts";
import { grpcCall, h2Origin, multiplexed } from "./scenarios.ts";

const loads = ["http1", "h2", "grpc"] as const;
const topologies: readonly Topology[] = ["one-hop-plain", "two-hop-mtls"];

/** Where it is looked for how long heddle's proxies stop. */
export const pauseScenarios = topologies.flatMap((topology) =>
  loads.map((load) => ({ name: `pauses/${topology}/${load}`, topology, load })),
);

/** Of many requests, the longest of any proxy, in ms. *Own* is without the time in which the thread waited for a core: short by up to
 *  2 ms, between which it is looked at. */
export interface PauseFigures {
  readonly stallMs: number;
  readonly stallOwnMs: number;
  /** Stalls of more than 5 ms of wall time. */
  readonly stallsOver: number;
  readonly gcMs: number;
  readonly gcOwnMs: number;
  readonly gcs: number;
}

export interface PauseReport {
  readonly name: string;
  readonly requests: number;
  readonly figures: PauseFigures | null;
  readonly reason?: string;
}

/** Requests before the figures begin: the first run uncompiled code. */
const warmUpRequests = 30_000;

/** A fresh start, a warm-up, then `requests` as fast as they are answered. */
export async function measurePauses(
  rig: Rig,
  { name, topology, load }: (typeof pauseScenarios)[number],
  requests: number,
): Promise<PauseReport> {
  let running: Running | null = null;
  try {
    const origin = load === "http1" ? rig.origin.port : await h2Origin("unary")(rig);
    const folder = join(rig.folder, "pauses");
    mkdirSync(folder, { recursive: true });
    const watch = new URL("../peers/pause-watch.mjs", import.meta.url).href;
    const env = { NODE_OPTIONS: `--import ${watch}`, HEDDLE_BENCH_PAUSES: folder };
    const carried = { protocol: "http", origin, env } as const;
    running = await heddle(topology, { contract: null, control: null }, carried).start(rig);
    const { port, proxies } = running;
    await whenListening(port);
    await sleep(1000);
    const run = (count: number) =>
      load === "http1" ? http1(port, count) : h2(port, count, load === "grpc" ? grpcCall(rig) : []);
    await run(warmUpRequests);
    const pids = proxies.map(({ pid }) => pid);
    await readAll(pids, folder);
    await run(requests);
    const all = await readAll(pids, folder);
    const most = (figure: keyof PauseFigures) => Math.max(...all.map((each) => each[figure]));
    const sum = (figure: keyof PauseFigures) => all.reduce((so, each) => so + each[figure], 0);
    const figures: PauseFigures = {
      stallMs: most("stallMs"),
      stallOwnMs: most("stallOwnMs"),
      stallsOver: sum("stallsOver"),
      gcMs: most("gcMs"),
      gcOwnMs: most("gcOwnMs"),
      gcs: sum("gcs"),
    };
    return { name, requests, figures };
  } catch (thrown) {
    return { name, requests, figures: null, reason: reasonOf(thrown) };
  } finally {
    await rig.children.stop(running?.proxies ?? []);
  }
}

async function http1(port: number, requests: number): Promise<void> {
  const done = await runCount({ port, requests, connections, secondsMax: 600 });
  if (done.succeeded !== requests) throw new Error(done.told);
}

async function h2(port: number, requests: number, extra: readonly string[]): Promise<void> {
  const url = `http://127.0.0.1:${port}/`;
  const said = await runLoad(["h2load", ...multiplexed, `-n${requests}`, ...extra, url], 600);
  if (!said.includes(`status codes: ${requests} 2xx`)) throw new Error(said.slice(-400));
}

/** What each proxy saw since it was last asked. */
function readAll(pids: readonly number[], folder: string): Promise<PauseFigures[]> {
  return Promise.all(
    pids.map(async (pid) => {
      const file = join(folder, `${pid}.json`);
      rmSync(file, { force: true });
      process.kill(pid, "SIGUSR2");
      for (let tries = 0; tries < 100 && !existsSync(file); tries++) await sleep(50);
      return JSON.parse(readFileSync(file, "utf8")) as PauseFigures;
    }),
  );
}
