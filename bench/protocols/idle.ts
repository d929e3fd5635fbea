import { setTimeout as sleep } from "node:timers/promises";
import { Lane } from "../measure/lane.ts";
import { privateDirtyMb } from "../measure/proc.ts";
import { reasonOf } from "../rig/not-measured.ts";
import type { Rig } from "../rig/rig.ts";
import { heddle } from "../subject/heddle.ts";
import { BenchPeer } from "./peer.ts";

export const idleScenarios = ["idle/plain", "idle/mtls-http1", "idle/mtls-heddle1"] as const;

/** What idle connections cost one heddle proxy: those of callers, and those of peers by how they are carried. */
export interface IdleReport {
  readonly name: (typeof idleScenarios)[number];
  readonly connections: number;
  /** Private_Dirty that they added, in MB. Null: not measured. */
  readonly addedMb: number | null;
  readonly reason?: string;
}

/** Opens connections to a fresh proxy, asks once on each, lets them rest, and looks at what it holds. */
export async function measureIdle(
  rig: Rig,
  name: IdleReport["name"],
  options: { readonly connections: number; readonly settleSeconds: number },
): Promise<IdleReport> {
  const { connections, settleSeconds } = options;
  const isPlain = name === "idle/plain";
  let lane: Lane | null = null;
  try {
    lane = await Lane.start(heddle(isPlain ? "one-hop-plain" : "two-hop-mtls"), rig);
    const { running } = lane;
    const taker = running.proxies.at(-1)!; // of two, the called one's
    const to = isPlain ? running.port : running.inbound!;
    const peer = await BenchPeer.make(rig, to, name === "idle/mtls-heddle1");
    const warm = await Promise.all(Array.from({ length: 20 }, () => peer.ask()));
    await sleep(settleSeconds * 1000);
    const beforeMb = privateDirtyMb(taker.tree());
    const open = [...warm];
    while (open.length < connections) {
      open.push(...(await Promise.all(Array.from({ length: 20 }, () => peer.ask()))));
    }
    await sleep(settleSeconds * 1000);
    const addedMb = privateDirtyMb(taker.tree()) - beforeMb;
    for (const connection of open) connection.reset();
    return { name, connections: open.length - warm.length, addedMb };
  } catch (thrown) {
    return { name, connections, addedMb: null, reason: reasonOf(thrown) };
  } finally {
    await lane?.stop(rig);
  }
}
