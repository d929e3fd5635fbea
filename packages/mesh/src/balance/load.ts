import { PeakEwma, type PeakEwmaOptions } from "../base/ewma.ts";
import type { Candidate } from "./picker.ts";

/** What an answer 429 or RESOURCE_EXHAUSTED counts as, in ms, at least (Linkerd 5 s). */
export const limitedMs = 5000;
/** As long as `Retry-After` is believed at most, in ms (Linkerd 300 s). */
export const retryAfterMaxMs = 300_000;

/**
 * How busy one endpoint is, as its caller sees it: a peak EWMA of latency times the requests in flight plus one.
 * It belongs to the endpoint, not to a picker, and so outlives every change of configuration.
 */
export class EndpointLoad implements Candidate {
  readonly uid: string;
  readonly #latency: PeakEwma;
  #pending = 0;

  constructor(uid: string, nowMs: number, options: PeakEwmaOptions = {}) {
    this.uid = uid;
    this.#latency = new PeakEwma(nowMs, options);
  }

  /** Requests sent and not yet answered. */
  get pending(): number {
    return this.#pending;
  }

  /** An attempt goes to the endpoint. */
  begin(): void {
    this.#pending++;
  }

  /**
   * The attempt of a `begin` is over.
   * @param latencyMs until the first byte of the answer. A cancelled attempt counts with the time it took; null leaves
   *   the estimate alone (nothing was sent).
   */
  end(latencyMs: number | null, nowMs: number): void {
    this.#pending--;
    if (latencyMs !== null) this.#latency.record(latencyMs, nowMs);
  }

  /**
   * It has said that it has too much to do: it counts as one that took long, or for as long as it asks to be left alone. Else a
   * quick refusal would draw more to it (Linkerd's "load biaser").
   */
  punish(
    { latencyMs, retryAfterMs }: { readonly latencyMs: number; readonly retryAfterMs: number },
    nowMs: number,
  ): void {
    const askedMs = Math.min(retryAfterMs, retryAfterMaxMs);
    this.#latency.record(Math.max(latencyMs, limitedMs, askedMs), nowMs);
  }

  loadMs(nowMs: number): number {
    return this.#latency.valueMs(nowMs) * (this.#pending + 1);
  }

  /** It has no share of its own to say: that is its target's. */
  weight(_nowMs: number): number {
    return 1;
  }
}
