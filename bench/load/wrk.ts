import { type Heads, heads } from "./heads.ts";
import type { LoadResult } from "./result.ts";
import { runLoad } from "./run.ts";

/** Closed loop: as many connections as asked for, each with one request under way, as fast as answers come. */
export async function runWrk(options: {
  readonly port: number;
  readonly heads: Heads;
  readonly seconds: number;
  readonly connections: number;
}): Promise<LoadResult> {
  const { port, seconds, connections } = options;
  const shape = heads[options.heads];
  const script = new URL("./report.lua", import.meta.url).pathname;
  const said = await runLoad(
    ["wrk", "-t1", `-c${connections}`, `-d${Math.ceil(seconds)}s`, "--timeout", "10s"].concat(
      ["-s", script],
      shape.fields.flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      `http://127.0.0.1:${port}${shape.path}`,
    ),
    seconds,
  );
  return parseWrk(said, connections);
}

interface WrkLine {
  readonly requests: number;
  readonly bytes: number;
  readonly durationUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
  readonly statuses: number;
}

/** Reads the line `report.lua` prints. Throws if there is none. */
export function parseWrk(said: string, connections: number): LoadResult {
  const line = /^@(\{.*\})$/m.exec(said)?.[1];
  if (line === undefined) throw new Error(`wrk printed no report: ${said.slice(-300)}`);
  const counted: WrkLine = JSON.parse(line);
  return {
    requests: counted.requests,
    requestsPerSecond: counted.requests / (counted.durationUs / 1e6),
    p50Ms: counted.p50Us / 1000,
    p99Ms: counted.p99Us / 1000,
    failures: counted.errors + counted.statuses,
    wireBytes: counted.bytes,
    inFlightMax: connections,
  };
}
