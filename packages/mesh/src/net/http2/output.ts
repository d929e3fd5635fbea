import { Gather } from "../gather.ts";
import type { Connection } from "../transport.ts";

/** As much as a transport takes without a copy of its own; what is gathered leaves in writes of this size. */
const WRITE_BYTES_MAX = 65_536;
/** What a buffer starts with: the frames of some dozens of messages. It grows where more comes within a turn. */
const BUFFER_BYTES = 16_384;
/** Buffers that wait for the next turn. As many connections seldom write in one. */
const SPARES_MAX = 8;

/** The buffers in which frames are put together, shared by all connections of a workload: each has one for a turn. */
export class OutputBuffers {
  readonly #spares: Gather[] = [];

  take(): Gather {
    const buffer = this.#spares.pop() ?? new Gather(BUFFER_BYTES);
    buffer.length = 0;
    return buffer;
  }

  give(buffer: Gather): void {
    // One that a huge head has made larger is let go.
    const isUsual = buffer.bytes.length <= 2 * WRITE_BYTES_MAX;
    if (isUsual && this.#spares.length < SPARES_MAX) this.#spares.push(buffer);
  }
}

/**
 * The sending half of one connection: the frames of all its streams, as they are made within a turn, lie in one buffer and
 * leave in one write. Unlike messages of HTTP/1 they may alternate with those for other connections, hence a buffer each.
 */
export class FrameOutput {
  readonly #connection: Connection;
  readonly #buffers: OutputBuffers;
  #out: Gather | null = null;
  #isDiscarded = false;
  /** Did the last write queue up? Until `onDrain` no DATA follows. */
  isBlocked = false;
  /** Octets given to the connection so far. */
  writtenBytes = 0;
  /** Counts the writes: what was appended under another number is no longer here. */
  epoch = 0;

  constructor(connection: Connection, buffers: OutputBuffers) {
    this.#connection = connection;
    this.#buffers = buffers;
  }

  /** Octets that were given to the connection, or will be. */
  get appendedBytes(): number {
    return this.writtenBytes + (this.#out?.length ?? 0);
  }

  get isEmpty(): boolean {
    return this.#out === null || this.#out.length === 0;
  }

  /** How much more goes into the present write; as much as a write where nothing is gathered. */
  get room(): number {
    return WRITE_BYTES_MAX - (this.#out?.length ?? 0);
  }

  /** The buffer to append to, with room for `count` octets. */
  open(count: number): Gather {
    if (this.#out !== null && this.#out.length > 0 && this.#out.length + count > WRITE_BYTES_MAX) {
      this.#write(this.#out);
    }
    this.#out ??= this.#buffers.take();
    this.#out.reserve(count);
    return this.#out;
  }

  /** Sets `flag` in the frame that was begun at `at` under `epoch`, if it has not left yet. */
  addFlag(at: number, epoch: number, flag: number): boolean {
    if (epoch !== this.epoch || this.#out === null) return false;
    this.#out.bytes[at + 4]! |= flag;
    return true;
  }

  flush(): void {
    const out = this.#out;
    if (out === null) return;
    this.#out = null;
    if (out.length > 0) this.#write(out);
    this.#buffers.give(out);
  }

  /** Drops what is gathered, and all that follows. */
  discard(): void {
    this.#isDiscarded = true;
    const out = this.#out;
    this.#out = null;
    this.epoch++;
    if (out !== null) this.#buffers.give(out);
  }

  #write(out: Gather): void {
    const { length } = out;
    out.length = 0;
    this.epoch++;
    if (this.#isDiscarded) return;
    this.writtenBytes += length;
    if (this.#connection.write(out.bytes, 0, length) === "queued") this.isBlocked = true;
  }
}
