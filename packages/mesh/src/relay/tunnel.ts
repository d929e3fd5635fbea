import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

/** How a tunnel ended: in good order, or because one side failed or went away abruptly. */
export type TunnelFailure = { readonly side: "near" | "far" } & TransportFailure;

/** Told when a tunnel is over. */
export interface TunnelEnd {
  /** @param failure null: both sides have closed in good order, or it was reset by us */
  onTunnelEnd(sentBytes: number, receivedBytes: number, failure: TunnelFailure | null): void;
}

/**
 * Two connections joined: octets, ends and closes of one go to the other, each direction resting while the other side
 * cannot take more.
 *
 * ```
 *  client ══ near ═▶ far ══ server
 * ```
 */
export class Tunnel {
  readonly near: ConnectionEvents;
  readonly far: ConnectionEvents;
  readonly #end: TunnelEnd;
  readonly #near = new Side("near", this);
  readonly #far = new Side("far", this);
  #isOver = false;
  #closedSides = 0;

  constructor(end: TunnelEnd) {
    this.#end = end;
    this.#near.other = this.#far;
    this.#far.other = this.#near;
    this.near = this.#near;
    this.far = this.#far;
  }

  /** Octets so far, both ways. */
  get bytes(): number {
    return this.#near.bytes + this.#far.bytes;
  }

  /** Of the client. */
  get sentBytes(): number {
    return this.#near.bytes;
  }

  /** Of the server. */
  get receivedBytes(): number {
    return this.#far.bytes;
  }

  /** Ends both connections at once. */
  reset(): void {
    this.#near.connection?.reset();
    this.#far.connection?.reset();
  }

  /** Ends both in good order: what is queued still goes out. */
  end(): void {
    this.#near.connection?.end();
    this.#far.connection?.end();
  }

  /** Joins the two; events may have come to `near` and `far` only afterwards. */
  join(near: Connection, far: Connection): void {
    this.#near.connection = near;
    this.#far.connection = far;
  }

  /** Octets of the client. False: they queued up, and the client rests. */
  forward(bytes: Buffer, start: number, end: number): boolean {
    return this.#near.pass(bytes, start, end);
  }

  /** One side is gone: the other gets what is queued for it if the close was in good order, else nothing. */
  onSideClose(
    side: "near" | "far",
    other: Connection | null,
    failure: TransportFailure | null,
  ): void {
    this.#closedSides++;
    if (failure === null) other?.end();
    else other?.reset();
    if (this.#isOver || (failure === null && this.#closedSides < 2)) return;
    this.#isOver = true;
    const { sentBytes, receivedBytes } = this;
    this.#end.onTunnelEnd(sentBytes, receivedBytes, failure === null ? null : { side, ...failure });
  }
}

/** One of the two: what it receives the other sends. */
class Side implements ConnectionEvents {
  readonly #name: "near" | "far";
  readonly #tunnel: Tunnel;
  connection: Connection | null = null;
  other: Side | null = null;
  /** Received. */
  bytes = 0;

  constructor(name: "near" | "far", tunnel: Tunnel) {
    this.#name = name;
    this.#tunnel = tunnel;
  }

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.pass(bytes, start, end);
  }

  pass(bytes: Buffer, start: number, end: number): boolean {
    this.bytes += end - start;
    if (this.other!.connection?.write(bytes, start, end) !== "queued") return true;
    this.connection!.pause();
    return false;
  }

  onEnd(): void {
    this.other!.connection?.end();
  }

  onDrain(): void {
    this.other!.connection?.resume();
  }

  onClose(failure: TransportFailure | null): void {
    this.#tunnel.onSideClose(this.#name, this.other!.connection, failure);
  }
}
