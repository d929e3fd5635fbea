import { PeakEwma, type PeakEwmaOptions } from "../base/ewma.ts";
import type { Candidate } from "./picker.ts";

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

  loadMs(nowMs: number): number {
    return this.#latency.valueMs(nowMs) * (this.#pending + 1);
  }
}
