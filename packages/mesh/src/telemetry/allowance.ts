/** So many a second: a bucket that fills evenly. A burst may take what a fifth of a second gives. */
export class Allowance {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #lastMs = 0;

  constructor(perSecond: number) {
    this.#perMs = perSecond / 1000;
    this.#most = Math.max(1, perSecond / 5);
    this.#left = this.#most;
  }

  /** One more at this time? Times that go back count as none passed. */
  take(nowMs: number): boolean {
    if (nowMs > this.#lastMs) {
      this.#left = Math.min(this.#most, this.#left + (nowMs - this.#lastMs) * this.#perMs);
      this.#lastMs = nowMs;
    }
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
