import type { HttpProtocol } from "../model/protocol.ts";
import type { ClientStream, ReplySink } from "../net/codec.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

/** What a pool needs of a protocol's client codec: one connection that carries exchanges, one or many at a time. */
export interface ClientCodec extends ConnectionEvents {
  /** The connection it speaks on; given once, before any event. */
  attach(connection: Connection): void;
  /** Starts an exchange; its head is to be sent at once. Only while `capacity` is above 0. */
  start(sink: ReplySink): ClientStream;
  /** Exchanges that may be started now: 0 before it is open, at the server's limit, and for ever once it closes. */
  readonly capacity: number;
  /** Exchanges that are going on. */
  readonly active: number;
  /** Is it going to end: closed, or ending with what is going on (GOAWAY, `connection: close`, `close`)? */
  readonly isClosing: boolean;
  /** Why what is at the other end does not speak this version of HTTP; null: nothing shows that. */
  readonly misfit: string | null;
  /** Is it connected, or was it, and not an octet has come of a server that should have spoken first? */
  readonly isUnheard: boolean;
  /** Exchanges started on this connection. */
  readonly exchanges: number;
  /** How long the server said it keeps an idle connection (`Keep-Alive: timeout=`), in ms, or null. */
  readonly keepAliveTimeoutMs: number | null;
  /** Starts nothing more and closes in good order once nothing is going on; gives a dial up. */
  close(): void;
}

/** Told by a codec what becomes of its connection. */
export interface ClientCodecOwner {
  /** Connected, and with TLS the peer verified: exchanges may start. */
  onOpen(codec: ClientCodec): void;
  /**
   * An exchange is over, its sink was told; `codec.capacity` says whether others may follow. Also after an exchange that was given up
   * (`ClientStream.abort`) where the connection lives on; the call may come within `abort`.
   */
  onExchangeEnd(codec: ClientCodec): void;
  /** `capacity` or `isClosing` is another, by the server's word: SETTINGS, GOAWAY, the grant of a tunnel in HTTP/1.1. */
  onCapacity(codec: ClientCodec): void;
  /** The connection is gone; the last event. */
  onClose(codec: ClientCodec, failure: TransportFailure | null): void;
}

/** Makes the codec of a connection that is about to be dialled. */
export type BuildClientCodec = (owner: ClientCodecOwner, protocol: HttpProtocol) => ClientCodec;
