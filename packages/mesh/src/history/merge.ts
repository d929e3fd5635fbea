import { MinHeap } from "../base/min-heap.ts";
import type { EndpointName, History, HistoryEvent } from "./event.ts";
import { type RecordedHistories, wallMsOf } from "./histories.ts";
import { type MessagePair, pairsOf, skewMaxMs } from "./pairs.ts";

/** The global point of view: a total order of all events that no endpoint can contradict. */
export interface GlobalView {
  readonly events: readonly HistoryEvent[];
  readonly pairs: readonly MessagePair[];
  readonly problems: readonly HistoryProblem[];
}

/** What cannot be, if everybody recorded the truth. */
export type HistoryProblem =
  /** By the recorders' clocks it was received so many ms before it was sent. */
  | { readonly kind: "clock"; readonly recv: HistoryEvent; readonly earlyMs: number }
  /** Each waits for the one before it, and the first for the last: no order has them all. */
  | { readonly kind: "cycle"; readonly events: readonly HistoryEvent[] };

/**
 * Merges histories: consistent with every local order and with Send•M before Recv•M; where these leave a choice the
 * earlier comes first. Histories that admit no such order are merged all the same, and what is impossible is reported.
 */
export function globalView(recorded: RecordedHistories): GlobalView {
  const { histories, lives } = recorded;
  const wall = (event: HistoryEvent) => wallMsOf(event, lives);
  const pairs = pairsOf(histories, wall);
  const problems: HistoryProblem[] = [];
  for (const { send, recv } of pairs) {
    const earlyMs = send === null || recv === null ? 0 : wall(send) - wall(recv);
    if (earlyMs > skewMaxMs) problems.push({ kind: "clock", recv: recv!, earlyMs });
  }
  const merge = new Merge(histories, pairs, wall);
  const events = merge.run(problems);
  return { events, pairs, problems };
}

/** Kahn's order of the events, each after the one before it at its endpoint and a receipt after its sending. */
class Merge {
  readonly #heads = new Map<EndpointName, number>();
  readonly #histories: ReadonlyMap<EndpointName, History>;
  readonly #sendOf = new Map<HistoryEvent, HistoryEvent>();
  readonly #recvOf = new Map<HistoryEvent, HistoryEvent>();
  readonly #done = new Set<HistoryEvent>();
  readonly #ready: MinHeap<HistoryEvent>;
  readonly #timeOf: (event: HistoryEvent) => number;

  constructor(
    histories: ReadonlyMap<EndpointName, History>,
    pairs: readonly MessagePair[],
    timeOf: (event: HistoryEvent) => number,
  ) {
    this.#histories = histories;
    this.#timeOf = timeOf;
    this.#ready = new MinHeap((a, b) => timeOf(a) < timeOf(b));
    for (const { send, recv } of pairs) {
      if (send === null || recv === null) continue;
      this.#sendOf.set(recv, send);
      this.#recvOf.set(send, recv);
    }
  }

  run(problems: HistoryProblem[]): readonly HistoryEvent[] {
    const order: HistoryEvent[] = [];
    for (const endpoint of this.#histories.keys()) {
      this.#heads.set(endpoint, 0);
      this.#offer(endpoint);
    }
    for (;;) {
      const event = this.#ready.pop();
      if (event !== undefined) {
        order.push(event);
        this.#take(event);
        continue;
      }
      const stuck = this.#stuck();
      if (stuck === null) return order;
      const cycle = this.#cycleAt(stuck);
      problems.push({ kind: "cycle", events: cycle });
      const [first] = cycle.toSorted((a, b) => this.#timeOf(a) - this.#timeOf(b));
      this.#sendOf.delete(first!); // the reader gets an order, and the word that it is none
      this.#offer(first!.endpoint);
    }
  }

  #take(event: HistoryEvent): void {
    this.#done.add(event);
    this.#heads.set(event.endpoint, this.#heads.get(event.endpoint)! + 1);
    this.#offer(event.endpoint);
    const recv = this.#recvOf.get(event);
    if (recv === undefined || recv.endpoint === event.endpoint) return;
    if (recv === this.#headOf(recv.endpoint)) this.#offer(recv.endpoint);
  }

  #offer(endpoint: EndpointName): void {
    const head = this.#headOf(endpoint);
    if (head === null) return;
    const send = this.#sendOf.get(head);
    if (send === undefined || this.#done.has(send)) this.#ready.push(head);
  }

  #headOf(endpoint: EndpointName): HistoryEvent | null {
    return this.#histories.get(endpoint)?.events[this.#heads.get(endpoint) ?? 0] ?? null;
  }

  /** The earliest event that waits, where all wait for each other. */
  #stuck(): HistoryEvent | null {
    let found: HistoryEvent | null = null;
    for (const endpoint of this.#heads.keys()) {
      const head = this.#headOf(endpoint);
      if (head === null) continue;
      if (found === null || this.#timeOf(head) < this.#timeOf(found)) found = head;
    }
    return found;
  }

  /** Who waits for whom from `event` on, until one comes again. */
  #cycleAt(event: HistoryEvent): readonly HistoryEvent[] {
    const path: HistoryEvent[] = [];
    let at: HistoryEvent = event;
    while (!path.includes(at)) {
      path.push(at);
      at = this.#headOf(this.#sendOf.get(at)!.endpoint)!;
    }
    return path.slice(path.indexOf(at));
  }
}
