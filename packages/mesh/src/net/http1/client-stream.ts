import { assert } from "../../base/assert.ts";
import type { Fields, RequestHead } from "../../model/head.ts";
import type { BodyLength, ClientStream, ReplySink } from "../codec.ts";
import type { ConnectionWriter } from "../connection-writer.ts";
import { websocketKey } from "../websocket-key.ts";
import { BodyWriter } from "./body-writer.ts";
import { appendRequestHead, headBytesBound } from "./serialise.ts";
import { isWebSocket } from "./upgrade.ts";

/** What a stream needs of its connection. */
export interface ClientStreamHost {
  readonly writer: ConnectionWriter;
  readonly via: string | null;
  /** Different for each exchange. */
  readonly salt: string;
  /** The tunnel's octets have ended on this side. */
  tunnelEnded(stream: Http1ClientStream): void;
  aborted(stream: Http1ClientStream): void;
  pauseReply(): void;
  resumeReply(): void;
}

/** One exchange of an upstream HTTP/1 connection. */
export class Http1ClientStream implements ClientStream {
  readonly #host: ClientStreamHost;
  readonly sink: ReplySink;
  readonly ordinal: number;
  /** Of the request; empty until its head was sent. */
  method = "";
  hasRequestEnded = false;
  /** What the request asks the connection to be handed over to; null: it stays HTTP. */
  upgrade: string | null = null;
  /** The key that was made here for the caller's handshake, which had none; null: none was. */
  websocketKey: string | null = null;
  /** Have both sides become a tunnel? */
  isTunnel = false;
  #isDead = false;
  #body: BodyWriter | null = null;

  constructor(host: ClientStreamHost, sink: ReplySink, ordinal: number) {
    this.#host = host;
    this.ordinal = ordinal;
    this.sink = sink;
  }

  /** Is the exchange over, in whatever way? */
  get isDead(): boolean {
    return this.#isDead;
  }

  sendHead(head: RequestHead, length: BodyLength): void {
    if (this.#isDead) return;
    assert(this.#body === null, "one head per request");
    this.method = head.method;
    if (length === "tunnel") this.#askForTunnel(head);
    const { writer, via } = this.#host;
    const out = writer.open(headBytesBound(head) + (via === null ? 0 : via.length));
    appendRequestHead(out, head, length, via);
    if (length === "tunnel") {
      this.hasRequestEnded = true; // of what is HTTP of it
    } else {
      const isCounted = typeof length === "number";
      this.#body = new BodyWriter(writer, isCounted ? "length" : "chunked", isCounted ? length : 0);
    }
    writer.settle();
  }

  /** The server has granted the tunnel: from here on octets are octets. */
  grant(): void {
    this.isTunnel = true;
    this.hasRequestEnded = false;
    this.#body = new BodyWriter(this.#host.writer, "raw", 0);
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    if (this.#isDead) return true;
    assert(this.#body !== null, "a head comes before its body");
    return this.#body.send(bytes, start, end);
  }

  sendEnd(trailers: Fields | null): void {
    if (this.#isDead) return;
    assert(this.#body !== null, "a head comes before its end");
    this.#body.end(trailers);
    this.hasRequestEnded = true;
    if (this.isTunnel) this.#host.tunnelEnded(this);
  }

  abort(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#host.aborted(this);
  }

  pauseReply(): void {
    if (!this.#isDead) this.#host.pauseReply();
  }

  resumeReply(): void {
    if (!this.#isDead) this.#host.resumeReply();
  }

  /** The exchange is over; what is still sent to it goes nowhere. */
  kill(): void {
    this.#isDead = true;
  }

  #askForTunnel(head: RequestHead): void {
    this.upgrade = head.upgrade;
    if (!isWebSocket(head.upgrade) || head.get("sec-websocket-key") !== null) return;
    // The caller's HTTP/2 has no such field (RFC 8441 §5).
    this.websocketKey = websocketKey(this.#host.salt);
    head.set("sec-websocket-key", this.websocketKey);
  }
}
