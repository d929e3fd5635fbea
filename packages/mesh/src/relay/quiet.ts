import type { Clock } from "../base/clock.ts";

/** An exchange of which nothing has moved for so long is ended, in ms; a little later, as it is looked at now and then. */
const quietMaxMs = 3_600_000;

/**
 * Watches one exchange for standing still. While neither side takes octets nobody reads, so that a client that is gone
 * is not noticed: without a limit an application that hangs would keep what every such client has left behind. Made when
 * the exchange is looked at first, for hardly one lasts so long.
 */
export class QuietWatch {
  readonly #clock: Clock;
  #bytes = -1;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has nothing moved for too long? @param bytes octets of the exchange so far, both ways. */
  isTooLong(bytes: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (bytes === this.#bytes) return nowMs - this.#sinceMs >= quietMaxMs;
    this.#bytes = bytes;
    this.#sinceMs = nowMs;
    return false;
  }
}
