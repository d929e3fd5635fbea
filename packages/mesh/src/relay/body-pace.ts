import type { BodyLength } from "../net/codec.ts";
import type { RequestBody } from "./request-body.ts";

/**
 * Octets of a request's body that must come for each second between two looks, where its length was announced and we were ready to
 * take them. Default 100. A client that sends less keeps an application busy with nothing (slow POST).
 */
const bodyBytesPerSecondMin = 100;

/**
 * Watches a request's body for trickling in. Only one of an announced length: what ends when it ends may be a stream that
 * waits for something to happen, hours on end. Made when the exchange is looked at first, for hardly one lasts so long.
 */
export class BodyPace {
  #sinceMs: number;
  #bytes: number;
  #pauses: number;

  constructor(nowMs: number, bytes: number, body: RequestBody) {
    this.#sinceMs = nowMs;
    this.#bytes = bytes;
    this.#pauses = body.pauses;
  }

  /** @param bytes of it so far */
  isTooSlow(nowMs: number, bytes: number, length: BodyLength, body: RequestBody): boolean {
    const seconds = (nowMs - this.#sinceMs) / 1000;
    const isWaiting = typeof length === "number" && length > 0 && !body.isEnded;
    const hasRested = body.isPaused || body.pauses !== this.#pauses;
    const isSlow = bytes - this.#bytes < seconds * bodyBytesPerSecondMin;
    this.#sinceMs = nowMs;
    this.#bytes = bytes;
    this.#pauses = body.pauses;
    return isWaiting && !hasRested && isSlow;
  }
}
