import { assert } from "../../base/assert.ts";
import type { Fields, ReplyHead } from "../../model/head.ts";
import type { BodyLength, RequestSink, ServerStream } from "../codec.ts";
import type { ConnectionWriter } from "../connection-writer.ts";
import type { Connection, ConnectionEvents } from "../transport.ts";
import { websocketAccept } from "../websocket-key.ts";
import { type BodyMode, BodyWriter } from "./body-writer.ts";
import { UPGRADE } from "./kinds.ts";
import { Http1ReplyHead } from "./reply-head.ts";
import type { Http1RequestHead } from "./request-head.ts";
import { appendReplyHead, type Framing, headBytesBound } from "./serialise.ts";
import { isWebSocket } from "./upgrade.ts";

/** What a stream needs of its connection. */
export interface ServerStreamHost {
  readonly connection: Connection;
  readonly writer: ConnectionWriter;
  /** Is this the last exchange, whatever its reply says? */
  isLastExchange(): boolean;
  replyEnded(stream: Http1ServerStream): void;
  /** A tunnel was granted: all that comes is its octets. */
  tunnelGranted(stream: Http1ServerStream): void;
  /** The tunnel's octets have ended on this side. */
  tunnelEnded(stream: Http1ServerStream): void;
  aborted(stream: Http1ServerStream): void;
  pauseRequest(): void;
  resumeRequest(): void;
  takeOver(stream: Http1ServerStream, next: ConnectionEvents): TakenConnection;
}

/** A connection that was an HTTP/1 connection and is a tunnel now. */
export interface TakenConnection {
  readonly connection: Connection;
  /** Octets that came behind the request; the taker owns them and they come before any `onBytes`. */
  readonly leftover: Buffer;
  /** Has the client finished sending already? Then no `onEnd` follows. */
  readonly hasEnded: boolean;
}

/** One exchange of a downstream HTTP/1 connection. After the reply's end its sink gets no further event. */
export class Http1ServerStream implements ServerStream {
  readonly protocol = "http/1.1";
  readonly #host: ServerStreamHost;
  readonly request: Http1RequestHead;
  readonly ordinal: number;
  /** Set by the connection as soon as the handler has given it. */
  sink: RequestSink | null = null;
  #isHeadSent = false;
  #isDead = false;
  #closes: boolean;
  #body: BodyWriter | null = null;
  /** CONNECT was answered with 2xx, or an upgrade with 101. */
  #isTunnel = false;
  /** Its octets come and go as body; if not, the connection waits to be taken over. */
  #isCarried = false;

  constructor(host: ServerStreamHost, request: Http1RequestHead, ordinal: number) {
    this.#host = host;
    this.request = request;
    this.ordinal = ordinal;
    this.#closes = request.closes;
  }

  get connection(): Connection {
    return this.#host.connection;
  }

  get isHeadSent(): boolean {
    return this.#isHeadSent;
  }

  /** Is the exchange over, in whatever way? */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Does the connection close after this exchange? */
  get closes(): boolean {
    return this.#closes;
  }

  sendInterim(head: ReplyHead): void {
    if (this.#isDead || this.#isHeadSent || this.request.shape.minor === 0) return;
    assert(head.status >= 100 && head.status < 200 && head.status !== 101, "an interim reply");
    const { writer } = this.#host;
    const out = writer.open(headBytesBound(head));
    appendReplyHead(out, head, { framing: "none", lengthField: "drop", closes: false });
    writer.flush();
  }

  sendHead(head: ReplyHead, length: BodyLength): void {
    if (this.#isDead) return;
    const { status } = head;
    assert(
      !this.#isHeadSent && (status >= 200 || length === "tunnel"),
      "one final reply per request",
    );
    this.#isHeadSent = true;
    if (length === "tunnel") {
      this.#sendGrant(head);
      return;
    }
    const { writer } = this.#host;
    const { method } = this.request;
    const isVersion11 = this.request.shape.minor === 1;
    this.#isTunnel = method === "CONNECT" && status < 300;
    const isBodiless = method === "HEAD" || status === 204 || status === 304 || this.#isTunnel;
    let framing: Framing = "none";
    let mode: BodyMode = "dropped";
    if (isBodiless) mode = "dropped";
    else if (typeof length === "number") {
      framing = length;
      mode = "length";
    } else if (isVersion11) {
      framing = "chunked";
      mode = "chunked";
    } else {
      mode = "raw"; // its end is the connection's
      this.#closes = true;
    }
    // Octets sent in hope of a tunnel are no next request, hence the close when none is granted.
    if (
      this.#host.isLastExchange() ||
      (this.request.shape.length === "tunnel" && !this.#isTunnel)
    ) {
      this.#closes = true;
    }
    if (this.#isTunnel) this.#closes = false;
    const keepsLength = method === "HEAD" || status === 304;
    const out = writer.open(headBytesBound(head));
    appendReplyHead(out, head, {
      framing,
      lengthField: keepsLength ? "keep" : "drop",
      closes: this.#closes,
    });
    this.#body = new BodyWriter(
      writer,
      mode,
      typeof length === "number" && !isBodiless ? length : 0,
    );
    writer.settle();
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
    if (this.#isCarried) this.#host.tunnelEnded(this);
    if (this.#isTunnel) return;
    this.#isDead = true;
    this.#host.replyEnded(this);
  }

  abort(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#host.aborted(this);
  }

  closeAfter(): void {
    this.#closes = true;
  }

  pauseRequest(): void {
    if (!this.#isDead) this.#host.pauseRequest();
  }

  resumeRequest(): void {
    if (!this.#isDead) this.#host.resumeRequest();
  }

  /**
   * After a 2xx to CONNECT: hands the connection to `next`, which gets its events from now on. The connection is paused;
   * the taker resumes it once it has dealt with the leftover. The stream is dead then.
   */
  takeOver(next: ConnectionEvents): TakenConnection {
    assert(this.#isTunnel && !this.#isDead, "only a CONNECT answered with 2xx is taken over");
    this.#isDead = true;
    return this.#host.takeOver(this, next);
  }

  /** The exchange failed on the client's side; the stream gives up without a word to the connection. */
  kill(): void {
    this.#isDead = true;
  }

  #sendGrant(head: ReplyHead): void {
    const { writer } = this.#host;
    const { upgrade } = this.request;
    assert(this.request.shape.length === "tunnel", "a tunnel is granted to who asked for one");
    this.#isTunnel = true;
    this.#isCarried = true;
    this.#closes = false;
    const chosen = head instanceof Http1ReplyHead ? head.received(UPGRADE) : null;
    if (chosen === null && isWebSocket(upgrade)) this.#accept(head);
    const out = writer.open(headBytesBound(head) + (upgrade === null ? 0 : upgrade.length));
    appendReplyHead(out, head, {
      framing: "none",
      lengthField: "drop",
      closes: false,
      upgrade: head.status === 101 ? (chosen ?? upgrade) : null,
    });
    this.#body = new BodyWriter(writer, "raw", 0);
    writer.settle();
    this.#host.tunnelGranted(this);
  }

  /** The server's HTTP/2 has no such field (RFC 8441 §5): the handshake is finished here. */
  #accept(head: ReplyHead): void {
    const key = this.request.get("sec-websocket-key");
    if (key !== null) head.set("sec-websocket-accept", websocketAccept(key));
  }
}
