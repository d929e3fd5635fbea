/** Sixteen steps to each doubling: a bucket is at most 1/16 wide, its middle at most 1/32 from any value in it. */
const STEPS = 16;
const STEP_BITS = 4;

/**
 * Counts of values in buckets that grow with the value (log-linear, as in HdrHistogram): 16 equal steps to
 * each doubling, so that a quantile is at most 3.2 % from the sample at its rank. Values are whole numbers of the
 * smallest unit of interest (µs for latencies). `record` is O(1) and allocates nothing; 2.2 KB for the default range.
 *
 * ```
 *  0 1 2 … 15 | 16 17 … 31 | 32 34 … 62 | 64 68 … 124 | …        exact below 32, then in steps of 2, 4, 8 …
 * ```
 */
export class Histogram {
  readonly #counts: Uint32Array;
  readonly #max: number;
  #count = 0;
  #sum = 0;

  /** @param max values above are counted as this one. Default 2^31 - 1: 36 minutes in µs. */
  constructor(max = 2_147_483_647) {
    this.#max = max;
    this.#counts = new Uint32Array(bucketOf(max) + 1);
  }

  get count(): number {
    return this.#count;
  }

  /** The sum of all values, rounded to whole units. */
  get sum(): number {
    return this.#sum;
  }

  record(value: number): void {
    const whole = value <= 0 ? 0 : value >= this.#max ? this.#max : Math.round(value);
    this.#counts[bucketOf(whole)]!++;
    this.#count++;
    this.#sum += whole;
  }

  /** The value that a share `q` (0 to 1) of all values does not exceed, or null while empty. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(Math.min(1, q) * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return middleOf(bucket);
    }
    return this.#max;
  }

  /** Non-empty buckets as [bucket, count] pairs, smallest first: the form that travels. */
  toPairs(): [number, number][] {
    const pairs: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) pairs.push([bucket, count]);
    });
    return pairs;
  }

  /** Adds pairs of `toPairs` and their exact sum. Buckets out of range count as the last one. */
  addPairs(pairs: readonly (readonly [number, number])[], sum: number): void {
    for (const [bucket, count] of pairs) {
      this.#counts[Math.min(Math.max(0, bucket), this.#counts.length - 1)]! += count;
      this.#count += count;
    }
    this.#sum += sum;
  }
}

/** Whole numbers of 0 to 2^31 - 1. */
function bucketOf(value: number): number {
  if (value < STEPS) return value;
  const shift = 31 - Math.clz32(value) - STEP_BITS;
  return (shift + 1) * STEPS + (value >>> shift) - STEPS;
}

function middleOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  const low = ((bucket % STEPS) + STEPS) * 2 ** shift;
  return low + (2 ** shift - 1) / 2;
}
