import type { RequestHead } from "../model/head.ts";
import type { RequestSink } from "../net/codec.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import type { Connection, ConnectionEvents } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import type { FrontendSlot, Source } from "../relay/frontend.ts";
import { recordCodecAnswer } from "../relay/refusal.ts";

/**
 * Serves a connection that has become a tunnel to `slot`, whatever is spoken in it.
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
  readonly head: RequestHead;
  readonly serveTunnel: ServeTunnel;
}

/**
 * CONNECT to a service of the mesh: it is granted, and recorded, at once, for the service is reached by what is said inside. That
 * is found out as at the service's own listener: HTTP of either version goes through the relay, TLS and other octets are
 * carried.
 */
export function openMeshTunnel(options: MeshTunnelOptions): RequestSink {
  const { context, slot, source, stream, head, serveTunnel } = options;
  recordCodecAnswer(context, slot.frontend, source, { head, status: 200, ordinal: stream.ordinal });
  stream.sendHead(new PlainReplyHead(200), 0);
  const tunnel = new Handover();
  const { connection, leftover, hasEnded } = stream.takeOver(tunnel);
  const server = serveTunnel(connection, slot, source, stream.ordinal);
  tunnel.server = server;
  connection.resume(); // before its new owner may want it to rest
  if (leftover.length > 0) server.onBytes(leftover, 0, leftover.length);
  if (hasEnded) server.onEnd();
  return tunnel;
}

/** The connection's events on their way from the server that has let go of it to the one that has it now. */
class Handover implements RequestSink, ConnectionEvents {
  server: ConnectionEvents | null = null;

  onRequestBody(): void {}
  onRequestEnd(): void {}
  onRequestFailed(): void {}
  onWritable(): void {}
  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.server!.onBytes(bytes, start, end);
  }

  onEnd(): void {
    this.server!.onEnd();
  }

  onDrain(): void {
    this.server!.onDrain();
  }

  onClose(failure: Parameters<ConnectionEvents["onClose"]>[0]): void {
    this.server!.onClose(failure);
  }
}
