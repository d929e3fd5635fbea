/** A number that only grows. A handle: whoever counts per request holds it. */
export class Counter {
  value = 0;

  add(amount: number): void {
    this.value += amount;
  }
}

/** A number that goes up and down. */
export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(amount: number): void {
    this.value += amount;
  }
}

/** Counts of values up to each of some bounds. */
export class BucketHistogram {
  /** Ascending; a last bucket, +Inf, is implied. */
  readonly bounds: readonly number[];
  /** One count for each bound and one more; not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    const bounds = this.bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    this.counts[low]!++;
    this.sum += value;
  }
}

export type Metric = Counter | Gauge | BucketHistogram;
export type MetricType = "counter" | "gauge" | "histogram";
export type Labels<Name extends string = string> = Readonly<Record<Name, string>>;

export interface Series<M extends Metric = Metric> {
  /** In the order of the family's label names. An empty value is as if the label were not there. */
  readonly labels: readonly string[];
  readonly metric: M;
}

/** All series of one name. Its number of series has a limit; what comes beyond is counted together as `overflow`. */
export class Family<M extends Metric = Metric, Name extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labelNames: readonly Name[];
  readonly #make: () => M;
  readonly #seriesMax: number;
  readonly #series = new Map<string, Series<M>>();

  constructor(
    description: {
      readonly name: string;
      readonly help: string;
      readonly type: MetricType;
      readonly labelNames: readonly Name[];
      readonly seriesMax: number;
    },
    make: () => M,
  ) {
    this.name = description.name;
    this.help = description.help;
    this.type = description.type;
    this.labelNames = description.labelNames;
    this.#seriesMax = description.seriesMax;
    this.#make = make;
  }

  /** The handle for these labels, made at first use. Not for the hot path: hold what it returns. */
  child(labels: Labels<Name>): M {
    const values = this.labelNames.map((name) => labels[name]);
    return (this.#find(values) ?? this.#add(values)).metric;
  }

  /** In the order in which they were made. */
  series(): Iterable<Series<M>> {
    return this.#series.values();
  }

  #find(values: readonly string[]): Series<M> | undefined {
    return this.#series.get(keyOf(values));
  }

  #add(values: readonly string[]): Series<M> {
    if (this.#series.size < this.#seriesMax) return this.#put(values);
    const overflow = values.map((value) => (value === "" ? "" : "overflow"));
    return this.#find(overflow) ?? this.#put(overflow);
  }

  #put(labels: readonly string[]): Series<M> {
    const series = { labels, metric: this.#make() };
    this.#series.set(keyOf(labels), series);
    return series;
  }
}

/** Series of one family; those that come later are counted as `overflow`. */
const SERIES_MAX = 2000;

/** Everything one workload counts. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];
  readonly #seriesMax: number;

  constructor(seriesMax = SERIES_MAX) {
    this.#seriesMax = seriesMax;
  }

  counter<Name extends string>(
    name: `${string}_total`,
    help: string,
    labelNames: readonly Name[],
  ): Family<Counter, Name> {
    return this.#family({ name, help, type: "counter", labelNames }, () => new Counter());
  }

  gauge<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
  ): Family<Gauge, Name> {
    return this.#family({ name, help, type: "gauge", labelNames }, () => new Gauge());
  }

  histogram<Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    bounds: readonly number[],
  ): Family<BucketHistogram, Name> {
    return this.#family(
      { name, help, type: "histogram", labelNames },
      () => new BucketHistogram(bounds),
    );
  }

  /** Calls `collect` before each reading, to set gauges that nobody keeps up to date. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** All families, up to date, by name. */
  collect(): readonly Family[] {
    for (const collect of this.#collectors) collect();
    return [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** One name is one family: asked again, the same comes back. */
  #family<M extends Metric, Name extends string>(
    description: {
      readonly name: string;
      readonly help: string;
      readonly type: MetricType;
      readonly labelNames: readonly Name[];
    },
    make: () => M,
  ): Family<M, Name> {
    const known = this.#families.get(description.name);
    if (known !== undefined) return known as unknown as Family<M, Name>;
    const family = new Family({ ...description, seriesMax: this.#seriesMax }, make);
    this.#families.set(description.name, family as unknown as Family);
    return family;
  }
}

/** No label value holds it: they are names, numbers and addresses, and it is escaped nowhere. */
const SEPARATOR = "\u0000";

function keyOf(values: readonly string[]): string {
  return values.join(SEPARATOR);
}
