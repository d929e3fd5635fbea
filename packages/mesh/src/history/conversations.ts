import type { HistoryEvent } from "./event.ts";
import type { GlobalView } from "./merge.ts";

/** A request, all that was sent because of it from proxy to proxy, and the replies: M1 to M6. */
export interface Conversation {
  /** In global order. */
  readonly events: readonly HistoryEvent[];
}

/**
 * The conversations of a global view, as they began. What links them is proved: one exchange of one proxy has its request
 * and its attempts, and one message has one sender and one receiver. What an application asks because it was asked is a
 * conversation of its own, for nothing proves the link.
 */
export function conversationsOf({ events, pairs }: GlobalView): readonly Conversation[] {
  const groups = new Groups();
  for (const { send, recv } of pairs) {
    if (send !== null && recv !== null) groups.join(exchangeOf(send), exchangeOf(recv));
  }
  const found = Map.groupBy(events, (event) => groups.rootOf(exchangeOf(event)));
  return Array.from(found.values(), (own) => ({ events: own }));
}

/** The exchange that an event belongs to. */
export function exchangeOf({ epoch, exchange }: HistoryEvent): string {
  return `${epoch} ${exchange}`;
}

/** Disjoint sets with path halving. */
class Groups {
  readonly #parents = new Map<string, string>();

  rootOf(item: string): string {
    let at = item;
    for (;;) {
      const parent = this.#parents.get(at) ?? at;
      if (parent === at) return at;
      const grand = this.#parents.get(parent) ?? parent;
      this.#parents.set(at, grand);
      at = grand;
    }
  }

  join(a: string, b: string): void {
    const [from, to] = [this.rootOf(a), this.rootOf(b)];
    if (from !== to) this.#parents.set(from, to);
  }
}
