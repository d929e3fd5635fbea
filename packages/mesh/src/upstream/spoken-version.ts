import type { Clock } from "../base/clock.ts";
import type { HttpProtocol } from "../model/protocol.ts";

/** How long it holds that a process does not speak a version of HTTP, in ms. Default 60000: then it is asked again. */
export const spokenVersionMs = 60_000;

/**
 * Which version of HTTP a process speaks whose port says nothing, once it has shown that it does not speak the other: it answered the
 * preface of HTTP/2 with other octets, or a request of HTTP/1.1 with a frame. Another program may listen there at any time, so that
 * it is forgotten with the last connection, at a dial that fails, and after a while.
 */
export class SpokenVersion {
  readonly #clock: Clock;
  #version: HttpProtocol | null = null;
  #untilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null: nothing is known. */
  version(nowMs: number): HttpProtocol | null {
    return this.#version === null || nowMs >= this.#untilMs ? null : this.#version;
  }

  /** The process does not speak `version`: it is taken to speak the other. */
  refute(version: HttpProtocol): void {
    this.#version = version === "h2" ? "http/1.1" : "h2";
    this.#untilMs = this.#clock.monotonicMs() + spokenVersionMs;
  }

  /** @param version only where it is this one; null: whichever it is */
  forget(version: HttpProtocol | null): void {
    if (version === null || version === this.#version) this.#version = null;
  }
}
