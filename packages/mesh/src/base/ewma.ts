export interface PeakEwmaOptions {
  /** What is assumed before the first sample, in ms. Default 30 (Linkerd's `default_rtt`). */
  readonly initialMs?: number;
  /** Time in which a peak falls to 1/e of itself, in ms. Default 10,000 (Linkerd's `decay`). */
  readonly decayMs?: number;
}

/**
 * A latency that believes bad news at once and good news slowly: a sample above the present value replaces it, one
 * below is averaged in with weight 1 - e^(-Δt/decay). Reading decays too, so that an endpoint nobody
 * dares to ask gets another chance (Finagle's "peak EWMA"; numbers of linkerd2-proxy).
 */
export class PeakEwma {
  readonly #decayMs: number;
  #valueMs: number;
  #atMs: number;

  constructor(nowMs: number, options: PeakEwmaOptions = {}) {
    this.#decayMs = options.decayMs ?? 10_000;
    this.#valueMs = Math.max(1, options.initialMs ?? 30); // Linkerd clamps the default to 1 ms
    this.#atMs = nowMs;
  }

  /** Takes in one sample. Both in ms; `nowMs` of a monotonic clock. */
  record(sampleMs: number, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    if (sampleMs > this.valueMs(nowMs)) {
      this.#valueMs = sampleMs;
    } else {
      const keep = Math.exp(-elapsedMs / this.#decayMs);
      this.#valueMs = this.#valueMs * keep + sampleMs * (1 - keep);
    }
    this.#atMs = nowMs;
  }

  /** The present value in ms, decayed towards 0 since the last sample. */
  valueMs(nowMs: number): number {
    const elapsedMs = nowMs - this.#atMs;
    return elapsedMs <= 0 ? this.#valueMs : this.#valueMs * Math.exp(-elapsedMs / this.#decayMs);
  }
}
