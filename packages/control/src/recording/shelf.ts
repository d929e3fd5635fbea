import type { ProcessStart, RecordedBatch } from "@heddle/mesh/history/batch.ts";

export type StoreName = RecordedBatch["store"];
export const storeNames: readonly StoreName[] = ["whole", "sampled"];

/** How far one stream of one life of a proxy is kept. */
export interface StreamState {
  readonly uid: string;
  readonly life: string;
  readonly store: StoreName;
  /** All of its exchanges below this number are kept, or known to be missing. */
  readonly next: number;
  /** The latest moment that its batches tell of, monotonic ms of that boot. */
  readonly lastMs: number;
  readonly boot: string;
  /** When it was last heard of; wall ms. */
  readonly seenWallMs: number;
}

/** The store holds all of this boot's exchanges that ended after `sinceMs`. */
export interface Completeness {
  readonly boot: string;
  readonly sinceMs: number;
}

/**
 * Streams and starts that go: those last heard of before then, but for the newest of each workload that is still there,
 * which may have been quiet, or have run, for longer.
 */
export interface Forget {
  readonly beforeWallMs: number;
  readonly exceptUids: ReadonlySet<string>;
}

/** One step of the stores: all of it, or nothing. */
export interface ShelfChange {
  readonly batches: readonly RecordedBatch[];
  readonly streams: readonly StreamState[];
  readonly starts: readonly ProcessStart[];
  /** Batches that go, by number. */
  readonly evicted: readonly number[];
  readonly complete: Readonly<Partial<Record<StoreName, Completeness>>>;
  /** Null: nothing is forgotten. */
  readonly forget: Forget | null;
  readonly nowWallMs: number;
}

/** A batch as eviction sees it. */
export interface BatchRow {
  /** Grows with each batch kept. */
  readonly number: number;
  /** When it was kept; wall ms. */
  readonly atWallMs: number;
  readonly bytes: number;
  readonly exchanges: number;
  /** The latest moment in it. */
  readonly lastMs: number;
  readonly boot: string;
}

/** One moment: of `boot` its monotonic ms, for others wall ms. */
export interface Since {
  readonly boot: string;
  readonly ms: number;
  readonly wallMs: number;
}

/** What is asked for; null does not narrow. */
export interface ShelfQuery {
  readonly store: StoreName | null;
  /** `<namespace>/<name>`: batches with an exchange asked of it or answered for it. */
  readonly service: string | null;
  readonly namespace: string | null;
  /** By name. */
  readonly workload: string | null;
  /** Ended since; of this boot of the host by its monotonic time, which no setting of the clock moves. */
  readonly since: Since | null;
  readonly untilWallMs: number | null;
}

export interface KeptBatch {
  readonly number: number;
  readonly batch: RecordedBatch;
}

export interface StoreSize {
  readonly batches: number;
  readonly exchanges: number;
  readonly bytes: number;
}

/**
 * Where recorded batches lie: a file, or memory in the simulator. What `commit` was given outlives the process when it
 * returns. Reading takes a page at a time: never a whole store in memory.
 */
export interface Shelf {
  /**
   * Returns how many bytes each of the batches takes. Throws where nothing could be written; then nothing was.
   */
  commit(change: ShelfChange): readonly number[];
  streams(): readonly StreamState[];
  complete(store: StoreName): Completeness | null;
  size(store: StoreName): StoreSize;
  /** The first of a store, in the order in which they were kept. */
  oldest(store: StoreName, count: number): readonly BatchRow[];
  /** Of the newest batch that was ever kept; 0: there was none. */
  readonly newest: number;
  /** No batch of a lower number was ended since what the query says. */
  first(query: ShelfQuery): number;
  /** Those of numbers `from` to `to` that the query means, the newest first. */
  rows(query: ShelfQuery, from: number, to: number): readonly BatchRow[];
  /** The last moment of a boot that batches before `number` tell of, monotonic ms; -Infinity: there are none. */
  lastBefore(number: number, of: { readonly store: StoreName; readonly boot: string }): number;
  /**
   * Those after batch number `after`, up to `to`, that the query means: at most `count`, and none more once they have
   * `pageExchanges` exchanges.
   */
  page(query: ShelfQuery, after: number, count: number, to?: number): readonly KeptBatch[];
  /** In order of time. */
  starts(
    query: Pick<ShelfQuery, "namespace" | "workload" | "untilWallMs">,
  ): readonly ProcessStart[];
  close(): void;
}

/** Exchanges that are read in one go: some 20 ms. */
export const pageExchanges = 1_000;

/** Did what ended then end since? */
export function isSince(
  since: Since | null,
  { boot, wallOffsetMs }: Pick<RecordedBatch, "boot" | "wallOffsetMs">,
  endMs: number,
): boolean {
  if (since === null) return true;
  return boot === since.boot ? endMs >= since.ms : endMs + wallOffsetMs >= since.wallMs;
}

/** Does a batch tell of a service? */
export function servicesIn(batch: RecordedBatch): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { service, backend } of batch.exchanges) {
    if (service !== "") found.add(service);
    if (backend !== null) found.add(backend);
  }
  return found;
}

/** The first and the last moment that a batch tells of, monotonic ms; its making where it tells of none. */
export function spanOf(batch: RecordedBatch): { readonly fromMs: number; readonly toMs: number } {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, batch.sinceMs];
  for (const { startMs, endMs } of batch.exchanges) {
    fromMs = Math.min(fromMs, startMs);
    toMs = Math.max(toMs, startMs, endMs);
  }
  for (const gap of batch.gaps) {
    fromMs = Math.min(fromMs, gap.fromMs);
    toMs = Math.max(toMs, gap.toMs);
  }
  return { fromMs: Math.min(fromMs, toMs), toMs };
}
