import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type { Reason } from "@heddle/mesh/model/reason.ts";
import type {
  BodyLength,
  ClientStream,
  ReplyFailure,
  ReplySink,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { reasonReply } from "@heddle/mesh/net/http1/reason-reply.ts";
import type { ClientCodec } from "@heddle/mesh/upstream/session.ts";

/** The smallest relay: all exchanges of a server connection on one client connection, no decision anywhere. */
export class TinyRelay implements RequestHandler {
  readonly #client: Pick<ClientCodec, "start">;
  readonly refusals: Reason[] = [];

  constructor(client: Pick<ClientCodec, "start">) {
    this.#client = client;
  }

  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink {
    const exchange = new TinyExchange(stream);
    const upstream = this.#client.start(exchange);
    exchange.upstream = upstream;
    upstream.sendHead(head, length);
    return exchange;
  }

  onBadRequest(_connection: unknown, reason: Reason): void {
    this.refusals.push(reason);
  }

  onConnectionClose(): void {}
}

class TinyExchange implements RequestSink, ReplySink {
  readonly #down: ServerStream;
  upstream: ClientStream | null = null;
  #hasHead = false;
  #isTunnel = false;
  #hasRequestEnded = false;

  constructor(down: ServerStream) {
    this.#down = down;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    if (!this.upstream!.sendBody(bytes, start, end)) this.#down.pauseRequest();
  }

  onRequestEnd(trailers: Fields | null): void {
    this.#hasRequestEnded = true;
    this.upstream!.sendEnd(trailers);
  }

  onRequestFailed(): void {
    this.upstream!.abort();
  }

  onInterim(head: ReplyHead): void {
    this.#down.sendInterim(head);
  }

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    this.#hasHead = true;
    this.#isTunnel = length === "tunnel";
    this.#down.sendHead(head, length);
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (!this.#down.sendBody(bytes, start, end)) this.upstream!.pauseReply();
  }

  onReplyEnd(trailers: Fields | null): void {
    if (!this.#hasRequestEnded && !this.#isTunnel) this.upstream!.abort();
    this.#down.sendEnd(trailers);
  }

  onReplyFailed(failure: ReplyFailure): void {
    if (this.#hasHead) {
      this.#down.abort();
      return;
    }
    const { head, body } = reasonReply(failure.reason, failure.detail, 0);
    this.#down.sendHead(head, body.length);
    this.#down.sendBody(body, 0, body.length);
    this.#down.sendEnd(null);
  }

  /** Either side has room again. */
  onWritable(): void {
    this.#down.resumeRequest();
    this.upstream!.resumeReply();
  }
}
