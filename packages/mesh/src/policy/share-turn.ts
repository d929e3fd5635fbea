/**
 * Whose turn it is where a share of requests is meant: exactly `numerator` of any `denominator` in a row, well spread (the
 * line of Bresenham). It begins in the middle, so that a small share does not wait for a whole round.
 */
export class ShareTurn {
  readonly #numerator: number;
  readonly #denominator: number;
  #sum: number;

  constructor({
    numerator,
    denominator,
  }: { readonly numerator: number; readonly denominator: number }) {
    this.#numerator = numerator;
    this.#denominator = denominator;
    this.#sum = Math.floor(denominator / 2);
  }

  next(): boolean {
    this.#sum += this.#numerator;
    if (this.#sum < this.#denominator) return false;
    this.#sum -= this.#denominator;
    return true;
  }
}
