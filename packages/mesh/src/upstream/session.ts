import type { ClientStream, ReplySink } from "../net/codec.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

/** What a pool needs of a protocol's client codec: one connection that carries exchanges, one at a time. */
export interface ClientCodec extends ConnectionEvents {
  /** The connection it speaks on; given once, before any event. */
  attach(connection: Connection): void;
  /** Starts an exchange. Only while `isReusable`. */
  start(sink: ReplySink): ClientStream;
  /** Open, no exchange going on, and both sides willing to go on? */
  readonly isReusable: boolean;
  /** Exchanges started on this connection. */
  readonly exchanges: number;
  /** How long the server said it keeps an idle connection (`Keep-Alive: timeout=`), in ms, or null. */
  readonly keepAliveTimeoutMs: number | null;
  /** Closes an idle connection in good order; gives a dial up. */
  close(): void;
}

/** Told by a codec what becomes of its connection. */
export interface ClientCodecOwner {
  /** Connected, and with TLS the peer verified: exchanges may start. */
  onOpen(codec: ClientCodec): void;
  /** An exchange is over, its sink was told; `codec.isReusable` says whether another may follow. */
  onExchangeEnd(codec: ClientCodec): void;
  /** The connection is gone; the last event. */
  onClose(codec: ClientCodec, failure: TransportFailure | null): void;
}

/** Makes the codec of a connection that is about to be dialled. */
export type BuildClientCodec = (owner: ClientCodecOwner) => ClientCodec;
