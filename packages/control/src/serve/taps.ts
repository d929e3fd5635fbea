import type { Answer } from "@heddle/mesh/discovery/protocol.ts";
import type { Session } from "./session.ts";

/** Gets what a tap sees. */
export interface TapSink {
  onItems(workloadUid: string, items: readonly unknown[], dropped: number): void;
}

interface Tap {
  readonly isMeant: (workloadUid: string) => boolean;
  readonly filter: unknown;
  readonly sink: TapSink;
}

/** Live records from many proxies as one stream: asked of each, and of those that come later; merged as they arrive. */
export class Taps {
  readonly #sessions: () => Iterable<Session>;
  readonly #taps = new Map<number, Tap>();
  #lastId = 0;

  constructor(sessions: () => Iterable<Session>) {
    this.#sessions = sessions;
  }

  /** Starts one; the function returned ends it. `filter` is `telemetry/tap.ts`'s. */
  open(isMeant: (workloadUid: string) => boolean, filter: unknown, sink: TapSink): () => void {
    const id = ++this.#lastId;
    const tap: Tap = { isMeant, filter, sink };
    this.#taps.set(id, tap);
    for (const session of this.#sessions()) this.#ask(id, tap, session);
    return () => {
      this.#taps.delete(id);
      for (const session of this.#sessions()) {
        if (isMeant(session.uid!)) session.send({ type: "cancel", id });
      }
    };
  }

  /** A proxy is there now. */
  onSession(session: Session): void {
    for (const [id, tap] of this.#taps) this.#ask(id, tap, session);
  }

  onAnswer(session: Session, answer: Answer): void {
    const { uid } = session;
    if (uid === null) return;
    this.#taps.get(answer.id)?.sink.onItems(uid, answer.items, answer.dropped);
  }

  #ask(id: number, tap: Tap, session: Session): void {
    if (session.uid === null || !tap.isMeant(session.uid)) return;
    session.send({ type: "request", id, what: "tap", filter: tap.filter });
  }
}
