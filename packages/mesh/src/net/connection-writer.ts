import type { Gather, Gatherer } from "./gather.ts";
import type { Connection } from "./transport.ts";

/** The sending half of one connection: gathers small pieces, writes large ones straight through. */
export class ConnectionWriter implements Gatherer {
  readonly #connection: Connection;
  readonly #gather: Gather;
  /** Did the last write queue up? Until `onDrain` the source should rest. */
  isBlocked = false;
  /** Octets given to the connection so far. */
  writtenBytes = 0;

  constructor(connection: Connection, gather: Gather) {
    this.#connection = connection;
    this.#gather = gather;
  }

  /** The buffer to append to, with room for `count` octets. Call `settle` afterwards. */
  open(count: number): Gather {
    const gather = this.#gather;
    gather.take(this);
    // A message put together piece by piece within one turn leaves in pieces of the buffer's size.
    if (gather.length > 0 && gather.length + count > gather.bytes.length) {
      this.flush();
      gather.take(this);
    }
    gather.reserve(count);
    return gather;
  }

  /** Sends `bytes[start, end)`: behind what is gathered if there is something, else without a copy. */
  send(bytes: Buffer, start: number, end: number): void {
    if (this.#gather.isHeldBy(this)) {
      if (this.#gather.length + end - start <= this.#gather.bytes.length) {
        this.#gather.append(bytes, start, end);
        this.settle();
        return;
      }
      this.flush();
    }
    this.#write(bytes, start, end);
  }

  /** Outside of a turn nothing may wait. */
  settle(): void {
    if (!this.#gather.isInTurn) this.flush();
  }

  flush(): void {
    const gather = this.#gather;
    if (!gather.isHeldBy(this)) return;
    const length = gather.length;
    gather.release(this);
    // The buffer is free from here on, but nobody can take it before the write has returned.
    if (length > 0) this.#write(gather.bytes, 0, length);
  }

  /** Drops what is gathered. */
  discard(): void {
    this.#gather.release(this);
  }

  #write(bytes: Buffer, start: number, end: number): void {
    this.writtenBytes += end - start;
    if (this.#connection.write(bytes, start, end) === "queued") this.isBlocked = true;
  }
}
