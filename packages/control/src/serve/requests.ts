import type { Answer, Request } from "@heddle/mesh/discovery/protocol.ts";
import type { Session } from "./session.ts";

/** What is asked of proxies: `tap` and `history` of the control connection. */
export interface Question {
  readonly what: Request["what"];
  readonly isMeant: (workloadUid: string) => boolean;
  /** As `telemetry/` has it for `what`. */
  readonly filter: unknown;
}

/** Gets the answers. */
export interface AnswerSink {
  onItems(workloadUid: string, items: readonly unknown[], dropped: number): void;
  /** It has nothing more to say, or its connection is lost. Default: nobody waits for that. */
  onDone?(workloadUid: string): void;
}

interface Open extends Question {
  readonly sink: AnswerSink;
  /** Proxies that were asked and have not said all. */
  readonly asked: Set<string>;
}

export interface OpenRequest {
  /** Proxies that were asked and have not said all, by workload uid. */
  readonly asked: ReadonlySet<string>;
  close(): void;
}

/** Answers of many proxies as one stream: asked of each, and of those that come later; merged as they arrive. */
export class Requests {
  readonly #sessions: () => Iterable<Session>;
  readonly #open = new Map<number, Open>();
  #lastId = 0;

  constructor(sessions: () => Iterable<Session>) {
    this.#sessions = sessions;
  }

  open(question: Question, sink: AnswerSink): OpenRequest {
    const id = ++this.#lastId;
    const open: Open = { ...question, sink, asked: new Set() };
    this.#open.set(id, open);
    for (const session of this.#sessions()) this.#ask(id, open, session);
    return {
      asked: open.asked,
      close: () => {
        this.#open.delete(id);
        for (const session of this.#sessions()) {
          if (open.asked.has(session.uid!)) session.send({ type: "cancel", id });
        }
      },
    };
  }

  /** A proxy is there now. */
  onSession(session: Session): void {
    for (const [id, open] of this.#open) this.#ask(id, open, session);
  }

  /** A proxy is there no more. */
  onGone(uid: string): void {
    for (const { asked, sink } of this.#open.values()) {
      if (asked.delete(uid)) sink.onDone?.(uid);
    }
  }

  onAnswer(session: Session, { id, items, done, dropped }: Answer): void {
    const { uid } = session;
    const open = this.#open.get(id);
    if (uid === null || open === undefined) return;
    open.sink.onItems(uid, items, dropped);
    if (done && open.asked.delete(uid)) open.sink.onDone?.(uid);
  }

  #ask(id: number, open: Open, session: Session): void {
    const { uid } = session;
    if (uid === null || !open.isMeant(uid)) return;
    open.asked.add(uid);
    session.send({ type: "request", id, what: open.what, filter: open.filter });
  }
}
