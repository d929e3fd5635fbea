import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { ConnectionName } from "../history/exchange.ts";
import type { ClientStream, ReplySink } from "../net/codec.ts";
import { dialledName, endText } from "../net/connection-name.ts";
import type { Connection, TransportFailure } from "../net/transport.ts";
import type { ConnectReason } from "./connect-failure.ts";
import type { ClientCodec, ClientCodecOwner } from "./session.ts";

/** Waits for a connection. */
export interface SessionTaker {
  /** Starts its exchange on it within the call. */
  onSession(session: PooledSession): void;
  onNoSession(reason: ConnectReason, detail: string): void;
}

/** What a connection tells the pool it belongs to. */
export interface SessionPool {
  onOpen(session: PooledSession): void;
  onExchangeEnd(session: PooledSession): void;
  onCapacity(session: PooledSession): void;
  onClose(session: PooledSession, failure: TransportFailure | null): void;
  /** The deadline of a dial or a closing has passed. */
  onDeadlineOf(session: PooledSession): void;
}

/**
 * One connection of a pool.
 *
 * ```
 *  dialling ──▶ idle ⇄ busy ──▶ leaving ──▶ closing ──▶ closed
 *                └──────┴──────────────────────▲
 *
 *  busy      exchanges go on; more may be started as far as `codec.capacity` allows
 *  leaving   exchanges go on, and they are the last
 * ```
 */
export class PooledSession implements ClientCodecOwner, DeadlineHandler {
  readonly #pool: SessionPool;
  /** The identity generation it was made with; 0 for a plain connection. */
  readonly generation: number;
  readonly codec: ClientCodec;
  /** Bounds the dial, later the closing. */
  readonly deadline: Deadline;
  connection: Connection | null = null;
  phase: "dialling" | "idle" | "busy" | "leaving" | "closing" | "closed" = "dialling";
  /** Which connection of its pool to come about it was, from 1; 0: it has not. */
  opened = 0;
  idleSinceMs = 0;
  /** Was it dialled because the one before was closed without an octet? */
  isSecondLook = false;
  /** Is it in its pool's list of connections that take one exchange more? */
  isListed = false;
  #name: ConnectionName | null = null;
  #localAddress = "";

  constructor(
    pool: SessionPool,
    generation: number,
    build: (owner: ClientCodecOwner) => ClientCodec,
  ) {
    this.#pool = pool;
    this.generation = generation;
    this.deadline = new Deadline(this);
    this.codec = build(this);
  }

  /** Has it carried an exchange? */
  get isUsed(): boolean {
    return this.codec.exchanges > 0;
  }

  /** Has it carried an exchange, and does it carry none now? Then its server may be closing it at this moment. */
  get isAtRest(): boolean {
    return this.codec.active === 0 && this.codec.exchanges > 0;
  }

  /** Names the connection, equally at its other end; only once it has come about. */
  get name(): ConnectionName {
    this.#name ??= dialledName(this.connection!);
    return this.#name;
  }

  /** Our end of it; only once it has come about. */
  get localAddress(): string {
    if (this.#localAddress === "") this.#localAddress = endText(this.connection!.local);
    return this.#localAddress;
  }

  /** Starts an exchange; only right after it was taken. */
  start(sink: ReplySink): ClientStream {
    return this.codec.start(sink);
  }

  onOpen(): void {
    this.#pool.onOpen(this);
  }

  onCapacity(): void {
    this.#pool.onCapacity(this);
  }

  onExchangeEnd(): void {
    this.#pool.onExchangeEnd(this);
  }

  onClose(_codec: ClientCodec, failure: TransportFailure | null): void {
    this.#pool.onClose(this, failure);
  }

  onDeadline(): void {
    this.#pool.onDeadlineOf(this);
  }
}
