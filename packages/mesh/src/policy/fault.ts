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
}

/**
 * Decides which requests of one caller a fault strikes. Drawn from the fault's seed and the caller's uid, three numbers
 * for each request in their order: the same seed and order give the same faults, and a delay that is changed leaves the
 * resets where they were.
 */
export class FaultDraws {
  readonly #doc: FaultDoc;
  readonly #rng: Rng;

  constructor(doc: FaultDoc, workloadUid: string) {
    this.#doc = doc;
    this.#rng = new SeededRng(doc.seed).fork(workloadUid);
  }

  /** What happens to the next request; null: nothing. */
  next(): FaultStrike | null {
    const { name, delay, reset } = this.#doc;
    const isDelayed = this.#rng.float() < (delay?.share ?? 0);
    const isReset = this.#rng.float() < (reset?.share ?? 0);
    const isBefore = this.#rng.below(2) === 0;
    if (!isDelayed && !isReset) return null;
    return {
      name,
      delayMs: isDelayed ? delay!.delayMs : 0,
      reset: !isReset ? null : isBefore ? "before" : "after",
    };
  }
}
