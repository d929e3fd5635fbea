import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { SeededRng } from "../base/rng.ts";
import { openTransport } from "../net/open-transport.ts";
import { SystemClock } from "../net/system-clock.ts";
import type { Transport } from "../net/transport.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { TelemetryRecorder } from "../telemetry/recorder.ts";
import { bootId } from "./boot-id.ts";
import { openCoreWait } from "./core-wait.ts";
import { JsonLog } from "./log.ts";
import { StallMeter } from "./stall-meter.ts";
import { TrialMemory } from "./trial-memory.ts";

/** What a proxy process has of the real world, made once at its start. */
export interface Sidecar {
  readonly clock: SystemClock;
  readonly wheel: DeadlineWheel;
  readonly rng: SeededRng;
  readonly log: JsonLog;
  readonly metrics: Metrics;
  readonly recorder: TelemetryRecorder;
  readonly transport: Transport;
  readonly stalls: StallMeter;
  /** Which transport was chosen, and why not the better one. */
  readonly backEnd: { readonly name: "raw" | "socket"; readonly detail: string | null };
}

/**
 * @param seed of this process's chance
 * @param stateDir where it may remember what it found out about this machine; null: nowhere
 */
export async function openSidecar(seed: number, stateDir: string | null): Promise<Sidecar> {
  const clock = new SystemClock();
  const log = new JsonLog(
    (line) => process.stderr.write(line),
    () => clock.wallMs(),
  );
  const metrics = new Metrics();
  const life = `${process.pid}-${Math.floor(clock.wallMs())}`;
  const recorder = new TelemetryRecorder({ clock, metrics, life, boot: bootId(), workload: "" });
  const memory = stateDir === null ? null : new TrialMemory(stateDir);
  const hasPassed = memory?.hasPassed ?? false;
  const opened = await openTransport({ clock, hasPassed });
  if (opened.backEnd === "raw" && !hasPassed) memory?.keep();
  if (opened.detail !== null) log.warn({ detail: opened.detail }, "slower transport chosen");
  return {
    clock,
    wheel: new DeadlineWheel(clock),
    rng: new SeededRng(seed),
    log,
    metrics,
    recorder,
    transport: opened.transport,
    stalls: new StallMeter(metrics, clock, openCoreWait()),
    backEnd: { name: opened.backEnd, detail: opened.detail },
  };
}
