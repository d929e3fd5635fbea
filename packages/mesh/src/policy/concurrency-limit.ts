import type { ConcurrencyDoc } from "../model/policy.ts";
import { TrunkReservation } from "./trunk-reservation.ts";

/** The limit is set anew after so long (Envoy `concurrency_update_interval`), once there are enough samples. */
const windowMs = 100;
const samplesMin = 10;
/** Latencies kept of one window, the newest. */
const samplesMax = 256;
/** How often at most it is measured what the process takes without load (Envoy `min_rtt_calc_params`: 60 s); a slow one less often. */
const probeIntervalMs = 10_000;
const probeIntervalLatencies = 50;
/** A measurement that has not got its samples by then ends without; a slow process has ten times its latency. */
const probeMs = 1_000;
const probeLatencies = 10;
/** How fast a shorter latency is believed outside of measurements. */
const easing = 0.1;

/**
 * As many requests at a time as a process can take, found by its latency. Each window: limit × tolerance × base latency ÷ median latency,
 * that quotient between ½ and 1, plus √limit to have something to find out with (Envoy's gradient controller, Netflix gradient2). The limit
 * stays as it is while half of it is not used: nothing is known about it then.
 *
 * The base, what the process takes with little to do, would drift up under a load that never ends. So where requests have been
 * refused it is measured anew now and then, with `min` at a time for as long as ten take; where none were there is no need to.
 */
export class ConcurrencyLimit {
  #doc: ConcurrencyDoc;
  #limit: number;
  #inFlight = 0;
  #inFlightMost = 0;
  #baseMs = 0;
  readonly #samples = new Float64Array(samplesMax);
  #sampleCount = 0;
  #windowSinceMs = -1;
  #hasRefused = false;
  /** Of the last window that had samples. */
  #medianMs = 0;
  /** Until when at most it is measured; -1: it is not. */
  #probeUntilMs = -1;
  /** Replies to come of requests from before the measurement. */
  #probeSkips = 0;
  #probeNextMs = 0;
  readonly #reservation = new TrunkReservation();

  constructor(doc: ConcurrencyDoc) {
    this.#doc = doc;
    this.#limit = doc.initial;
  }

  /** Present limit: whole requests. */
  get limit(): number {
    return this.#probeUntilMs < 0 ? Math.floor(this.#limit) : this.#doc.min;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Another word of intent; what has been learnt stays. */
  apply(doc: ConcurrencyDoc): void {
    this.#doc = doc;
    this.#limit = Math.min(doc.max, Math.max(doc.min, this.#limit));
  }

  /** Takes one in, if there is room for its priority, 0 to 9. @param isExempt it is taken in whatever the limit */
  enter(priority: number, isExempt: boolean, nowMs: number): boolean {
    if (this.#windowSinceMs < 0) this.#windowSinceMs = nowMs;
    else if (nowMs - this.#windowSinceMs >= windowMs) this.#turn(nowMs);
    this.#reservation.onArrival(priority);
    const limit = this.limit;
    const isIn = isExempt || this.#inFlight + this.#reservation.kept(priority, limit) < limit;
    if (!isIn) {
      this.#hasRefused = true;
      return false;
    }
    this.#inFlight++;
    if (this.#inFlight > this.#inFlightMost) this.#inFlightMost = this.#inFlight;
    return true;
  }

  /**
   * @param latencyMs of the process; below 0: it says nothing of it
   * @param isWhole has the process answered? Else it would have taken longer still, and counts where it has taken long
   */
  onEnd(latencyMs: number, isWhole: boolean): void {
    if (this.#inFlight === 0) return; // it was let in before there was a limit
    this.#inFlight--;
    if (this.#probeSkips > 0) {
      this.#probeSkips--;
      return;
    }
    if (latencyMs < 0 || (!isWhole && latencyMs <= this.#medianMs)) return;
    this.#samples[this.#sampleCount++ % samplesMax] = latencyMs;
  }

  #turn(nowMs: number): void {
    const isMeasured = this.#sampleCount >= samplesMin;
    if (isMeasured) this.#medianMs = this.#median();
    if (this.#probeUntilMs >= 0) {
      if (!isMeasured && nowMs < this.#probeUntilMs) return;
      if (isMeasured) this.#baseMs = this.#medianMs;
      this.#probeUntilMs = -1;
      this.#probeSkips = 0;
      this.#begin(nowMs);
      return;
    }
    if (this.#medianMs > 0) {
      const elapsedMs = nowMs - this.#windowSinceMs;
      this.#reservation.turn((this.#limit * elapsedMs) / this.#medianMs);
    }
    if (!isMeasured) {
      this.#windowSinceMs = nowMs; // its samples go on being collected
      return;
    }
    if (this.#baseMs === 0) this.#baseMs = this.#medianMs;
    else if (this.#medianMs < this.#baseMs) {
      this.#baseMs += easing * (this.#medianMs - this.#baseMs);
    }
    if (this.#inFlightMost >= this.#limit / 2) this.#adjust();
    if (this.#hasRefused && nowMs >= this.#probeNextMs) {
      this.#probeUntilMs = nowMs + Math.max(probeMs, probeLatencies * this.#medianMs);
      this.#probeSkips = this.#inFlight;
      this.#probeNextMs =
        nowMs + Math.max(probeIntervalMs, probeIntervalLatencies * this.#medianMs);
    }
    this.#begin(nowMs);
  }

  #adjust(): void {
    const { min, max, tolerance } = this.#doc;
    const gradient = this.#medianMs > 0 ? (tolerance * this.#baseMs) / this.#medianMs : 1;
    const next = this.#limit * Math.min(1, Math.max(0.5, gradient)) + Math.sqrt(this.#limit);
    this.#limit = Math.min(max, Math.max(min, next));
  }

  #begin(nowMs: number): void {
    this.#windowSinceMs = nowMs;
    this.#sampleCount = 0;
    this.#inFlightMost = this.#inFlight;
    this.#hasRefused = false;
  }

  #median(): number {
    const sorted = this.#samples.slice(0, Math.min(this.#sampleCount, samplesMax)).sort();
    return sorted[sorted.length >> 1]!;
  }
}
