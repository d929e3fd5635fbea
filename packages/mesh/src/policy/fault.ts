import { type Rng, SeededRng } from "../base/rng.ts";
import type { FaultDoc } from "../model/document.ts";

/** What a fault does to one request. */
export interface FaultStrike {
  /** Of the Fault. */
  readonly name: string;
  /** How long it is held back before it is sent, in ms; 0: not at all. */
  readonly delayMs: number;
  /**
   * The caller's connection is reset: `before` anything is sent, so that the process surely has not seen the request; or
   * `after` the process has answered, so that it surely has.
   */
  readonly reset: "before" | "after" | null;
  /** Answered so in place of the service, which does not see it; null: not. */
  readonly abort: { readonly status: number; readonly grpcStatus: number } | null;
  /** Its bodies go no faster, each way; 0: as fast as they can. */
  readonly bytesPerSecond: number;
}

/**
 * Decides which requests of one caller a fault strikes. Drawn from the fault's seed and the caller's uid, for each request in its
 * order: the same seed and order give the same faults. Each effect has draws of its own, so that one that is changed leaves the
 * others where they were.
 *
 * ```
 *  seed, uid ──────────▶ delay?  reset?  before or after?    three numbers of one sequence
 *            └ "abort" ─▶ abort?        "bandwidth" ─▶ slow?  one number each of their own
 * ```
 */
export class FaultDraws {
  readonly #doc: FaultDoc;
  readonly #rng: Rng;
  readonly #abort: Rng;
  readonly #bandwidth: Rng;

  constructor(doc: FaultDoc, workloadUid: string) {
    this.#doc = doc;
    this.#rng = new SeededRng(doc.seed).fork(workloadUid);
    this.#abort = new SeededRng(doc.seed).fork(`${workloadUid} abort`);
    this.#bandwidth = new SeededRng(doc.seed).fork(`${workloadUid} bandwidth`);
  }

  /** What happens to the next request; null: nothing. */
  next(): FaultStrike | null {
    const { name, delay, reset, abort, bandwidth } = this.#doc;
    const isDelayed = this.#rng.float() < (delay?.share ?? 0);
    const isReset = this.#rng.float() < (reset?.share ?? 0);
    const isBefore = this.#rng.below(2) === 0;
    const isAborted = this.#abort.float() < (abort?.share ?? 0);
    const isSlow = this.#bandwidth.float() < (bandwidth?.share ?? 0);
    if (!isDelayed && !isReset && !isAborted && !isSlow) return null;
    return {
      name,
      delayMs: isDelayed ? delay!.delayMs : 0,
      reset: !isReset ? null : isBefore ? "before" : "after",
      abort: isAborted ? abort! : null,
      bytesPerSecond: isSlow ? bandwidth!.bytesPerSecond : 0,
    };
  }
}

/** Of two faults that strike one request, its rule's and its service's: the first says what both say. */
export function joinStrikes(
  first: FaultStrike | null,
  second: FaultStrike | null,
): FaultStrike | null {
  if (first === null || second === null) return first ?? second;
  return {
    name: `${first.name}, ${second.name}`,
    delayMs: first.delayMs + second.delayMs,
    reset: first.reset ?? second.reset,
    abort: first.abort ?? second.abort,
    bytesPerSecond: first.bytesPerSecond || second.bytesPerSecond,
  };
}
