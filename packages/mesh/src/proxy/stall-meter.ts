import type { Clock } from "../base/clock.ts";
import type { Gauge, Metrics } from "../telemetry/metrics.ts";

/** How often the loop is asked, in ms. A stall is seen if it delays a question: of the long ones few go unseen. */
const resolutionMs = 10;
/** How often it is asked whether there is traffic, in ms. */
const lookMs = 1000;

/**
 * The longest time in which the event loop served nobody while there was traffic, since the process started: on the wall, and
 * without what the thread spent waiting for a core, which others on the machine took. The second is short by up to
 * `resolutionMs` where the wait came before the stall, and is the first where the system does not tell of waiting.
 */
export class StallMeter {
  readonly #clock: Clock;
  readonly #waitedMs: () => number;
  readonly #whole: Gauge;
  readonly #own: Gauge;
  #longestMs = 0;
  #longestOwnMs = 0;
  #isOn = false;
  #askedMs = 0;
  #waitedAtMs = 0;

  /** @param waitedMs for how long this thread has waited for a core since it began */
  constructor(metrics: Metrics, clock: Clock, waitedMs: () => number) {
    this.#clock = clock;
    this.#waitedMs = waitedMs;
    this.#whole = metrics
      .gauge(
        "process_event_loop_stall_max_seconds",
        "Longest time the event loop served nobody while there was traffic, since the process started.",
        [],
      )
      .child({});
    this.#own = metrics
      .gauge(
        "process_event_loop_stall_own_max_seconds",
        "The same without the time in which the thread waited for a core.",
        [],
      )
      .child({});
    metrics.onCollect(() => {
      this.#whole.set(this.#longestMs / 1000);
      this.#own.set(this.#longestOwnMs / 1000);
    });
  }

  /**
   * Measures from now on, while there is traffic: a proxy that serves nobody should not wake a hundred times a second.
   * @param activity changes whenever somebody was served
   */
  start(activity: () => number): void {
    let last = activity();
    const look = (): void => {
      const now = activity();
      const wasOn = this.#isOn;
      this.#isOn = now !== last;
      last = now;
      if (this.#isOn && !wasOn) this.#ask();
      this.#clock.after(lookMs, look);
    };
    look();
  }

  #ask(): void {
    this.#askedMs = this.#clock.monotonicMs();
    this.#waitedAtMs = this.#waitedMs();
    // The clock of real processes rounds up by one.
    this.#clock.after(resolutionMs - 1, this.#onAnswer);
  }

  readonly #onAnswer = (): void => {
    if (!this.#isOn) return;
    const lateMs = this.#clock.monotonicMs() - this.#askedMs - resolutionMs;
    const ownMs = lateMs - (this.#waitedMs() - this.#waitedAtMs);
    this.#longestMs = Math.max(this.#longestMs, lateMs);
    this.#longestOwnMs = Math.max(this.#longestOwnMs, ownMs);
    this.#ask();
  };
}
