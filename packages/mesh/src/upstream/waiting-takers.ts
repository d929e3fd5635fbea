import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { UpstreamContext } from "./context.ts";
import type { SessionTaker } from "./pooled-session.ts";

/** How long a request waits for a connection when dials and connections are at their limits, in ms. */
const waitMaxMs = 5000;

/** Those who found no connection, in the order in which they came. */
export class WaitingTakers {
  readonly #context: UpstreamContext;
  readonly #waiting = new Map<SessionTaker, WaitingTaker>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Since when the one who waits longest does; null: nobody waits. */
  get oldestSinceMs(): number | null {
    for (const { sinceMs } of this.#waiting.values()) return sinceMs;
    return null;
  }

  /** @param openedMin it takes no connection that is older: see `takeFor` */
  add(taker: SessionTaker, openedMin: number): void {
    const waiting = new WaitingTaker(this, taker, openedMin, this.#context.clock.monotonicMs());
    this.#waiting.set(taker, waiting);
    this.#context.wheel.set(waiting.deadline, waitMaxMs);
  }

  /** `taker` waits no longer. Did it? */
  remove(taker: SessionTaker): boolean {
    const waiting = this.#waiting.get(taker);
    if (waiting === undefined) return false;
    this.#waiting.delete(taker);
    this.#context.wheel.clear(waiting.deadline);
    return true;
  }

  /** The first that can do with the connection that was opened as the `opened`th; it waits no longer. */
  takeFor(opened: number): SessionTaker | null {
    for (const { taker, openedMin } of this.#waiting.values()) {
      if (opened < openedMin) continue;
      this.remove(taker);
      return taker;
    }
    return null;
  }

  /** The first `count`; they wait no longer. */
  takeFirst(count: number): readonly SessionTaker[] {
    const first = [...this.#waiting.keys()].slice(0, count);
    for (const taker of first) this.remove(taker);
    return first;
  }

  /** The wait of `taker` is over. */
  onExpired(taker: SessionTaker): void {
    this.remove(taker);
    taker.onNoSession("queue-full", `no connection became free within ${waitMaxMs} ms`);
  }
}

/** Somebody who found no connection. */
class WaitingTaker implements DeadlineHandler {
  readonly taker: SessionTaker;
  readonly openedMin: number;
  readonly sinceMs: number;
  readonly deadline: Deadline;
  readonly #queue: WaitingTakers;

  constructor(queue: WaitingTakers, taker: SessionTaker, openedMin: number, sinceMs: number) {
    this.#queue = queue;
    this.taker = taker;
    this.openedMin = openedMin;
    this.sinceMs = sinceMs;
    this.deadline = new Deadline(this);
  }

  onDeadline(): void {
    this.#queue.onExpired(this.taker);
  }
}
