import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

export interface DnsStreamEvents {
  /** One message; its octets are the receiver's. */
  onMessage(bytes: Buffer): void;
  /** The other side sends no more; it may still read. */
  onEnd(): void;
  /** The connection is of no more use. */
  onOver(detail: string): void;
}

/** Messages on a connection, each behind its length in two octets (RFC 1035 §4.2.2), either side's. */
export class DnsStream implements ConnectionEvents {
  /** Given right after the stream was made. */
  connection: Connection | null = null;
  readonly #events: DnsStreamEvents;
  /** What came of a message that is not whole yet: at most 64 KB and two octets. */
  #held: Buffer = Buffer.alloc(0);
  /** Waits for the connection to open. */
  #waiting: Uint8Array | null = null;
  #isOpen = false;

  constructor(events: DnsStreamEvents) {
    this.#events = events;
  }

  /** One question is asked on a dialled connection; it may be given before the connection is open. */
  send(message: Uint8Array): void {
    if (!this.#isOpen) {
      this.#waiting = message;
      return;
    }
    const framed = Buffer.alloc(2 + message.length);
    framed.writeUInt16BE(message.length, 0);
    framed.set(message, 2);
    this.connection?.write(framed, 0, framed.length);
  }

  /** An accepted connection is open from the start. */
  onOpen(): void {
    this.#isOpen = true;
    if (this.#waiting !== null) this.send(this.#waiting);
    this.#waiting = null;
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.#held = Buffer.concat([this.#held, bytes.subarray(start, end)]);
    while (this.#held.length >= 2) {
      const length = this.#held.readUInt16BE(0);
      if (this.#held.length < 2 + length) return;
      const message = this.#held.subarray(2, 2 + length);
      this.#held = this.#held.subarray(2 + length);
      this.#events.onMessage(message);
    }
  }

  onEnd(): void {
    this.#events.onEnd();
  }

  onDrain(): void {}

  onClose(failure: TransportFailure | null): void {
    this.#events.onOver(failure?.detail ?? "closed");
  }
}
