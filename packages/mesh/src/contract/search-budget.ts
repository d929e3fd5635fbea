import type { Clock } from "../base/clock.ts";

/** How much may be spent on one key before it is given up as undecided. */
export interface SearchLimits {
  /** Steps of the model. Default 20 million. */
  readonly stepsMax: number;
  /** Configurations remembered: memory, about 150 octets each. Default 1 million. */
  readonly statesMax: number;
  /** In ms. Default 10 s. */
  readonly keyTimeMaxMs: number;
}

export const searchLimits: SearchLimits = {
  stepsMax: 20_000_000,
  statesMax: 1_000_000,
  keyTimeMaxMs: 10_000,
};

/** The clock is asked once in this many steps. */
const stepsPerLook = 1024;

/** What is left of the limits of one key. Once it says no it goes on saying so. */
export class SearchBudget {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #steps: number;
  #states: number;

  /** `untilMs`: the end of the whole check, by the clock; whichever comes first. */
  constructor(limits: SearchLimits, clock: Clock, untilMs = Infinity) {
    this.#clock = clock;
    this.#steps = limits.stepsMax;
    this.#states = limits.statesMax;
    this.#deadlineMs = Math.min(untilMs, clock.monotonicMs() + limits.keyTimeMaxMs);
  }

  /** Takes one step; false: there is none left. */
  step(): boolean {
    if (this.#steps <= 0) return false;
    this.#steps--;
    if (this.#steps % stepsPerLook === 0 && this.#clock.monotonicMs() > this.#deadlineMs) {
      this.#steps = 0;
    }
    return this.#steps > 0;
  }

  /** Takes room for one configuration; false: there is none left. */
  state(): boolean {
    if (this.#states <= 0) this.#steps = 0;
    else this.#states--;
    return this.#states > 0;
  }
}
