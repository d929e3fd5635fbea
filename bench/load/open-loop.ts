import { compilePeer } from "../rig/origin.ts";
import { type Heads, heads } from "./heads.ts";
import type { LoadResult } from "./result.ts";
import { runLoad } from "./run.ts";

/** Of the window's requests this share, the first, is warm-up and left out; as `open-loop.c` has it. */
const warmUpShare = 0.1;

/** An open crowd at a fixed rate: latency counts from when a request was due, so that a stall is felt by all that it delays. */
export async function runAtRate(options: {
  readonly port: number;
  readonly heads: Heads;
  readonly seconds: number;
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly folder: string;
}): Promise<LoadResult> {
  const { port, seconds, connections, ratePerSecond, folder } = options;
  const binary = compilePeer("open-loop", folder);
  const shape = heads[options.heads];
  const fields = shape.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const request = `GET ${shape.path} HTTP/1.1\r\nhost: origin.bench\r\n${fields}\r\n`;
  const numbers = [port, ratePerSecond, seconds, connections].map(String);
  return parseOpenLoop(await runLoad([binary, ...numbers, request], seconds), connections);
}

/** Reads its one line. Throws where there is none. */
export function parseOpenLoop(said: string, connections: number): LoadResult {
  const line = /^\{.*\}$/m.exec(said)?.[0];
  if (line === undefined) throw new Error(`open-loop printed no report: ${said.slice(-300)}`);
  const told: { requests: number; seconds: number; p50Ms: number; p99Ms: number } =
    JSON.parse(line);
  return {
    requests: told.requests,
    requestsPerSecond: told.seconds > 0 ? (told.requests * (1 - warmUpShare)) / told.seconds : 0,
    p50Ms: told.p50Ms,
    p99Ms: told.p99Ms,
    failures: 0, // any ends it
    wireBytes: null,
    inFlightMax: connections,
  };
}
