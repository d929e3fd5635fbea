import type { Gap, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { type StreamState, spanOf, storeNames } from "./shelf.ts";

/** What becomes of a batch that came. */
export interface Taken {
  /** As it is to be kept, with the gaps that were found; null: all of it is kept already. */
  readonly batch: RecordedBatch | null;
  readonly state: StreamState;
}

/**
 * How far each proxy's streams are known. A batch that comes twice is kept once; a number that is left out is a gap
 * `lost`, another life of the proxy a gap `restart`: what it had recorded and not sent died with it.
 *
 *   number   1 ── kept ── next ── missing ── from ── this batch ──▶
 */
export class Intake {
  readonly #streams = new Map<string, StreamState>();
  /** The newest life of each workload and store. */
  readonly #newest = new Map<string, StreamState>();

  constructor(streams: readonly StreamState[]) {
    for (const state of [...streams].sort((a, b) => a.seenWallMs - b.seenWallMs)) this.#set(state);
  }

  take(batch: RecordedBatch, nowWallMs: number): Taken {
    const { workload, life, store, boot, from } = batch;
    const { uid } = workload;
    const known = this.#streams.get(streamKey(batch)) ?? null;
    const next = known?.next ?? 1;
    const end = from + batch.exchanges.length;
    const isOld = known !== null && end <= next && (batch.exchanges.length > 0 || from < next);
    const gaps = isOld ? [] : this.#gapsBefore(batch, known);
    const lastMs = Math.max(known?.lastMs ?? batch.sinceMs, isOld ? 0 : spanOf(batch).toMs);
    const state = {
      uid,
      life,
      store,
      boot,
      next: Math.max(next, end),
      lastMs,
      seenWallMs: nowWallMs,
    };
    this.#set(state);
    if (isOld) return { batch: null, state };
    const exchanges = from < next ? batch.exchanges.slice(next - from) : batch.exchanges;
    const kept = {
      ...batch,
      from: Math.max(from, next),
      exchanges,
      gaps: [...gaps, ...batch.gaps],
    };
    const isEmpty = kept.exchanges.length === 0 && kept.gaps.length === 0;
    return { batch: isEmpty ? null : kept, state };
  }

  /** The latest moment that is kept of a life of a proxy, in whichever store; monotonic ms. */
  lastMs(uid: string, life: string): number {
    const states = storeNames.map((store) => this.#streams.get(`${uid} ${life} ${store}`));
    return Math.max(...states.map((state) => state?.lastMs ?? Number.NEGATIVE_INFINITY));
  }

  /** The life of a proxy that was heard of last in this boot, and until when it told; null: none was. */
  newest(uid: string, boot: string): { readonly life: string; readonly untilMs: number } | null {
    const states = storeNames
      .map((store) => this.#newest.get(`${uid} ${store}`))
      .filter((state) => state?.boot === boot)
      .sort((a, b) => b!.lastMs - a!.lastMs);
    const [state] = states;
    return state === undefined ? null : { life: state.life, untilMs: state.lastMs };
  }

  /** Of workloads that are gone. */
  forget(beforeWallMs: number, exceptUids: ReadonlySet<string>): void {
    for (const [key, { uid, seenWallMs }] of this.#streams) {
      if (seenWallMs < beforeWallMs && !exceptUids.has(uid)) this.#streams.delete(key);
    }
    for (const [key, { uid, seenWallMs }] of this.#newest) {
      if (seenWallMs < beforeWallMs && !exceptUids.has(uid)) this.#newest.delete(key);
    }
  }

  #gapsBefore(batch: RecordedBatch, known: StreamState | null): readonly Gap[] {
    const gaps: Gap[] = [];
    const earlier = this.#newest.get(storeKey(batch)) ?? null;
    if (known === null && earlier !== null) {
      // Times of another boot are none of this one's: since it booted, then.
      const fromMs = earlier.boot === batch.boot ? Math.min(earlier.lastMs, batch.sinceMs) : 0;
      gaps.push({ fromMs, toMs: batch.sinceMs, missing: -1, reason: "restart" });
    }
    const next = known?.next ?? 1;
    if (batch.from > next) {
      const fromMs = known?.lastMs ?? batch.sinceMs;
      const toMs = Math.max(fromMs, firstEndOf(batch));
      gaps.push({ fromMs, toMs, missing: batch.from - next, reason: "lost" });
    }
    return gaps;
  }

  #set(state: StreamState): void {
    this.#streams.set(streamKey({ ...state, workload: state }), state);
    const key = storeKey({ ...state, workload: state });
    const newest = this.#newest.get(key);
    // A late batch of an earlier life does not make that the newest again.
    const isKnown =
      newest !== undefined && newest.life !== state.life && this.#isEarlier(state, newest);
    if (!isKnown) this.#newest.set(key, state);
  }

  #isEarlier(state: StreamState, newest: StreamState): boolean {
    return state.boot === newest.boot && state.lastMs < newest.lastMs;
  }
}

/** Exchanges are numbered as they end: what is missing before a batch ended no later than the first of it. */
function firstEndOf(batch: RecordedBatch): number {
  const firstMs = batch.exchanges.reduce((least, { endMs }) => Math.min(least, endMs), Infinity);
  return Number.isFinite(firstMs) ? firstMs : spanOf(batch).toMs;
}

type Stream = Pick<RecordedBatch, "life" | "store"> & {
  readonly workload: { readonly uid: string };
};

function streamKey({ workload, life, store }: Stream): string {
  return `${workload.uid} ${life} ${store}`;
}

function storeKey({ workload, store }: Omit<Stream, "life">): string {
  return `${workload.uid} ${store}`;
}
