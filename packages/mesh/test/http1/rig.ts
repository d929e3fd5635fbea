import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
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
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import type { Http1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { reasonReply } from "@heddle/mesh/net/http1/reason-reply.ts";
import { Http1Server, type Http1ServerOptions } from "@heddle/mesh/net/http1/server.ts";
import { RecordedReply, RecordingHandler } from "./recorders.ts";
import { ScriptedConnection } from "./scripted-connection.ts";

/** A server codec whose client and handler are the test. */
export function openServer(options: Http1ServerOptions & { limits?: Http1Limits } = {}) {
  const clock = new VirtualClock();
  const { limits } = options;
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const connection = new ScriptedConnection();
  const handler = new RecordingHandler();
  const server = new Http1Server(context, connection, handler, options);
  connection.events = server;
  return { clock, context, connection, handler, server };
}

/** A client codec whose server is the test. */
export function openClient(limits?: Http1Limits) {
  const clock = new VirtualClock();
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const connection = new ScriptedConnection();
  const owned = { opens: 0, exchangeEnds: 0, closes: 0 };
  const client = new Http1Client(context, {
    onOpen: () => void owned.opens++,
    onExchangeEnd: () => void owned.exchangeEnds++,
    onClose: () => void owned.closes++,
  });
  client.attach(connection);
  connection.events = client;
  client.onOpen();
  const start = () => {
    const reply = new RecordedReply();
    return { reply, stream: client.start(reply) };
  };
  return { clock, context, connection, client, owned, start };
}

/** The smallest relay: one client connection behind one server connection, no decision anywhere. */
export class TinyRelay implements RequestHandler {
  readonly #client: Http1Client;
  readonly refusals: Reason[] = [];

  constructor(client: Http1Client) {
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

  constructor(down: ServerStream) {
    this.#down = down;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    if (!this.upstream!.sendBody(bytes, start, end)) this.#down.pauseRequest();
  }

  onRequestEnd(trailers: Fields | null): void {
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
    this.#down.sendHead(head, length);
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (!this.#down.sendBody(bytes, start, end)) this.upstream!.pauseReply();
  }

  onReplyEnd(trailers: Fields | null): void {
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

/** Server and client joined by a TinyRelay: `down` is the caller, `up` the called. */
export function openRelay(options: Http1ServerOptions & { limits?: Http1Limits } = {}) {
  const clock = new VirtualClock();
  const { limits } = options;
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const down = new ScriptedConnection();
  const up = new ScriptedConnection();
  const client = new Http1Client(context, { onOpen() {}, onExchangeEnd() {}, onClose() {} });
  client.attach(up);
  up.events = client;
  client.onOpen();
  const relay = new TinyRelay(client);
  const server = new Http1Server(context, down, relay, options);
  down.events = server;
  return { clock, context, down, up, client, server, relay };
}
