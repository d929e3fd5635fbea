import { setTimeout as sleep } from "node:timers/promises";
import { runAtRate } from "../load/open-loop.ts";
import { faultOf } from "../load/result.ts";
import { runWrk } from "../load/wrk.ts";
import type { Rig } from "../rig/rig.ts";
import { connections, type Scenario } from "../scenario.ts";
import type { Lane } from "./lane.ts";
import { cpuUs, privateDirtyMb } from "./proc.ts";

/** What one window of load on one subject gave. Null: the subject has no processes of its own. */
export interface Window {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerRequest: number | null;
  readonly privateDirtyMb: number | null;
}

/** Connects, first requests and handshakes fall before the part in which CPU and requests are counted, in ms. */
const warmUpMs = 250;

/** Runs one window. CPU and requests are read at the same two instants, from /proc and from the origin's counter, so
 *  that the load generator's own start and end do not count. Throws on any wrong byte, status or lost connection. */
export async function measureWindow(
  rig: Rig,
  lane: Lane,
  scenario: Scenario,
  options: { readonly seconds: number; readonly ratePerSecond: number },
): Promise<Window> {
  await lane.check();
  const pids = lane.pids();
  const common = {
    port: lane.running.port,
    heads: scenario.heads,
    seconds: options.seconds,
    connections,
  };
  const load =
    scenario.load === "closed"
      ? runWrk(common)
      : runAtRate({ ...common, ratePerSecond: options.ratePerSecond, folder: rig.folder });
  const [result, counted] = await Promise.all([load, countMiddle(rig, pids, options.seconds)]);
  const fault = faultOf(result, lane.wireBytes[scenario.heads]);
  if (fault !== null) throw new Error(fault);
  return {
    requestsPerSecond: counted.answered / counted.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuUsPerRequest: pids.length === 0 ? null : counted.cpuUs / counted.answered,
    privateDirtyMb: pids.length === 0 ? null : privateDirtyMb(pids),
  };
}

async function countMiddle(
  rig: Rig,
  pids: readonly number[],
  seconds: number,
): Promise<{ readonly answered: number; readonly cpuUs: number; readonly seconds: number }> {
  await sleep(warmUpMs);
  const from = { ms: performance.now(), answered: rig.origin.answered(), cpu: cpuUs(pids) };
  await sleep(seconds * 1000 - 2 * warmUpMs);
  const answered = rig.origin.answered() - from.answered;
  const cpu = cpuUs(pids) - from.cpu;
  return { answered, cpuUs: cpu, seconds: (performance.now() - from.ms) / 1000 };
}
