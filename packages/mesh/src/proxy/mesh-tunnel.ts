import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Reason } from "../model/reason.ts";
import type { RequestSink } from "../net/codec.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import type { FrontendSlot, Source } from "../relay/frontend.ts";
import { recordRefusal } from "../relay/refusal.ts";

/**
 * Makes an HTTP/1.1 server of a connection whose requests go to `slot`.
 * @param exchangesBefore what the connection has carried, the CONNECT included: requests inside go on counting
 */
export type ServeTunnel = (
  connection: Connection,
  slot: FrontendSlot,
  source: Source,
  exchangesBefore: number,
) => ConnectionEvents;

export interface MeshTunnelOptions {
  readonly context: RelayContext;
  readonly slot: FrontendSlot;
  readonly source: Source;
  readonly stream: Http1ServerStream;
  readonly serveTunnel: ServeTunnel;
}

/** How long a client may take to show what it speaks, in ms. */
const firstOctetsMs = 10_000;
/** What a preface of HTTP/2 begins with (RFC 9113 §3.4); as HTTP/1 it would be a method like any other. */
const PREFACE = "PRI ";

/**
 * CONNECT to a service of the mesh: HTTP/1.1 inside the tunnel goes through the relay like any other request. Anything
 * else, TLS above all, cannot be routed by what it says and gets reason `unsupported` and a close.
 */
export class MeshTunnel implements RequestSink, ConnectionEvents, DeadlineHandler {
  readonly #options: MeshTunnelOptions;
  #connection: Connection | null = null;
  /** Once the first octets have shown what is spoken. */
  #server: ConnectionEvents | null = null;
  #first: Buffer = Buffer.alloc(0);
  readonly #deadline: Deadline = new Deadline(this);

  constructor(options: MeshTunnelOptions) {
    this.#options = options;
  }

  begin(): void {
    const { stream, context } = this.#options;
    context.wheel.set(this.#deadline, firstOctetsMs);
    stream.sendHead(new PlainReplyHead(200), 0);
    const { connection, leftover, hasEnded } = stream.takeOver(this);
    this.#connection = connection;
    if (leftover.length > 0) this.onBytes(leftover, 0, leftover.length);
    if (hasEnded) this.onEnd();
    connection.resume();
  }

  onRequestBody(): void {}
  onRequestEnd(): void {}
  onRequestFailed(): void {}
  onWritable(): void {}
  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#server !== null) {
      this.#server.onBytes(bytes, start, end);
      return;
    }
    const first = Buffer.concat([this.#first, bytes.subarray(start, end)]);
    this.#first = first;
    if (!isMethodStart(first)) {
      this.#refuse("unsupported", "only HTTP/1.1 is spoken inside a tunnel to a service");
      return;
    }
    if (first.length < PREFACE.length) return;
    const { context, slot, source, stream, serveTunnel } = this.#options;
    context.wheel.clear(this.#deadline);
    this.#server = serveTunnel(this.#connection!, slot, source, stream.ordinal);
    this.#server.onBytes(first, 0, first.length);
    this.#first = Buffer.alloc(0);
  }

  onEnd(): void {
    if (this.#server !== null) this.#server.onEnd();
    else this.#connection?.end();
  }

  onDrain(): void {
    this.#server?.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    this.#options.context.wheel.clear(this.#deadline);
    this.#server?.onClose(failure);
  }

  onDeadline(): void {
    this.#refuse("client-slow", `nothing asked inside the tunnel within ${firstOctetsMs} ms`);
  }

  #refuse(reason: Reason, detail: string): void {
    const { context, slot, source, stream } = this.#options;
    context.wheel.clear(this.#deadline);
    const refusal = { reason, detail, ordinal: stream.ordinal + 1, isAnswered: false };
    recordRefusal(context, slot.frontend, source, refusal);
    this.#connection?.reset();
  }
}

/** Could these be the first octets of an HTTP/1 request? */
function isMethodStart(bytes: Buffer): boolean {
  const text = bytes.toString("latin1", 0, PREFACE.length);
  return text !== PREFACE && /^[A-Z]+ ?$/.test(text);
}
