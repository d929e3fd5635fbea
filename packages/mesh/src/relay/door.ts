import type { RequestHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength, RequestHandler, RequestSink, ServerStream } from "../net/codec.ts";
import type { Connection } from "../net/transport.ts";
import type { RelayContext } from "./context.ts";
import type { FrontendSlot, Source } from "./frontend.ts";
import { recordCodecAnswer, recordRefusal } from "./refusal.ts";
import { Exchange } from "./relay.ts";

/** One connection's way into the relay: all its requests go to one frontend, the newest. */
export class Door implements RequestHandler {
  readonly #context: RelayContext;
  readonly #slot: FrontendSlot;
  readonly #source: Source;
  readonly #onClose: (connection: Connection) => void;

  constructor(
    context: RelayContext,
    slot: FrontendSlot,
    source: Source,
    onClose: (connection: Connection) => void,
  ) {
    this.#context = context;
    this.#slot = slot;
    this.#source = source;
    this.#onClose = onClose;
  }

  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink {
    const exchange = new Exchange(this.#context, this.#slot, this.#source, stream, head, length);
    exchange.begin();
    return exchange;
  }

  onBadRequest(_connection: Connection, reason: Reason, detail: string, ordinal: number): void {
    const refusal = { reason, detail, ordinal, isAnswered: true };
    recordRefusal(this.#context, this.#slot.frontend, this.#source, refusal);
  }

  onAnswered(head: RequestHead, status: number, ordinal: number): void {
    const answer = { head, status, ordinal };
    recordCodecAnswer(this.#context, this.#slot.frontend, this.#source, answer);
  }

  onConnectionClose(connection: Connection): void {
    this.#onClose(connection);
  }
}
