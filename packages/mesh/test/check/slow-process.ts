import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { RequestHead } from "@heddle/mesh/model/head.ts";
import type { RequestHandler, RequestSink, ServerStream } from "@heddle/mesh/net/codec.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import type { Transport } from "@heddle/mesh/net/transport.ts";

/** How long it takes over `/slow/…`, in ms; anything else it answers at once. */
export const slowMs = 900;

/** A process that answers everything, some of it late. */
export class SlowProcess implements RequestHandler {
  readonly #clock: Clock;
  readonly #context: Http1Context;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#context = new Http1Context({ clock });
  }

  async listen(transport: Transport, at: Address): Promise<void> {
    await transport.listen(
      { at, tls: null },
      (connection) => new Http1Server(this.#context, connection, this),
    );
  }

  onRequest(stream: ServerStream, head: RequestHead): RequestSink {
    let isOver = false;
    const answer = () => {
      if (isOver) return;
      stream.sendHead(new PlainReplyHead(200), 0);
      stream.sendEnd(null);
    };
    return {
      onRequestBody() {},
      onRequestEnd: () => {
        if (head.path.startsWith("/slow/")) this.#clock.after(slowMs, answer);
        else answer();
      },
      onRequestFailed() {
        isOver = true;
      },
      onWritable() {},
    };
  }

  onBadRequest(): void {}
  onConnectionClose(): void {}
}
