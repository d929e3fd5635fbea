import { runLoad } from "./run.ts";

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

function countOf(said: string, kind: string): number {
  return Number(new RegExp(`(\\d+) ${kind}`).exec(said)?.[1] ?? 0);
}

function dataBytesOf(said: string): number {
  return Number(/\((\d+)\) data/.exec(said)?.[1] ?? Number.NaN);
}
