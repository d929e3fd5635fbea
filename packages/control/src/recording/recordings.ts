import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import type { Gap, ProcessStart, RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import { Intake } from "./intake.ts";
import {
  type Completeness,
  type KeptBatch,
  type Shelf,
  type ShelfChange,
  type ShelfQuery,
  type StoreName,
  type StoreSize,
  storeNames,
} from "./shelf.ts";

export interface RecordingLimits {
  /** Of whole keys, for `verify`; as they lie on disk. */
  readonly wholeBytesMax: number;
  /** Failures first and sampled, for `plan` and `why`. */
  readonly sampledBytesMax: number;
  /** What is older goes. */
  readonly ageMaxMs: number;
}

export const defaultRecordingLimits: RecordingLimits = {
  wholeBytesMax: 256 << 20,
  sampledBytesMax: 64 << 20,
  ageMaxMs: 24 * 3_600_000,
};

/** What comes within this time is one transaction, in ms. */
const commitDelayMs = 20;
/** So many exchanges are written at once, without waiting for more. */
const commitExchangesMax = 5_000;
/** Nothing could be written; then again, in ms. */
const commitRetryMs = 1_000;
/** How often what is too old is looked for, in ms. */
const sweepMs = 60_000;
/** Batches evicted in one go. */
const evictionsMax = 64;
/** Batches read in one go, at most. */
const pageBatches = 256;
/** Numbers of batches that are looked through in one go. */
const sliceNumbers = 4_096;

export interface RecordingsOptions {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this boot of the host. */
  readonly boot: string;
  /** Workloads that are there, by uid. */
  readonly workloads: () => Iterable<string>;
  readonly limits?: RecordingLimits;
}

type Complete = Extract<RecordedLine, { complete: unknown }>["complete"];

/** Where an answer begins. */
export interface Beginning {
  /** Number of the last batch before it. */
  readonly after: number;
  /** What ended later than this is all in it, as far as it is kept; monotonic ms. */
  readonly sinceMs: Readonly<Record<StoreName, number>>;
  /** What is left out ended before; null: nothing is. */
  readonly leftOutUntilWallMs: number | null;
}

/** Since this life of the control plane. */
export interface RecordingCounts {
  readonly recorded: Readonly<Record<StoreName, number>>;
  readonly evicted: Readonly<Record<StoreName, number>>;
  readonly repeated: number;
  readonly gaps: ReadonlyMap<Gap["reason"], number>;
}

/**
 * Recorded traffic of the last 24 h, in two bounded stores. A batch is answered once it is kept: batches that come within
 * 20 ms of each other are one transaction. The oldest goes first, by age and where a store is full; since when it is whole is
 * told with every answer.
 */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #limits: RecordingLimits;
  readonly #intake: Intake;
  readonly #sizes: Record<StoreName, StoreSize>;
  readonly #complete: Record<StoreName, Completeness>;
  readonly #counts = {
    recorded: { whole: 0, sampled: 0 },
    evicted: { whole: 0, sampled: 0 },
    repeated: 0,
    gaps: new Map<Gap["reason"], number>(),
  };
  #pending = emptyPending();
  #commitTimer: Timer | null = null;
  #sweepTimer: Timer;
  #isFailing = false;
  #isClosed = false;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultRecordingLimits;
    const { shelf, clock, boot } = options;
    this.#intake = new Intake(shelf.streams());
    this.#sizes = { whole: shelf.size("whole"), sampled: shelf.size("sampled") };
    // A new store is whole from now on. In another boot than the one it tells of, all of this one is there.
    const known = (store: StoreName): Completeness => {
      const found = shelf.complete(store) ?? { boot, sinceMs: clock.monotonicMs() };
      return found.boot === boot ? found : { boot, sinceMs: 0 };
    };
    this.#complete = { whole: known("whole"), sampled: known("sampled") };
    shelf.commit({ ...nothing(clock.wallMs()), complete: this.#complete });
    this.#sweepTimer = clock.after(sweepMs, () => this.#sweep());
  }

  get counts(): RecordingCounts {
    return this.#counts;
  }

  size(store: StoreName): StoreSize {
    return this.#sizes[store];
  }

  /** The stores hold all of this boot that ended later than this; monotonic ms. */
  get complete(): { readonly whole: number; readonly sampled: number; readonly boot: string } {
    const { whole, sampled } = this.#complete;
    return { whole: whole.sinceMs, sampled: sampled.sinceMs, boot: this.#options.boot };
  }

  /** The latest moment that is kept of a life of a proxy; monotonic ms. */
  lastMs(uid: string, life: string): number {
    return this.#intake.lastMs(uid, life);
  }

  /** The life of a proxy that was heard of last in this boot, and until when it told; null: none was. */
  newest(uid: string, boot: string): { readonly life: string; readonly untilMs: number } | null {
    return this.#intake.newest(uid, boot);
  }

  /** Keeps a batch. @param onKept called once it outlives this process, with the number that comes next */
  take(batch: RecordedBatch, onKept: (next: number) => void): void {
    const { clock } = this.#options;
    const taken = this.#intake.take(batch, clock.wallMs());
    const { state } = taken;
    this.#pending.streams.set(`${state.uid} ${state.life} ${state.store}`, state);
    this.#pending.waiting.push(() => onKept(state.next));
    if (taken.batch === null) this.#counts.repeated++;
    else {
      this.#pending.batches.push(taken.batch);
      this.#pending.exchanges += taken.batch.exchanges.length;
    }
    if (this.#pending.exchanges >= commitExchangesMax && !this.#isFailing) this.flush();
    else this.#commitTimer ??= clock.after(commitDelayMs, () => this.flush());
  }

  /** A process was started. Said again, it is kept once. */
  start(start: ProcessStart): void {
    this.#pending.starts.push(start);
    this.#commitTimer ??= this.#options.clock.after(commitDelayMs, () => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    this.#commitTimer?.cancel();
    this.#commitTimer = null;
    const { batches, starts, streams, waiting } = this.#pending;
    if (waiting.length === 0 && starts.length === 0) return;
    const change = { ...this.#nothing(), batches, starts, streams: [...streams.values()] };
    const sizes = this.#commit(change);
    if (sizes === null) {
      if (this.#isClosed) return;
      this.#commitTimer = this.#options.clock.after(commitRetryMs, () => this.flush());
      return;
    }
    this.#pending = emptyPending();
    for (const [index, batch] of batches.entries()) this.#count(batch, sizes[index]!);
    for (const done of waiting) done();
    for (const store of storeNames) this.#evict(store);
  }

  /** Where the newest so many exchanges that a query means begin; with null, all of them. @param turn lets others work */
  async beginning(
    query: ShelfQuery,
    exchanges: number | null,
    turn: () => Promise<void>,
  ): Promise<Beginning> {
    this.flush();
    const { shelf, boot } = this.#options;
    const first = shelf.first(query);
    const sinceMs = query.since?.ms ?? -Infinity;
    let left = exchanges ?? Infinity;
    for (let to = shelf.newest; left < Infinity && to >= first; to -= sliceNumbers) {
      for (const row of shelf.rows(query, Math.max(first, to - sliceNumbers + 1), to)) {
        left -= row.exchanges;
        if (left > 0) continue;
        const { number, atWallMs } = row;
        const before = (store: StoreName) => shelf.lastBefore(number, { store, boot });
        const [whole, sampled] = [before("whole"), before("sampled")];
        return {
          after: number - 1,
          sinceMs: { whole: Math.max(sinceMs, whole), sampled: Math.max(sinceMs, sampled) },
          // What is before it was kept, and so ended, no later.
          leftOutUntilWallMs: atWallMs,
        };
      }
      await turn();
    }
    return {
      after: first - 1,
      sinceMs: { whole: sinceMs, sampled: sinceMs },
      leftOutUntilWallMs: null,
    };
  }

  /**
   * Kept batches that a query means, the oldest first, a page at a time, which may be empty: what comes meanwhile is at
   * the end.
   */
  *pages(query: ShelfQuery, after = 0): Iterable<readonly KeptBatch[]> {
    this.flush();
    const { shelf } = this.#options;
    for (let at = after; at < shelf.newest; ) {
      const to = at + sliceNumbers;
      const page = shelf.page(query, at, pageBatches, to);
      at = page.at(-1)?.number ?? to;
      yield page;
    }
  }

  /** The answer from there on has all of this boot that was asked for and ended later than this; monotonic ms. */
  completeFrom({ sinceMs, leftOutUntilWallMs }: Beginning): Complete {
    const { whole, sampled, boot } = this.complete;
    return {
      whole: Math.max(whole, sinceMs.whole),
      sampled: Math.max(sampled, sinceMs.sampled),
      boot,
      ...(leftOutUntilWallMs === null ? {} : { leftOutUntilWallMs }),
    };
  }

  starts(query: ShelfQuery): readonly ProcessStart[] {
    this.flush();
    return this.#options.shelf.starts(query);
  }

  close(): void {
    this.#isClosed = true;
    this.flush();
    this.#commitTimer?.cancel();
    this.#sweepTimer.cancel();
    this.#options.shelf.close();
  }

  #sweep(): void {
    const { clock, workloads } = this.#options;
    for (const store of storeNames) this.#evict(store);
    const exceptUids = new Set(workloads());
    const beforeWallMs = clock.wallMs() - 2 * this.#limits.ageMaxMs;
    this.#intake.forget(beforeWallMs, exceptUids);
    this.#commit({ ...this.#nothing(), forget: { beforeWallMs, exceptUids } });
    this.#sweepTimer = clock.after(sweepMs, () => this.#sweep());
  }

  /** Takes out what is too old, and the oldest while there is too much. */
  #evict(store: StoreName): void {
    const { shelf, clock, boot } = this.#options;
    const { wholeBytesMax, sampledBytesMax, ageMaxMs } = this.#limits;
    const bytesMax = store === "whole" ? wholeBytesMax : sampledBytesMax;
    const oldest = clock.wallMs() - ageMaxMs;
    for (;;) {
      let { bytes, batches, exchanges } = this.#sizes[store];
      let { sinceMs } = this.#complete[store];
      const gone: number[] = [];
      for (const row of shelf.oldest(store, evictionsMax)) {
        if (bytes <= bytesMax && row.atWallMs >= oldest) break;
        bytes -= row.bytes;
        batches--;
        exchanges -= row.exchanges;
        if (row.boot === boot) sinceMs = Math.max(sinceMs, row.lastMs);
        gone.push(row.number);
      }
      if (gone.length === 0) return;
      const complete = { boot, sinceMs };
      const change = { ...this.#nothing(), evicted: gone, complete: { [store]: complete } };
      if (this.#commit(change) === null) return; // the next commit or sweep comes back to it
      this.#counts.evicted[store] += this.#sizes[store].exchanges - exchanges;
      this.#sizes[store] = { bytes, batches, exchanges };
      this.#complete[store] = complete;
      if (gone.length < evictionsMax) return;
    }
  }

  /** The size of each batch; null: nothing could be written. */
  #commit(change: ShelfChange): readonly number[] | null {
    try {
      const sizes = this.#options.shelf.commit(change);
      this.#isFailing = false;
      return sizes;
    } catch (cause) {
      if (!this.#isFailing) {
        this.#options.log.error({ cause: String(cause) }, "recorded traffic cannot be kept");
      }
      this.#isFailing = true;
      return null;
    }
  }

  #count({ store, exchanges, gaps }: RecordedBatch, bytes: number): void {
    const size = this.#sizes[store];
    this.#sizes[store] = {
      batches: size.batches + 1,
      exchanges: size.exchanges + exchanges.length,
      bytes: size.bytes + bytes,
    };
    this.#counts.recorded[store] += exchanges.length;
    for (const { reason } of gaps) {
      this.#counts.gaps.set(reason, (this.#counts.gaps.get(reason) ?? 0) + 1);
    }
  }

  #nothing(): ShelfChange {
    return nothing(this.#options.clock.wallMs());
  }
}

function nothing(nowWallMs: number): ShelfChange {
  return {
    batches: [],
    streams: [],
    starts: [],
    evicted: [],
    complete: {},
    forget: null,
    nowWallMs,
  };
}

interface Pending {
  readonly batches: RecordedBatch[];
  readonly starts: ProcessStart[];
  readonly streams: Map<string, ReturnType<Intake["take"]>["state"]>;
  readonly waiting: (() => void)[];
  exchanges: number;
}

function emptyPending(): Pending {
  return { batches: [], starts: [], streams: new Map(), waiting: [], exchanges: 0 };
}
