import type { ObservedExchange, ObservedReading } from "../history/observed-exchange.ts";
import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import { BodyText } from "./body-text.ts";

/** An exchange while it is written down. */
export class OpenExchange implements ObservedExchange {
  readonly #wire: Wire;
  readonly id: number;
  readonly side: ObservedExchange["side"];
  readonly ordinal: number;
  readonly service: string | null;
  readonly request: ObservedExchange["request"];
  reply: ObservedExchange["reply"] = null;
  endMs = -1;
  failure: string | null = null;
  readonly asked: BodyText;
  readonly answered: BodyText;

  constructor(begun: Begun) {
    const asked = new BodyText(begun.bodyBytesMax);
    this.#wire = begun.wire;
    this.id = begun.id;
    this.side = begun.side;
    this.ordinal = begun.ordinal;
    this.service = begun.meaning.service;
    this.asked = asked;
    this.answered = new BodyText(begun.bodyBytesMax);
    const { method, path, authority } = begun.head;
    this.request = {
      seq: begun.seq,
      atMs: begun.atMs,
      method,
      path,
      authority,
      reading: begun.meaning.reading,
      get body() {
        return asked.value;
      },
    };
  }

  get connection(): string {
    return this.#wire.connection;
  }

  get own(): string {
    return this.#wire.own;
  }

  get other(): string {
    return this.#wire.other;
  }

  get peer(): SpiffeId | null {
    return this.#wire.peer;
  }

  answer(seq: number, atMs: number, status: number): void {
    const { answered } = this;
    this.reply = {
      seq,
      atMs,
      status,
      get body() {
        return answered.value;
      },
    };
  }

  fail(atMs: number, detail: string): void {
    this.endMs = atMs;
    this.failure = detail;
  }
}

/** A connection's name, equal at both ends, and what its ends are called. */
export interface Wire {
  connection: string;
  own: string;
  other: string;
  peer: SpiffeId | null;
}

/** What a request means on the service level. */
export interface Meaning {
  readonly service: string | null;
  readonly reading: ObservedReading | null;
}

interface Begun {
  readonly id: number;
  readonly side: ObservedExchange["side"];
  readonly wire: Wire;
  readonly ordinal: number;
  readonly bodyBytesMax: number;
  readonly meaning: Meaning;
  readonly head: RequestHead;
  readonly seq: number;
  readonly atMs: number;
}
