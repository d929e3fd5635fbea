import type { ProcessStart, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import {
  type BatchRow,
  type Completeness,
  type Forget,
  isSince,
  type KeptBatch,
  pageExchanges,
  type Shelf,
  type ShelfChange,
  type ShelfQuery,
  type StoreName,
  type StoreSize,
  type StreamState,
  servicesIn,
  spanOf,
} from "./shelf.ts";

interface Row extends BatchRow {
  readonly batch: RecordedBatch;
}

/** Batches in memory: for the simulator and tests. */
export class MemoryShelf implements Shelf {
  readonly #streams = new Map<string, StreamState>();
  readonly #complete = new Map<StoreName, Completeness>();
  #rows: Row[] = [];
  /** By what names them: one told twice is one. */
  readonly #starts = new Map<string, ProcessStart>();
  #number = 0;

  commit(change: ShelfChange): readonly number[] {
    const sizes = change.batches.map((batch) => JSON.stringify(batch).length);
    for (const [index, batch] of change.batches.entries()) {
      this.#rows.push({
        number: ++this.#number,
        atWallMs: change.nowWallMs,
        bytes: sizes[index]!,
        exchanges: batch.exchanges.length,
        lastMs: spanOf(batch).toMs,
        boot: batch.boot,
        batch,
      });
    }
    for (const state of change.streams) this.#streams.set(keyOf(state), state);
    for (const start of change.starts) {
      const key = `${start.workload.uid} ${start.boot} ${start.atMs}`;
      if (!this.#starts.has(key)) this.#starts.set(key, start);
    }
    const gone = new Set(change.evicted);
    if (gone.size > 0) this.#rows = this.#rows.filter(({ number }) => !gone.has(number));
    for (const [store, complete] of Object.entries(change.complete)) {
      this.#complete.set(store as StoreName, complete);
    }
    if (change.forget !== null) this.#forget(change.forget);
    return sizes;
  }

  #forget(forget: Forget): void {
    const isKept = keeping(forget);
    const streams = [...this.#streams].sort(([, a], [, b]) => b.seenWallMs - a.seenWallMs);
    for (const [key, { uid, store, seenWallMs }] of streams) {
      if (!isKept(uid, `stream ${uid} ${store}`, seenWallMs)) this.#streams.delete(key);
    }
    const starts = [...this.#starts].sort(([, a], [, b]) => b.wallMs - a.wallMs);
    for (const [key, { workload, wallMs }] of starts) {
      if (!isKept(workload.uid, `start ${workload.uid}`, wallMs)) this.#starts.delete(key);
    }
  }

  streams(): readonly StreamState[] {
    return [...this.#streams.values()];
  }

  complete(store: StoreName): Completeness | null {
    return this.#complete.get(store) ?? null;
  }

  size(store: StoreName): StoreSize {
    const rows = this.#rows.filter(({ batch }) => batch.store === store);
    const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
    return {
      batches: rows.length,
      exchanges: sum(({ exchanges }) => exchanges),
      bytes: sum(({ bytes }) => bytes),
    };
  }

  oldest(store: StoreName, count: number): readonly BatchRow[] {
    return this.#rows.filter(({ batch }) => batch.store === store).slice(0, count);
  }

  get newest(): number {
    return this.#number;
  }

  first(): number {
    return 1;
  }

  rows(query: ShelfQuery, from: number, to: number): readonly BatchRow[] {
    return this.#between(query, from, to).reverse();
  }

  lastBefore(before: number, of: { readonly store: StoreName; readonly boot: string }): number {
    const found = this.#rows.filter(
      ({ number, boot, batch }) => number < before && boot === of.boot && batch.store === of.store,
    );
    return found.reduce((last, { lastMs }) => Math.max(last, lastMs), -Infinity);
  }

  page(query: ShelfQuery, after: number, count: number, to = Infinity): readonly KeptBatch[] {
    const page: Row[] = [];
    let exchanges = 0;
    for (const row of this.#between(query, after + 1, to)) {
      if (page.length === count || exchanges >= pageExchanges) break;
      page.push(row);
      exchanges += row.exchanges;
    }
    return page;
  }

  #between(query: ShelfQuery, from: number, to: number): Row[] {
    return this.#rows.filter(
      ({ number, batch }) => number >= from && number <= to && isMeant(batch, query),
    );
  }

  starts(query: Parameters<Shelf["starts"]>[0]): readonly ProcessStart[] {
    const { namespace, workload, untilWallMs } = query;
    return [...this.#starts.values()]
      .filter(
        (start) =>
          (namespace === null || start.workload.namespace === namespace) &&
          (workload === null || start.workload.name === workload) &&
          (untilWallMs === null || start.wallMs <= untilWallMs),
      )
      .sort((a, b) => a.wallMs - b.wallMs);
  }

  close(): void {}
}

/** Asked for each in turn, the newest first. */
function keeping({ beforeWallMs, exceptUids }: Forget) {
  const seen = new Set<string>();
  return (uid: string, id: string, wallMs: number): boolean => {
    const isNewest = !seen.has(id);
    seen.add(id);
    return wallMs >= beforeWallMs || (isNewest && exceptUids.has(uid));
  };
}

function isMeant(batch: RecordedBatch, query: ShelfQuery): boolean {
  const { store, service, namespace, workload, since, untilWallMs } = query;
  const { fromMs, toMs } = spanOf(batch);
  return (
    (store === null || batch.store === store) &&
    (service === null || servicesIn(batch).has(service) || batch.gaps.length > 0) &&
    (namespace === null || batch.workload.namespace === namespace) &&
    (workload === null || batch.workload.name === workload) &&
    isSince(since, batch, toMs) &&
    (untilWallMs === null || fromMs + batch.wallOffsetMs <= untilWallMs)
  );
}

function keyOf({ uid, life, store }: StreamState): string {
  return `${uid} ${life} ${store}`;
}
