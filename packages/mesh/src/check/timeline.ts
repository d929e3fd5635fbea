import { type Evidence, type IntentState, settleMs } from "./evidence.ts";

/** A time during which what a checker reads of intent was one and the same. */
export interface Period<T> {
  readonly index: number;
  readonly fromWallMs: number;
  readonly toWallMs: number;
  readonly value: T;
}

/**
 * A part of intent over time. Changes of other parts do not divide it, so that what is stated "within one constant
 * intent" is stated over as long a time as can be.
 *
 * ```
 *  ──── period 0 ────┤··settling··├──── period 1 ────┤··settling··├────▶
 * ```
 */
export class Timeline<T> {
  readonly periods: readonly Period<T>[];
  readonly #settleMs: number;

  /** @param read a part of intent, as data: equal parts are equal as JSON */
  constructor(evidence: Pick<Evidence, "intent" | "settleMs">, read: (state: IntentState) => T) {
    this.#settleMs = evidence.settleMs ?? settleMs;
    const periods: { index: number; fromWallMs: number; toWallMs: number; value: T }[] = [];
    let text = "";
    for (const state of evidence.intent) {
      const value = read(state);
      const now = JSON.stringify(value);
      const last = periods.at(-1);
      if (last !== undefined && now === text) continue;
      text = now;
      if (last !== undefined) last.toWallMs = state.fromWallMs;
      periods.push({
        index: periods.length,
        fromWallMs: last === undefined ? Number.NEGATIVE_INFINITY : state.fromWallMs,
        toWallMs: Number.POSITIVE_INFINITY,
        value,
      });
    }
    this.periods = periods;
  }

  /** The period that this lies in, from when everybody had heard of it; null while intent was changing. */
  during(fromWallMs: number, toWallMs: number): Period<T> | null {
    for (let index = this.periods.length - 1; index >= 0; index--) {
      const period = this.periods[index]!;
      if (period.fromWallMs > fromWallMs) continue;
      const isSettled = fromWallMs >= period.fromWallMs + (index === 0 ? 0 : this.#settleMs);
      return isSettled && toWallMs < period.toWallMs ? period : null;
    }
    return null;
  }
}
