import type { Clock, Timer } from "../base/clock.ts";

const intervalMs = 1000;
/** Also what has not changed is said again after so many intervals: the control plane may be a new one. */
const quietIntervals = 10;

/** Sends counters up every second while they change. */
export class Summaries {
  readonly #clock: Clock;
  readonly #version: () => number;
  readonly #send: () => void;
  #last = -1;
  #quiet = 0;
  #timer: Timer | null = null;

  /** @param version changes whenever there is something new to say */
  constructor(clock: Clock, version: () => number, send: () => void) {
    this.#clock = clock;
    this.#version = version;
    this.#send = send;
  }

  start(): void {
    this.#timer = this.#clock.after(intervalMs, () => this.#tick());
  }

  close(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    const version = this.#version();
    this.#quiet++;
    if (version !== this.#last || this.#quiet >= quietIntervals) {
      this.#last = version;
      this.#quiet = 0;
      this.#send();
    }
    this.start();
  }
}
