import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import type { Gap, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { parseRecordedBatch } from "@heddle/mesh/history/batch-codec.ts";
import { narrow } from "../recording/narrow.ts";
import type { Recordings } from "../recording/recordings.ts";
import { type ShelfQuery, spanOf } from "../recording/shelf.ts";
import type { Door } from "../serve/door.ts";
import type { OpenRequest } from "../serve/requests.ts";
import type { Controller } from "../watch/controller.ts";
import type { JsonLines } from "./http.ts";

export interface RecordedContext {
  readonly recordings: Recordings;
  readonly controller: Controller;
  readonly door: Door;
  readonly clock: Clock;
  readonly log: Log;
}

/** A proxy that has not said all within this time is not waited for, in ms. */
const answerTimeoutMs = 5_000;
/** Exchanges of proxies' rings that wait while kept ones are read; those beyond are lost to this answer, as a gap. */
const waitingExchangesMax = 100_000;
/** Ids of a proxy's kept exchanges that are remembered: more than its ring holds. */
const idsMax = 65_536;
/** A client that reads too slowly loses batches beyond so many bytes, as gaps. */
const queueBytesMax = 16 << 20;

/** Which exchanges were among the kept ones: the newest of each life of a proxy. */
export class KeptIds {
  readonly #lives = new Map<string, Set<number>>();
  readonly #recordings: Recordings;

  constructor(recordings: Recordings) {
    this.#recordings = recordings;
  }

  add({ life, exchanges }: RecordedBatch): void {
    let ids = this.#lives.get(life);
    if (ids === undefined) {
      ids = new Set();
      this.#lives.set(life, ids);
    }
    for (const { id } of exchanges) ids.add(id);
    for (const id of ids) {
      if (ids.size <= idsMax) break;
      ids.delete(id);
    }
  }

  /**
   * What of a ring's batch is not among them. The ring calls a gap what it no longer has; where that was kept, it is none.
   */
  without(batch: RecordedBatch): RecordedBatch {
    const ids = this.#lives.get(batch.life);
    const keptMs = this.#recordings.lastMs(batch.workload.uid, batch.life);
    return {
      ...batch,
      exchanges:
        ids === undefined ? batch.exchanges : batch.exchanges.filter(({ id }) => !ids.has(id)),
      gaps: batch.gaps.filter(({ reason, toMs }) => reason !== "overflow" || toMs > keptMs),
    };
  }
}

/** What proxies that are connected hold, and with `isFollowing` what they record from now on. */
export class LiveHistory {
  readonly #context: RecordedContext;
  readonly #query: ShelfQuery;
  readonly #isFollowing: boolean;
  readonly #request: OpenRequest;
  /** The life of each proxy that spoke last, and until when it told. */
  readonly #lives = new Map<string, { readonly life: string; readonly untilMs: number }>();
  #waiting: RecordedBatch[] = [];
  #waitingExchanges = 0;
  #take: (batch: RecordedBatch) => void = (batch) => this.#wait(batch);
  #onDone: () => void = () => {};

  constructor(context: RecordedContext, query: ShelfQuery, isFollowing: boolean) {
    this.#context = context;
    this.#query = query;
    this.#isFollowing = isFollowing;
    const { door, controller } = context;
    const isMeant = (uid: string) => {
      const view = controller.views.get(uid);
      if (view === undefined) return false;
      const { namespace, workload } = query;
      return (
        (namespace === null || view.namespace === namespace) &&
        (workload === null || view.name === workload)
      );
    };
    this.#request = door.requests.open(
      { what: "history", isMeant, filter: { follow: isFollowing, service: query.service } },
      {
        onItems: (uid, items) => this.#onItems(uid, items),
        onDone: () => this.#onDone(),
      },
    );
  }

  /** Writes what is not among the kept ones, until all proxies have said theirs, or the client goes. */
  async pass(kept: KeptIds, lines: JsonLines): Promise<void> {
    const lost = new Map<string, RecordedBatch>();
    this.#take = (batch) => {
      if (lines.queuedBytes > queueBytesMax)
        lost.set(batch.life, asGap(batch, lost.get(batch.life)));
      else {
        const gap = lost.get(batch.life);
        if (gap !== undefined) lines.write({ batch: gap });
        lost.delete(batch.life);
        const meant = narrow(kept.without(batch), this.#query);
        if (meant !== null) lines.write({ batch: meant });
      }
    };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const batch of waiting) this.#take(batch);
    if (this.#isFollowing) await lines.closed;
    else await Promise.race([this.#whenDone(), lines.closed]);
    for (const batch of lost.values()) lines.write({ batch });
  }

  close(): void {
    this.#request.close();
  }

  #whenDone(): Promise<void> {
    if (this.#request.asked.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer: Timer = this.#context.clock.after(answerTimeoutMs, resolve);
      this.#onDone = () => {
        if (this.#request.asked.size > 0) return;
        timer.cancel();
        resolve();
      };
    });
  }

  #onItems(uid: string, items: readonly unknown[]): void {
    const view = this.#context.controller.views.get(uid);
    if (view === undefined) return;
    const { name, namespace } = view;
    for (const item of items) {
      const batch = parseRecordedBatch(item);
      if (typeof batch === "string") {
        this.#context.log.warn({ uid, problem: batch }, "history not understood");
        return;
      }
      this.#take(this.#afterRestart({ ...batch, workload: { uid, name, namespace } }));
    }
  }

  /** Another life of a proxy than spoke before begins with a gap: what that one had recorded and not told died with it. */
  #afterRestart(batch: RecordedBatch): RecordedBatch {
    const { life, boot, sinceMs, gaps } = batch;
    const { uid } = batch.workload;
    const before = this.#lives.get(uid) ?? this.#context.recordings.newest(uid, boot);
    const untilMs = Math.max(spanOf(batch).toMs, before?.life === life ? before.untilMs : sinceMs);
    this.#lives.set(uid, { life, untilMs });
    if (before === null || before.life === life) return batch;
    const fromMs = Math.min(before.untilMs, sinceMs);
    return { ...batch, gaps: [{ fromMs, toMs: sinceMs, missing: -1, reason: "restart" }, ...gaps] };
  }

  #wait(batch: RecordedBatch): void {
    this.#waitingExchanges += batch.exchanges.length;
    this.#waiting.push(this.#waitingExchanges > waitingExchangesMax ? asGap(batch) : batch);
  }
}

/** A batch that could not be passed on, together with those before it, as what it leaves: a gap. */
function asGap(batch: RecordedBatch, before?: RecordedBatch): RecordedBatch {
  const span = spanOf(batch);
  const [earlier = null, ...others] = before?.gaps ?? [];
  const joined: Gap = {
    fromMs: Math.min(span.fromMs, earlier?.fromMs ?? span.fromMs),
    toMs: Math.max(span.toMs, earlier?.toMs ?? span.toMs),
    missing: batch.exchanges.length + (earlier?.missing ?? 0),
    reason: "overflow",
  };
  return { ...batch, exchanges: [], gaps: [joined, ...others, ...batch.gaps] };
}
