import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

/** Told when a tunnel is over. */
export interface TunnelEnd {
  onTunnelEnd(sentBytes: number, receivedBytes: number, failure: TransportFailure | null): void;
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
  #nearConnection: Connection | null = null;
  #farConnection: Connection | null = null;
  #sentBytes = 0;
  #receivedBytes = 0;
  #isOver = false;
  #closedSides = 0;

  constructor(end: TunnelEnd) {
    this.#end = end;
    this.near = {
      onOpen() {},
      onBytes: (bytes, start, stop) => this.forward(bytes, start, stop),
      onEnd: () => this.#farConnection?.end(),
      onDrain: () => this.#farConnection?.resume(),
      onClose: (failure) => this.#close(this.#farConnection, failure),
    };
    this.far = {
      onOpen() {},
      onBytes: (bytes, start, stop) => this.#backward(bytes, start, stop),
      onEnd: () => this.#nearConnection?.end(),
      onDrain: () => this.#nearConnection?.resume(),
      onClose: (failure) => this.#close(this.#nearConnection, failure),
    };
  }

  /** Octets so far, both ways. */
  get bytes(): number {
    return this.#sentBytes + this.#receivedBytes;
  }

  /** Ends both connections at once. */
  reset(): void {
    this.#nearConnection?.reset();
    this.#farConnection?.reset();
  }

  /** Joins the two; events may have come to `near` and `far` only afterwards. */
  join(near: Connection, far: Connection): void {
    this.#nearConnection = near;
    this.#farConnection = far;
  }

  /** Octets of the client. */
  forward(bytes: Buffer, start: number, end: number): void {
    this.#sentBytes += end - start;
    if (this.#farConnection?.write(bytes, start, end) === "queued") this.#nearConnection?.pause();
  }

  #backward(bytes: Buffer, start: number, end: number): void {
    this.#receivedBytes += end - start;
    if (this.#nearConnection?.write(bytes, start, end) === "queued") this.#farConnection?.pause();
  }

  /** One side is gone: the other gets what is queued for it if the close was in good order, else nothing. */
  #close(other: Connection | null, failure: TransportFailure | null): void {
    this.#closedSides++;
    if (failure === null) other?.end();
    else other?.reset();
    if (this.#isOver || (failure === null && this.#closedSides < 2)) return;
    this.#isOver = true;
    this.#end.onTunnelEnd(this.#sentBytes, this.#receivedBytes, failure);
  }
}
