import type { Rng } from "../base/rng.ts";
import type { BreakerDoc } from "../model/policy.ts";
import type { Verdict } from "./outcome.ts";
import { Recent } from "./recent.ts";

/** A probe that has not come to anything for so long, in ms, is over: its caller may have gone. */
export const probeMaxMs = 10_000;

/** Parts that a window is counted in. */
const PARTS = 10;

/**
 * Takes one endpoint out of the choice when its requests fail (Linkerd's failure accrual, "unified"), and asks it again by one request
 * after a pause. Whoever holds it acts on what it says, and may decline to open.
 *
 * ```
 *  closed ──failures in a row, or too few successes──▶ open ──pause──▶ ready ──picked──▶ probing
 *    ▲                                                  ▲───── failed, or limited: the pause doubles ────┤
 *    └─────────────────────────────────── success ───────────────────────────────────────────────────────┘
 * ```
 */
export class Breaker {
  phase: "closed" | "open" | "ready" | "probing" = "closed";
  /** While open: the end of the pause. */
  untilMs = 0;
  #doc: BreakerDoc;
  readonly #rng: Rng;
  /** Pauses in a row. */
  #opened = 0;
  #failuresInRow = 0;
  /** Of the last window; null where no rate is counted. */
  #window: { readonly requests: Recent; readonly successes: Recent } | null;

  constructor(doc: BreakerDoc, rng: Rng) {
    this.#doc = doc;
    this.#rng = rng;
    this.#window = windowOf(doc);
  }

  get doc(): BreakerDoc {
    return this.#doc;
  }

  /** What it has seen stays, but for what was counted in a window of another length. */
  set doc(doc: BreakerDoc) {
    if (doc.rate?.windowMs !== this.#doc.rate?.windowMs) this.#window = windowOf(doc);
    this.#doc = doc;
  }

  /** Takes in how a request ended while it was closed. Does that call for opening? */
  trips(verdict: Verdict, nowMs: number): boolean {
    if (verdict === "none") return false;
    if (verdict === "success") this.#failuresInRow = 0;
    if (verdict === "failure") this.#failuresInRow++;
    const { failuresMax, rate } = this.#doc;
    if (this.#window !== null) {
      this.#window.requests.add(1, nowMs);
      if (verdict === "success") this.#window.successes.add(1, nowMs);
    }
    if (failuresMax > 0 && this.#failuresInRow >= failuresMax) return true;
    if (rate === null || this.#window === null || verdict === "success") return false;
    const requests = this.#window.requests.sum(nowMs);
    const successes = this.#window.successes.sum(nowMs);
    return requests >= rate.requestsMin && successes < rate.successMin * requests;
  }

  /** Opens, for twice as long as the last time in this row. */
  open(nowMs: number): void {
    const { minMs, maxMs, jitter } = this.#doc.penalty;
    const pauseMs = Math.min(maxMs, minMs * 2 ** Math.min(30, this.#opened));
    this.#opened++;
    this.phase = "open";
    this.untilMs = nowMs + pauseMs * (1 + jitter * this.#rng.float());
  }

  /** The pause is over. */
  ready(): void {
    this.phase = "ready";
  }

  /** A request goes there, to see. */
  probe(): void {
    this.phase = "probing";
  }

  /** How a probe ended. Is it open again? */
  judge(verdict: Verdict, nowMs: number): boolean {
    if (verdict === "none") this.phase = "ready";
    else if (verdict === "success") this.close();
    else this.open(nowMs);
    return verdict === "failure" || verdict === "limited";
  }

  /** As new: what was counted is forgotten. */
  close(): void {
    this.phase = "closed";
    this.#opened = 0;
    this.#failuresInRow = 0;
    this.#window?.requests.clear();
    this.#window?.successes.clear();
  }
}

function windowOf({ rate }: BreakerDoc) {
  if (rate === null) return null;
  const partMs = rate.windowMs / PARTS;
  return { requests: new Recent(partMs, PARTS), successes: new Recent(partMs, PARTS) };
}
