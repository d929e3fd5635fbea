import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import type { Connection, TransportFailure } from "./transport.ts";

/**
 * What every protocol's codec looks like to the relay. A codec turns bytes into exchanges and back; it decides nothing
 * about where a request goes. Body bytes are valid until the callback returns. `send…` returns false when bytes
 * queued up: the sender stops its source until `onWritable`.
 */

/**
 * How long a body is, as the sender's head announced it. `chunked`: it ends when it ends. `tunnel`: of a request, it asks for a
 * tunnel (CONNECT, or `head.upgrade`); of a reply, it grants it (2xx to CONNECT, 101 to an upgrade, in every version). What
 * then goes either way is body: the tunnel's octets, `onRequestEnd` and `onReplyEnd` are its half-closes, and neither ends
 * the exchange without the other. Of a request that asked nothing comes behind the head before it was granted, not even its
 * end; nor ever, where it was not.
 */
export type BodyLength = number | "chunked" | "until-close" | "tunnel";

/**
 * Downstream: one request received, its reply to be sent. Valid until both ended or one side failed; a reply that ends
 * first ends the exchange, and its sink hears nothing more.
 */
export interface ServerStream {
  readonly connection: Connection;
  readonly protocol: HttpProtocol;
  /** Which exchange of its connection it is, from 1: as many as the client has begun to send. Equal at both ends. */
  readonly ordinal: number;
  /** Sends an interim reply (1xx). Dropped for an HTTP/1.0 client. */
  sendInterim(head: ReplyHead): void;
  /**
   * Sends the final head. `length` is what follows: 0 for none; a HEAD, 204 or 304 reply has no body whatever `length`
   * says, and its content-length field is kept. Hop-by-hop fields are replaced by this hop's own.
   */
  sendHead(head: ReplyHead, length: BodyLength): void;
  sendBody(bytes: Buffer, start: number, end: number): boolean;
  /** Ends the reply. `trailers` are sent where the framing allows it. */
  sendEnd(trailers: Fields | null): void;
  /** Ends the exchange so that the client can tell that the reply is not whole (RFC 9112 §8). */
  abort(): void;
  /** No further exchange on this connection: the reply says `connection: close`. Before `sendHead` only. */
  closeAfter(): void;
  /** Stops `onRequestBody` until `resumeRequest`. */
  pauseRequest(): void;
  resumeRequest(): void;
}

/** Gets what arrives on a ServerStream. */
export interface RequestSink {
  onRequestBody(bytes: Buffer, start: number, end: number): void;
  onRequestEnd(trailers: Fields | null): void;
  /** The request will never end: the client went away or broke the framing. The stream is dead after it. */
  onRequestFailed(reason: Reason, detail: string): void;
  /** The reply's queue is empty again. */
  onWritable(): void;
  /** Asked now and then while the exchange lasts, about once a minute: to see whether anything moves still. */
  onStillOpen?(): void;
}

/** Called by a server codec with each request head that passed the strict grammar. */
export interface RequestHandler {
  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink;
  /**
   * A head that did not: the codec has answered with the reason's status and closes.
   * @param ordinal which exchange of the connection it would have been, from 1
   */
  onBadRequest(connection: Connection, reason: Reason, detail: string, ordinal: number): void;
  /** The codec has answered a good request itself: it may be forwarded no further (RFC 9110 §7.6.2). */
  onAnswered?(head: RequestHead, status: number, ordinal: number): void;
  /** The connection is gone, as a tunnel or not, and whoever it served was told. */
  onConnectionClose(connection: Connection, failure: TransportFailure | null): void;
}

/** Upstream: one request sent, its reply to be received. */
export interface ClientStream {
  /** Which exchange of its connection it is, from 1. Equal at both ends; known from the start. */
  readonly ordinal: number;
  sendHead(head: RequestHead, length: BodyLength): void;
  sendBody(bytes: Buffer, start: number, end: number): boolean;
  sendEnd(trailers: Fields | null): void;
  /** Gives the exchange up; its connection is not used again unless both sides had ended. No event follows. */
  abort(): void;
  pauseReply(): void;
  resumeReply(): void;
}

/** Gets what arrives on a ClientStream. */
export interface ReplySink {
  onInterim(head: ReplyHead): void;
  onReplyHead(head: ReplyHead, length: BodyLength): void;
  onReplyBody(bytes: Buffer, start: number, end: number): void;
  onReplyEnd(trailers: Fields | null): void;
  /** The reply will never end. The stream is dead after it. */
  onReplyFailed(failure: ReplyFailure): void;
  /** The request's queue is empty again. */
  onWritable(): void;
}

export interface ReplyFailure {
  /** `refused-stream`: the server has said that it did not process it (RFC 9113 §8.7, and GOAWAY below its id). */
  readonly reason: Extract<Reason, "reset" | "bad-response" | "refused-stream">;
  /** Did any byte of the request reach the kernel? If not, it was surely not processed. */
  readonly sent: boolean;
  /** Did any byte of a reply arrive? */
  readonly answered: boolean;
  readonly detail: string;
}
