import { assert } from "@heddle/mesh/base/assert.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Fields, RequestHead } from "@heddle/mesh/model/head.ts";
import type { BodyLength, ClientStream, ReplyFailure, ReplySink } from "@heddle/mesh/net/codec.ts";
import { PlainFields, PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import type { ConnectionEvents, TransportFailure } from "@heddle/mesh/net/transport.ts";
import type { ClientCodec, ClientCodecOwner } from "@heddle/mesh/upstream/session.ts";
import { NoConnection } from "./harness.ts";

type Pairs = Iterable<readonly [string, string]>;

/** The server's side of one connection that carries many exchanges, moved by hand. */
export class WideServer implements ClientCodec, ConnectionEvents {
  readonly address: Address = tcp("0.0.0.0", 0);
  readonly owner: ClientCodecOwner;
  readonly connection: NoConnection;
  phase: "dialling" | "open" | "leaving" | "closed" = "dialling";
  /** Exchanges it lets in at a time. */
  max = 100;
  exchanges = 0;
  readonly keepAliveTimeoutMs = null;
  misfit: string | null = null;
  isUnheard = false;
  /** All that were ever started. */
  readonly streams: WideStream[] = [];
  active = 0;

  constructor(owner: ClientCodecOwner) {
    this.owner = owner;
    this.connection = new NoConnection(this.address, () => this.#gone(null));
  }

  get capacity(): number {
    return this.phase === "open" ? Math.max(0, this.max - this.active) : 0;
  }

  get isClosing(): boolean {
    return this.phase === "leaving" || this.phase === "closed";
  }

  attach(): void {}
  onOpen(): void {}
  onBytes(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}

  open(max = this.max): this {
    this.max = max;
    this.phase = "open";
    this.owner.onOpen(this);
    return this;
  }

  /** SETTINGS: another number of exchanges at a time. */
  allow(max: number): void {
    this.max = max;
    this.owner.onCapacity(this);
  }

  /** GOAWAY: streams above `last` were not looked at, and no others follow. */
  goAway(last = this.exchanges): void {
    this.phase = "leaving";
    for (const stream of [...this.streams]) {
      if (stream.ordinal > last && !stream.isOver) stream.fail({ reason: "refused-stream" });
    }
    this.owner.onCapacity(this);
  }

  lose(failure: TransportFailure | null): void {
    this.#gone(failure);
  }

  close(): void {
    if (this.phase === "dialling" || this.active === 0) this.#gone(null);
    else this.phase = "leaving";
  }

  start(sink: ReplySink): ClientStream {
    assert(this.capacity > 0, "only while there is room");
    this.exchanges++;
    this.active++;
    const stream = new WideStream(this, sink, this.exchanges);
    this.streams.push(stream);
    return stream;
  }

  ended(): void {
    this.active--;
    this.owner.onExchangeEnd(this);
  }

  #gone(failure: TransportFailure | null): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    for (const stream of [...this.streams]) {
      if (!stream.isOver) stream.fail({ reason: "reset" });
    }
    this.owner.onClose(this, failure);
  }
}

/** One exchange of it. */
export class WideStream implements ClientStream {
  readonly #server: WideServer;
  readonly sink: ReplySink;
  readonly ordinal: number;
  isOver = false;
  isAborted = false;
  isReplying = false;
  head: RequestHead | null = null;
  length: BodyLength = 0;
  body = "";
  hasEnded = false;

  constructor(server: WideServer, sink: ReplySink, ordinal: number) {
    this.#server = server;
    this.sink = sink;
    this.ordinal = ordinal;
  }

  sendHead(head: RequestHead, length: BodyLength): void {
    this.head = head;
    this.length = length;
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    this.body += bytes.toString("latin1", start, end);
    return true;
  }

  sendEnd(): void {
    this.hasEnded = true;
  }

  abort(): void {
    if (this.isOver) return;
    this.isAborted = true;
    this.#over();
  }

  pauseReply(): void {}
  resumeReply(): void {}

  replyHead(status: number, fields: Pairs = [], length: BodyLength = "chunked"): this {
    this.isReplying = true;
    this.sink.onReplyHead(new PlainReplyHead(status, fields), length);
    return this;
  }

  replyBody(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.sink.onReplyBody(bytes, 0, bytes.length);
    return this;
  }

  replyEnd(trailers: Pairs | null = null): void {
    this.isOver = true; // an abort has nothing to say any more
    const fields: Fields | null = trailers === null ? null : new PlainFields(trailers);
    this.sink.onReplyEnd(fields);
    this.#server.ended();
  }

  reply(status: number): void {
    this.replyHead(status, [], 0).replyEnd();
  }

  fail(failure: Partial<ReplyFailure>): void {
    this.isOver = true;
    const all = { reason: "reset", sent: true, answered: this.isReplying, detail: "gone" } as const;
    this.sink.onReplyFailed({ ...all, ...failure });
    this.#server.ended();
  }

  #over(): void {
    this.isOver = true;
    this.#server.ended();
  }
}
