/** Priorities, 0 to 9. */
const RANKS = 10;
/** Of requests that come while there is room for them, so few are refused for those of lower ranks. */
const refusedShare = 0.01;
/** How much of the last window counts against those before. */
const easing = 0.5;

/**
 * How many places are kept free for higher ranks (trunk reservation, as telephone exchanges do). A request is let in where that many
 * are free beside its own. While only higher ranks are let in, what is taken grows with their arrivals and shrinks as fast as the
 * process works, so that k places are all taken with the probability (arrivals ÷ capacity)^k: few places do, and where no higher rank
 * comes none is kept.
 */
export class TrunkReservation {
  /** In the present window. */
  readonly #arrivals = new Float64Array(RANKS);
  /** As shares of what the process can do, averaged over windows. */
  readonly #shares = new Float64Array(RANKS);
  readonly #kept = new Float64Array(RANKS);

  onArrival(priority: number): void {
    this.#arrivals[priority]!++;
  }

  /** Places that a request of this priority must leave free; never all, so that what nobody higher uses is used. */
  kept(priority: number, limit: number): number {
    return Math.min(this.#kept[priority]!, limit - 1);
  }

  /** A window is over. @param capacity requests that the process could have answered in it */
  turn(capacity: number): void {
    let above = 0;
    for (let rank = RANKS - 1; rank >= 0; rank--) {
      this.#kept[rank] = placesFor(above);
      const share = capacity > 0 ? this.#arrivals[rank]! / capacity : 0;
      this.#shares[rank]! += easing * (share - this.#shares[rank]!);
      this.#arrivals[rank] = 0;
      above += this.#shares[rank]!;
    }
  }
}

/** Infinitely many where the higher ranks alone are more than can be answered. */
function placesFor(share: number): number {
  if (share >= 1) return Number.POSITIVE_INFINITY;
  if (share < 1e-3) return 0;
  return Math.max(1, Math.ceil(Math.log(refusedShare) / Math.log(share)));
}
