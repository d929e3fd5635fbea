import type { Address } from "@heddle/mesh/model/address.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "@heddle/mesh/net/transport.ts";

type Input = { readonly bytes: Buffer } | "end";

/**
 * A connection whose far end is the test. What is delivered lies in a buffer that is poisoned when the callback returns,
 * so that whoever keeps a slice of it is found out; nothing is delivered while paused.
 */
export class ScriptedConnection implements Connection {
  readonly local: Address = tcp("127.0.0.1", 80);
  readonly remote: Address = tcp("127.0.0.1", 50_000);
  readonly peer: Peer | null = null;
  events: ConnectionEvents | null = null;
  /** Every write, one entry each. */
  readonly writes: string[] = [];
  /** From now on writes queue up, until `drain`. */
  isStalled = false;
  queuedBytes = 0;
  readonly receivedBytes = 0;
  readonly sentBytes = 0;
  isPaused = false;
  hasEnded = false;
  isReset = false;
  isClosed = false;
  readonly #inputs: Input[] = [];
  #hasPeerEnded = false;
  #isDelivering = false;

  /** All that was written. */
  get output(): string {
    return this.writes.join("");
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.hasEnded || this.isClosed || this.isReset) return "done";
    this.writes.push(bytes.toString("latin1", start, end));
    if (!this.isStalled) return "done";
    this.queuedBytes += end - start;
    return "queued";
  }

  writeOwned(bytes: Buffer): WriteStatus {
    return this.write(bytes, 0, bytes.length);
  }

  end(): void {
    this.hasEnded = true;
  }

  reset(): void {
    this.isReset = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** Delivers latin1 `text`, in one piece or cut at the offsets given. */
  deliver(text: string, ...cuts: number[]): void {
    const bytes = Buffer.from(text, "latin1");
    let start = 0;
    for (const cut of [...cuts, bytes.length]) {
      if (cut > start) this.#inputs.push({ bytes: bytes.subarray(start, cut) });
      start = Math.max(start, cut);
    }
    this.settle();
  }

  /** The far end finishes sending. */
  deliverEnd(): void {
    this.#inputs.push("end");
    this.settle();
  }

  /** Delivers what a pause held up, then closes if both ends are done or the connection was reset. */
  settle(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (!this.isPaused && !this.isReset && !this.isClosed) {
      const input = this.#inputs.shift();
      if (input === undefined) break;
      if (input === "end") {
        this.#hasPeerEnded = true;
        this.events!.onEnd();
      } else this.#deliverBytes(input.bytes);
    }
    this.#isDelivering = false;
    if (this.isReset || (this.hasEnded && this.#hasPeerEnded)) this.close(null);
  }

  /** The queue empties. */
  drain(): void {
    this.isStalled = false;
    this.queuedBytes = 0;
    this.events!.onDrain();
    this.settle();
  }

  close(failure: TransportFailure | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events!.onClose(failure);
  }

  #deliverBytes(bytes: Buffer): void {
    const before = 3;
    const buffer = Buffer.alloc(before + bytes.length + 5, 0xdb);
    bytes.copy(buffer, before);
    this.events!.onBytes(buffer, before, before + bytes.length);
    buffer.fill(0xdb);
  }
}
