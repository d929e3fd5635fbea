import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Gauge, Metrics } from "../telemetry/metrics.ts";

/** How often the loop is asked, in ms. A stall is seen if it delays a question: of the long ones few go unseen. */
const resolutionMs = 10;

/** The longest time in which the event loop served nobody, since the process started. */
export class StallMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gauge: Gauge;

  constructor(metrics: Metrics) {
    this.#gauge = metrics
      .gauge(
        "process_event_loop_stall_max_seconds",
        "Longest time the event loop served nobody since the process started.",
        [],
      )
      .child({});
    metrics.onCollect(() => this.#read());
  }

  /** Starts to measure: what happened before, while modules were loaded, served nobody yet. */
  start(): void {
    this.#delay.enable();
    this.#delay.reset();
  }

  #read(): void {
    this.#gauge.set(Math.max(0, this.#delay.max / 1e9 - resolutionMs / 1000));
  }
}
