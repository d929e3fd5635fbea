import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../base/clock.ts";
import type { Gauge, Metrics } from "../telemetry/metrics.ts";

/** How often the loop is asked, in ms. A stall is seen if it delays a question: of the long ones few go unseen. */
const resolutionMs = 10;
/** How often it is asked whether there is traffic, in ms. */
const lookMs = 1000;

/** The longest time in which the event loop served nobody while there was traffic, since the process started. */
export class StallMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gauge: Gauge;
  /** Of earlier times of traffic. */
  #longestMs = 0;

  constructor(metrics: Metrics) {
    this.#gauge = metrics
      .gauge(
        "process_event_loop_stall_max_seconds",
        "Longest time the event loop served nobody while there was traffic, since the process started.",
        [],
      )
      .child({});
    metrics.onCollect(() => this.#read());
  }

  /**
   * Measures from now on, while there is traffic: a proxy that serves nobody should not wake a hundred times a second.
   * @param activity changes whenever somebody was served
   */
  start(clock: Clock, activity: () => number): void {
    let last = activity();
    let isOn = false;
    const look = (): void => {
      const now = activity();
      if (now !== last && !isOn) this.#resume();
      if (now === last && isOn) this.#delay.disable();
      isOn = now !== last;
      last = now;
      clock.after(lookMs, look);
    };
    look();
  }

  /** Node would count the pause since it was last on as one stall, but for the reset. */
  #resume(): void {
    this.#longestMs = this.#maxMs();
    this.#delay.enable();
    this.#delay.reset();
  }

  #maxMs(): number {
    return Math.max(this.#longestMs, this.#delay.max / 1e6 - resolutionMs);
  }

  #read(): void {
    this.#gauge.set(this.#maxMs() / 1000);
  }
}
