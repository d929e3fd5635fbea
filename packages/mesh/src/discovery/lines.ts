import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";

/** Gets the messages of a connection that speaks JSON lines. */
export interface LineEvents {
  onOpen(): void;
  /** One line, parsed. Its sender is trusted no further than its identity: check its form. */
  onMessage(message: unknown): void;
  /** The queue is empty again. */
  onDrain(): void;
  /** The last event. `detail` says why where it was not in good order. */
  onClose(detail: string | null): void;
}

/** The longest line accepted, in bytes: a whole snapshot of a large mesh. Beyond it the connection is reset. */
export const lineBytesMax = 64 << 20;

const newline = 0x0a;

/** One end of a connection that carries one JSON object a line, UTF-8. Both ends of the control connection are one. */
export class LineConnection implements ConnectionEvents {
  readonly #events: LineEvents;
  readonly #lineBytesMax: number;
  #connection: Connection | null = null;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #problem: string | null = null;

  constructor(events: LineEvents, bytesMax = lineBytesMax) {
    this.#events = events;
    this.#lineBytesMax = bytesMax;
  }

  /** Ties this end to its connection: right after `dial` or inside `accept`. */
  attach(connection: Connection): this {
    this.#connection = connection;
    return this;
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  /** Bytes that wait for the peer to read. */
  get queuedBytes(): number {
    return this.#connection?.queuedBytes ?? 0;
  }

  /** Sends one message. */
  send(message: object): void {
    this.sendLine(JSON.stringify(message));
  }

  /** Sends a message that is JSON already, on one line. */
  sendLine(line: string): void {
    this.#connection?.writeOwned(Buffer.from(`${line}\n`));
  }

  /** Ends the connection at once, saying why to this end's `onClose`. */
  fail(problem: string): void {
    this.#problem ??= problem;
    this.#connection?.reset();
  }

  /** Sends what is queued, then finishes. */
  end(): void {
    this.#connection?.end();
  }

  onOpen(): void {
    this.#events.onOpen();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    let from = start;
    for (;;) {
      const at = bytes.indexOf(newline, from);
      if (at < 0 || at >= end) break;
      if (this.#isTooLong(at - from)) return;
      const line = this.#take(bytes.subarray(from, at));
      from = at + 1;
      if (!this.#deliver(line)) return;
    }
    if (from < end) {
      if (this.#isTooLong(end - from)) return;
      this.#partBytes += end - from;
      this.#parts.push(Buffer.from(bytes.subarray(from, end))); // outlives the callback: copied
    }
  }

  onEnd(): void {
    this.#connection?.end();
  }

  onDrain(): void {
    this.#events.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    this.#parts = [];
    const detail = failure === null ? null : `${failure.kind}: ${failure.detail}`;
    this.#events.onClose(this.#problem ?? detail);
  }

  /** With so many octets more? Then the connection ends. */
  #isTooLong(more: number): boolean {
    const isTooLong = this.#partBytes + more > this.#lineBytesMax;
    if (isTooLong) this.fail("line too long");
    return isTooLong;
  }

  #take(rest: Buffer): string {
    if (this.#parts.length === 0) return rest.toString("utf8");
    const line = Buffer.concat([...this.#parts, rest]).toString("utf8");
    this.#parts = [];
    this.#partBytes = 0;
    return line;
  }

  #deliver(line: string): boolean {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.fail("a line that is not JSON");
      return false;
    }
    if (typeof message !== "object" || message === null) {
      this.fail("a line that is not an object");
      return false;
    }
    this.#events.onMessage(message);
    return this.#problem === null;
  }
}
