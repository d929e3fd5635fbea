import { reasonOf } from "../rig/not-measured.ts";
import { Rig } from "../rig/rig.ts";
import { measureMoved, measurePicks } from "./picks.ts";
import { measureSlowEndpoint, type SlowEndpoint } from "./slow-endpoint.ts";

/** Most keys that may move when one of up to fifty endpoints leaves, in its fair shares. */
const movedMax = 1.5;

/** Issue 5's figures of balancing. 0: every bar is met; 1: one is not. */
export async function runBalance(isQuick: boolean, print: (text: string) => void): Promise<number> {
  let isMet = true;
  print("balance: one pick\n\n");
  print(
    "| picker | endpoints | ns | octets allocated | longest call, ms |\n|---|---|---|---|---|\n",
  );
  for (const one of measurePicks(isQuick ? 50_000 : 500_000)) {
    const { picker, endpoints, ns, bytes, longestMs } = one;
    print(
      `| ${picker} | ${endpoints} | ${ns.toFixed(0)} | ${bytes.toFixed(1)} | ${longestMs.toFixed(2)} |\n`,
    );
  }
  print("\nbalance: keys that move when one endpoint leaves, the worst of four\n\n");
  print(`| picker | endpoints | of all keys | × its share | bar |\n|---|---|---|---|---|\n`);
  for (const { picker, endpoints, shares, percent } of measureMoved([
    3, 10, 25, 50, 100, 1000, 10_000,
  ])) {
    const bar = endpoints > 50 ? "" : shares <= movedMax ? "met" : "**not met**";
    if (bar.includes("not")) isMet = false;
    print(
      `| ${picker} | ${endpoints} | ${percent.toFixed(3)} % | ${shares.toFixed(2)} | ${bar} |\n`,
    );
  }
  const slow = await slowEndpoints(isQuick, print);
  if (slow === null) return isMet ? 0 : 1;
  print("\nbalance: ten endpoints, one of 100 ms among 2 ms, an open crowd of 1,000 a second\n\n");
  print("| proxy | p50, ms | p99, ms |\n|---|---|---|\n");
  for (const { subject, p50Ms, p99Ms } of slow) {
    print(`| ${subject} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} |\n`);
  }
  const p99Of = (subject: string) => slow.find((one) => one.subject === subject)!.p99Ms;
  const ours = p99Of("heddle p2c-ewma");
  const isBest = ours < p99Of("heddle round-robin") && ours < p99Of("haproxy leastconn");
  return isMet && isBest ? 0 : 1;
}

async function slowEndpoints(
  isQuick: boolean,
  print: (text: string) => void,
): Promise<readonly SlowEndpoint[] | null> {
  let rig: Rig | null = null;
  try {
    rig = await Rig.build();
    return await measureSlowEndpoint(rig, {
      rounds: isQuick ? 1 : 7,
      seconds: isQuick ? 4 : 3,
      ratePerSecond: 1000,
    });
  } catch (thrown) {
    print(`\nbalance: one slow endpoint not measured: ${reasonOf(thrown)}\n`);
    return null;
  } finally {
    await rig?.close();
  }
}
