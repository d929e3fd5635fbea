import type { Rig } from "../rig/rig.ts";
import type { Subject } from "../subject/subject.ts";
import { Lane } from "./lane.ts";
import { median } from "./median.ts";

/** Starts a subject `starts` times, stops it between, and keeps the last one running. */
export async function startLane(
  subject: Subject,
  rig: Rig,
  starts: number,
): Promise<{ readonly lane: Lane; readonly startupMs: number | null }> {
  const took: number[] = [];
  let lane = await Lane.start(subject, rig);
  took.push(lane.startupMs);
  while (took.length < starts && lane.running.proxies.length > 0) {
    await lane.stop(rig);
    lane = await Lane.start(subject, rig);
    took.push(lane.startupMs);
  }
  return { lane, startupMs: lane.running.proxies.length === 0 ? null : median(took) };
}
