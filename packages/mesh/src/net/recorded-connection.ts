import type { Clock } from "../base/clock.ts";
import type { ObservedExchange } from "../history/observed-exchange.ts";
import type { RequestHead } from "../model/head.ts";
import { acceptedName, dialledName, endText } from "./connection-name.ts";
import { frameReply, frameRequest } from "./http1/framing.ts";
import type { HeadReader } from "./http1/head-reader.ts";
import { defaultHttp1Limits } from "./http1/limits.ts";
import { type FramedHead, MessageReader, type MessageSink } from "./http1/message-reader.ts";
import type { Http1ReplyHead } from "./http1/reply-head.ts";
import type { Http1RequestHead } from "./http1/request-head.ts";
import type { Fault } from "./http1/scan.ts";
import { type Meaning, OpenExchange, type Wire } from "./open-exchange.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "./transport.ts";

/** What a recorded connection needs of its recorder. */
export interface RecordingHost {
  readonly clock: Clock;
  readonly bodyBytesMax: number;
  nextSeq(): number;
  nextId(): number;
  /** What the request to (or at) `address` means. */
  read(address: string, head: RequestHead): Meaning;
  begun(exchange: ObservedExchange): void;
  ended(exchange: ObservedExchange): void;
  /** No connection came about: nothing was sent. */
  unsent(exchange: ObservedExchange): void;
  /** Messages passed that are not recorded. */
  lost(): void;
}

/**
 * A connection of somebody else's, with every message on it recorded. Octets pass untouched. A message is written down
 * before it is sent and after it has come: between the two times lies all that it caused.
 */
export class RecordedConnection implements Connection, ConnectionEvents {
  readonly #host: RecordingHost;
  readonly #side: ObservedExchange["side"];
  readonly #requests: MessageReader<Http1RequestHead>;
  readonly #replies: MessageReader<Http1ReplyHead>;
  /** Requests whose reply has not ended, in order: the reply that comes is the first's. */
  readonly #open: OpenExchange[] = [];
  #exchanges = 0;
  /** Of the request whose body passes. */
  #asking: OpenExchange | null = null;
  #inner: Connection | null = null;
  #events: ConnectionEvents | null = null;
  readonly #wire: Wire = { connection: "", own: "", other: "", peer: null };
  #isOpen: boolean;

  constructor(host: RecordingHost, side: ObservedExchange["side"]) {
    this.#host = host;
    this.#side = side;
    this.#isOpen = side === "answered";
    this.#requests = new MessageReader("request", defaultHttp1Limits, this.#requestSink());
    this.#replies = new MessageReader("reply", defaultHttp1Limits, this.#replySink());
  }

  /** Gives it the connection it stands for, and who is told what happens on it. */
  attach(inner: Connection, events: ConnectionEvents | null): void {
    this.#inner = inner;
    this.#events = events;
    this.#name();
  }

  get local(): Connection["local"] {
    return this.#inner!.local;
  }

  get remote(): Connection["remote"] {
    return this.#inner!.remote;
  }

  get peer(): Peer | null {
    return this.#inner!.peer;
  }

  get queuedBytes(): number {
    return this.#inner!.queuedBytes;
  }

  get receivedBytes(): number {
    return this.#inner!.receivedBytes;
  }

  get sentBytes(): number {
    return this.#inner!.sentBytes;
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    this.#sent(bytes, start, end);
    return this.#inner!.write(bytes, start, end);
  }

  writeOwned(bytes: Buffer): WriteStatus {
    this.#sent(bytes, 0, bytes.length);
    return this.#inner!.writeOwned(bytes);
  }

  end(): void {
    this.#inner!.end();
    if (this.#side === "answered") this.#replies.end();
  }

  reset(): void {
    this.#inner!.reset();
  }

  pause(): void {
    this.#inner!.pause();
  }

  resume(): void {
    this.#inner!.resume();
  }

  onOpen(): void {
    this.#isOpen = true;
    this.#name(); // only now is our own end known, and with TLS who the other is
    this.#events!.onOpen();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#side === "asked") this.#replies.read(bytes, start, end);
    else this.#requests.read(bytes, start, end);
    this.#events!.onBytes(bytes, start, end);
  }

  onEnd(): void {
    if (this.#side === "asked") this.#replies.end();
    this.#events!.onEnd();
  }

  onDrain(): void {
    this.#events!.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    this.#requests.stop();
    this.#replies.stop();
    for (const exchange of this.#open.splice(0)) {
      if (!this.#isOpen) {
        this.#host.unsent(exchange);
        continue;
      }
      exchange.fail(this.#host.clock.monotonicMs(), failure?.detail ?? "the connection ended");
      this.#host.ended(exchange);
    }
    this.#events!.onClose(failure);
  }

  #sent(bytes: Buffer, start: number, end: number): void {
    if (this.#side === "asked") this.#requests.read(bytes, start, end);
    else this.#replies.read(bytes, start, end);
  }

  #requestSink(): MessageSink<Http1RequestHead> {
    return {
      frame: (reader: HeadReader): FramedHead<Http1RequestHead> | Fault => {
        const head = frameRequest(reader.scanner, reader.copyHead());
        if (!("shape" in head)) return head;
        const { length } = head.shape;
        // What may follow a request for a tunnel is no HTTP, and by then its reply has said so.
        return { head, length: length === "tunnel" ? 0 : length };
      },
      onHead: (head) => this.#onRequest(head),
      onBody: (bytes, start, end) => this.#asking?.asked.add(bytes, start, end),
      onEnd: () => this.#asking?.asked.end(),
      onLost: () => this.#lose(),
    };
  }

  #replySink(): MessageSink<Http1ReplyHead> {
    return {
      frame: (reader: HeadReader): FramedHead<Http1ReplyHead> | Fault => {
        const [exchange] = this.#open;
        if (exchange === undefined) return bad("a reply to no request");
        const shape = frameReply(reader.scanner, reader.copyHead(), exchange.request.method);
        if (!("head" in shape)) return shape;
        const { status } = shape.head;
        // What follows one of these is no HTTP.
        if (status === 101) return bad("another protocol from here on");
        if (status < 200) return { head: shape.head, length: "interim" };
        if (exchange.request.method === "CONNECT" && status < 300) return bad("a tunnel");
        return { head: shape.head, length: shape.length };
      },
      onHead: (head) => {
        const [exchange] = this.#open;
        exchange!.answer(this.#host.nextSeq(), this.#host.clock.monotonicMs(), head.status);
      },
      onBody: (bytes, start, end) => this.#open[0]?.answered.add(bytes, start, end),
      onEnd: () => this.#onReplyEnd(),
      onLost: () => this.#lose(),
    };
  }

  #onRequest(head: Http1RequestHead): void {
    const host = this.#host;
    const address = this.#side === "asked" ? this.#wire.other : this.#wire.own;
    const exchange = new OpenExchange({
      id: host.nextId(),
      side: this.#side,
      wire: this.#wire,
      ordinal: ++this.#exchanges,
      bodyBytesMax: host.bodyBytesMax,
      meaning: host.read(address, head),
      head,
      seq: host.nextSeq(),
      atMs: host.clock.monotonicMs(),
    });
    this.#asking = exchange;
    this.#open.push(exchange);
    host.begun(exchange);
  }

  #onReplyEnd(): void {
    const exchange = this.#open.shift()!;
    exchange.answered.end();
    exchange.endMs = this.#host.clock.monotonicMs();
    this.#host.ended(exchange);
  }

  #name(): void {
    const wire = this.#wire;
    wire.own = endText(this.local);
    wire.other = endText(this.remote);
    wire.peer = this.peer?.id ?? null;
    wire.connection = this.#side === "asked" ? dialledName(this) : acceptedName(this);
  }

  #lose(): void {
    this.#requests.stop();
    this.#replies.stop();
    this.#host.lost();
  }
}

function bad(detail: string): Fault {
  return { reason: "bad-request", detail };
}
