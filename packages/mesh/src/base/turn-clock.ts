import type { Clock, Timer } from "./clock.ts";

/**
 * A clock that stands still while one event is handled: all that happens in between happened then. An exchange asks for
 * the time at each of its steps, and asking the system costs more than many a step.
 */
export class TurnClock implements Clock {
  readonly #clock: Clock;
  #isInTurn = false;
  /** The turn's time; below 0 until somebody has asked. */
  #turnMs = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#isInTurn = true;
    this.#turnMs = -1;
  }

  end(): void {
    this.#isInTurn = false;
  }

  monotonicMs(): number {
    if (!this.#isInTurn) return this.#clock.monotonicMs();
    if (this.#turnMs < 0) this.#turnMs = this.#clock.monotonicMs();
    return this.#turnMs;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#clock.after(delayMs, callback);
  }
}
