import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";

/** The clock as one process sees it: its timers die with it, and wait while it is frozen. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #process: SimulatedProcess;

  constructor(clock: Clock, process: SimulatedProcess) {
    this.#clock = clock;
    this.#process = process;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const timer = this.#clock.after(delayMs, () => {
      this.#process.enter(() => {
        if (!isCancelled) callback();
      });
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}
