import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { quantile } from "../measure/median.ts";
import { type Heads, heads } from "./heads.ts";
import type { LoadResult } from "./result.ts";
import { runLoad } from "./run.ts";

/** Rows of this first part of a fixed-rate window are connects and first requests; they are left out. */
const warmUpUs = 200_000;

/** Fixed rate: requests leave on their own schedule, whatever the answers do, as long as a connection is free. */
export async function runAtRate(options: {
  readonly port: number;
  readonly heads: Heads;
  readonly seconds: number;
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly folder: string;
}): Promise<LoadResult> {
  const { port, seconds, connections, ratePerSecond, folder } = options;
  const log = join(folder, "h2load.log");
  const perClient = Math.max(1, Math.round(ratePerSecond / connections));
  try {
    const said = await runLoad(
      ["h2load", "--h1", "-t1", `-c${connections}`, `-D${Math.ceil(seconds)}`].concat(
        [`--rps=${perClient}`, `--log-file=${log}`],
        fieldsOf(options.heads),
        `http://127.0.0.1:${port}${heads[options.heads].path}`,
      ),
      seconds,
    );
    return parseRate(said, readFileSync(log, "utf8"), connections);
  } finally {
    rmSync(log, { force: true });
  }
}

/** Connections opened per second where there are many: a thousand handshakes at once measure time limits, not memory. */
const openedPerSecond = 250;

/** An exact number of requests as fast as answers come, for the scenarios that count in millions. */
export async function runCount(options: {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
  readonly secondsMax: number;
}): Promise<{ readonly succeeded: number; readonly bodyBytes: number; readonly told: string }> {
  const { port, requests, connections, secondsMax } = options;
  const said = await runLoad(
    ["h2load", "--h1", "-t1", `-c${connections}`, `-n${requests}`].concat(
      connections > openedPerSecond ? [`-r${openedPerSecond}`] : [],
      `http://127.0.0.1:${port}/`,
    ),
    secondsMax,
  );
  const told = [
    /\d+ succeeded.*$/m.exec(said)?.[0] ?? "no summary",
    /^status codes: (.*)$/m.exec(said)?.[1] ?? "no statuses",
    `${dataBytesOf(said)} body bytes`,
  ].join("; ");
  return { succeeded: countOf(said, "2xx"), bodyBytes: dataBytesOf(said), told };
}

function fieldsOf(shape: Heads): string[] {
  return heads[shape].fields.map(([name, value]) => `-H${name}: ${value}`);
}

/** Reads h2load's summary and its log: start in µs since the epoch, status, µs to the end of the answer. */
export function parseRate(said: string, log: string, connections: number): LoadResult {
  const rows = log
    .split("\n")
    .map((row) => row.split("\t").map(Number))
    .filter((row) => row.length >= 3);
  const first = rows.reduce((least, row) => Math.min(least, row[0]!), Number.POSITIVE_INFINITY);
  const counted = rows.filter((row) => row[0]! - first >= warmUpUs);
  const last = counted.reduce((most, row) => Math.max(most, row[0]!), 0);
  const took = (last - first - warmUpUs) / 1e6;
  const delays = counted.map((row) => row[2]! / 1000).sort((a, b) => a - b);
  const wrong = rows.filter((row) => row[1] !== 200).length;
  const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(said);
  // Requests cut off by the end of the window count as failed; only those that erred or timed out are faults.
  const erred = failed === null ? 1 : Number(failed[2]) + Number(failed[3]);
  return {
    requests: rows.length,
    requestsPerSecond: took > 0 ? counted.length / took : 0,
    p50Ms: quantile(delays, 0.5),
    p99Ms: quantile(delays, 0.99),
    failures: wrong + erred,
    wireBytes: null,
    inFlightMax: connections,
  };
}

function countOf(said: string, kind: string): number {
  return Number(new RegExp(`(\\d+) ${kind}`).exec(said)?.[1] ?? 0);
}

function dataBytesOf(said: string): number {
  return Number(/\((\d+)\) data/.exec(said)?.[1] ?? Number.NaN);
}
