import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { RequestHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import type { RequestSink } from "../net/codec.ts";
import { dialledName, endText } from "../net/connection-name.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import { failureReply } from "../relay/failure.ts";
import type { Source } from "../relay/frontend.ts";
import { Tunnel, type TunnelEnd } from "../relay/tunnel.ts";
import { ExchangeRecord } from "../telemetry/record.ts";
import type { EndpointWaiter } from "../upstream/backend.ts";
import { connectReason } from "../upstream/connect-failure.ts";
import type { Egress } from "./egress.ts";

export interface EgressTunnelOptions {
  readonly context: RelayContext;
  readonly source: Source;
  readonly stream: Http1ServerStream;
  readonly head: RequestHead;
  readonly egress: Egress;
  readonly host: string;
  readonly port: number;
}

/** Longest wait for a connection to the world outside, in ms. */
const connectTimeoutMs = 5000;
/** A tunnel through which nothing has gone for so long is ended, in ms; it may take twice that (Envoy: 1 h). */
const idleMs = 3_600_000;

/**
 * CONNECT to a place outside the mesh: octets both ways, unread, and one record when it is over.
 *
 * ```
 *  resolving ──▶ dialling ──▶ joined ──▶ over
 * ```
 */
export class EgressTunnel
  implements RequestSink, EndpointWaiter, ConnectionEvents, DeadlineHandler, TunnelEnd
{
  readonly #options: EgressTunnelOptions;
  readonly #record: ExchangeRecord;
  readonly #deadline: Deadline = new Deadline(this);
  readonly #tunnel = new Tunnel(this);
  #phase: "resolving" | "dialling" | "joined" | "over" = "resolving";
  #far: Connection | null = null;
  /** Octets that had gone through when it was last asked. */
  #bytesBefore = -1;

  constructor(options: EgressTunnelOptions) {
    const { context, source, stream, head } = options;
    this.#options = options;
    const record = new ExchangeRecord(context.nextId(), "egress", context.clock.monotonicMs());
    record.method = "CONNECT";
    record.authority = head.authority;
    record.servicePort = options.port;
    record.sourceAddress = source.address;
    record.frontConnection = source.connection;
    record.frontOrdinal = stream.ordinal;
    record.ownAddress = source.own;
    record.receivedSeq = context.nextPlace();
    this.#record = record;
  }

  begin(): void {
    const { context, egress, host, port } = this.#options;
    context.onBegin();
    const { pending } = egress.tunnel(host, port);
    if (pending !== null) pending.wait(this);
    else this.onEndpoint();
  }

  onEndpoint(): void {
    const { context, egress, host, port } = this.#options;
    const { backend } = egress.tunnel(host, port);
    const target = backend.pick(context.clock.monotonicMs(), -1, null);
    if (target === null) {
      this.#fail("no-endpoint", `${host} has no address`);
      return;
    }
    this.#phase = "dialling";
    this.#record.endpointUid = target.endpoint.uid;
    this.#record.endpointName = host;
    this.#record.destinationAddress = target.endpoint.addressText;
    this.#record.attempts = 1;
    context.wheel.set(this.#deadline, connectTimeoutMs);
    this.#far = egress.dial(target.endpoint.address, this);
  }

  onNoEndpoint(reason: Reason, detail: string): void {
    this.#fail(reason, detail);
  }

  // The connection to the world outside; once joined its events are the tunnel's.

  onOpen(): void {
    if (this.#phase !== "dialling") return;
    const { context, stream } = this.#options;
    this.#phase = "joined";
    context.wheel.set(this.#deadline, idleMs);
    // Octets that are not read are no messages: the attempt has a connection, and nothing that was sent on it.
    this.#record.connection = dialledName(this.#far!);
    this.#record.localAddress = endText(this.#far!.local);
    this.#record.status = 200;
    this.#record.headMs = context.clock.monotonicMs();
    this.#record.answeredSeq = context.nextPlace();
    stream.sendHead(new PlainReplyHead(200), 0);
    const { connection, leftover, hasEnded } = stream.takeOver(this.#tunnel.near);
    this.#tunnel.join(connection, this.#far!);
    if (leftover.length > 0) this.#tunnel.forward(leftover, 0, leftover.length);
    if (hasEnded) this.#tunnel.near.onEnd();
    connection.resume();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.#tunnel.far.onBytes(bytes, start, end);
  }

  onEnd(): void {
    this.#tunnel.far.onEnd();
  }

  onDrain(): void {
    this.#tunnel.far.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    if (this.#phase === "joined") this.#tunnel.far.onClose(failure);
    else if (this.#phase === "dialling") {
      this.#fail(connectReason(failure), failure?.detail ?? "closed while connecting");
    }
  }

  onDeadline(): void {
    if (this.#phase === "joined") {
      this.#endIfIdle();
      return;
    }
    if (this.#phase !== "dialling") return;
    this.#fail("connect-timeout", `not connected within ${connectTimeoutMs} ms`);
  }

  onTunnelEnd(sentBytes: number, receivedBytes: number, failure: TransportFailure | null): void {
    this.#record.requestBytes = sentBytes;
    this.#record.replyBytes = receivedBytes;
    if (failure !== null) this.#record.detail = failure.detail;
    this.#finish();
  }

  #endIfIdle(): void {
    const { bytes } = this.#tunnel;
    if (bytes === this.#bytesBefore) {
      this.#tunnel.reset();
      return;
    }
    this.#bytesBefore = bytes;
    this.#options.context.wheel.set(this.#deadline, idleMs);
  }

  // The client, until the tunnel takes its connection over.

  onRequestBody(): void {}
  onRequestEnd(): void {}
  onWritable(): void {}

  onRequestFailed(reason: Reason, detail: string): void {
    if (this.#phase === "over") return;
    this.#record.reason = reason;
    this.#record.detail = detail;
    if (this.#record.attempts > 0) this.#record.attemptReason = reason;
    this.#finish();
  }

  #fail(reason: Reason, detail: string): void {
    const { context, stream, head } = this.#options;
    this.#record.reason = reason;
    this.#record.detail = detail;
    if (this.#record.attempts > 0) this.#record.attemptReason = reason;
    this.#record.origin = "proxy";
    this.#record.status = reasonRow(reason).status;
    this.#record.headMs = context.clock.monotonicMs();
    this.#record.answeredSeq = context.nextPlace();
    const reply = failureReply(reason, detail, head, context.clock.wallMs());
    this.#finish();
    stream.sendHead(reply.head, reply.body.length);
    stream.sendBody(reply.body, 0, reply.body.length);
    stream.sendEnd(null);
  }

  #finish(): void {
    const { context, egress, host, port } = this.#options;
    if (this.#phase === "over") return;
    if (this.#phase === "resolving") egress.tunnel(host, port).pending?.cancel(this);
    if (this.#phase === "dialling") this.#far?.reset();
    this.#phase = "over";
    context.wheel.clear(this.#deadline);
    this.#record.endMs = context.clock.monotonicMs();
    context.onEnd(this.#record);
  }
}
