import { afterEvents } from "../system-loop.ts";

/** Larger writes go out at once: their own cost hides all that is saved here. */
export const POSTED_BYTES_MAX = 4096;

/** So many wait at most, so that the first waits no longer than it takes to make the others: some 0.1 ms. */
const POSTED_MAX = 16;

/** A writer whose bytes lie in the outbox. */
export interface PostedWriter {
  /** Sends what it posted; `bytes` are in the host's scratch buffer. */
  sendPosted(bytes: Buffer): void;
}

/** Whose scratch buffer it is: another one from the moment on that a slow reader keeps it. */
export interface ScratchOwner {
  readonly scratch: Buffer;
}

/**
 * Small writes of all connections lie side by side in the host's scratch buffer until the events at hand are handled,
 * or there are enough of them, and then go to the kernel in one burst. A lone write wakes its receiver; a receiver on
 * the same machine that is done before the next one comes sleeps again, and that wake-up is the largest cost of a small
 * write. Within a burst most of them are not needed.
 *
 * ```
 *  scratch  │ writer A │ writer B │ writer A │ …          an entry each: writer, start
 * ```
 */
export class Outbox {
  readonly #host: ScratchOwner;
  readonly #later: (callback: () => void) => void;
  readonly #writers: PostedWriter[] = [];
  readonly #starts: number[] = [];
  /** Where the last entry ends. */
  #length = 0;
  /** The entry that is sent next. */
  #next = 0;
  #isAwaited = false;
  readonly #onEventsHandled = (): void => {
    this.#isAwaited = false;
    this.flush();
  };

  /** @param later calls back once the events at hand are handled */
  constructor(host: ScratchOwner, later: (callback: () => void) => void = afterEvents) {
    this.#host = host;
    this.#later = later;
  }

  get isEmpty(): boolean {
    return this.#writers.length === 0;
  }

  /** Takes `bytes[start, end)` along, at most `POSTED_BYTES_MAX` of them. */
  post(writer: PostedWriter, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    const isFull = this.#length + length > this.#host.scratch.length;
    if (isFull || this.#writers.length >= POSTED_MAX) this.flush();
    bytes.copy(this.#host.scratch, this.#length, start, end);
    const count = this.#writers.length;
    if (count === 0 || this.#writers[count - 1] !== writer) {
      this.#writers.push(writer);
      this.#starts.push(this.#length);
    }
    this.#length += length;
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#later(this.#onEventsHandled);
  }

  /** Sends everything. A send that fails may call this again: the inner call sends what is left. */
  flush(): void {
    const writers = this.#writers;
    const starts = this.#starts;
    const length = this.#length;
    while (this.#next < writers.length) {
      const at = this.#next++;
      const end = at + 1 < writers.length ? starts[at + 1]! : length;
      const { scratch } = this.#host;
      writers[at]!.sendPosted(scratch.subarray(starts[at]!, end));
      // A slow reader keeps the buffer: the others' bytes move to the new one.
      if (this.#host.scratch !== scratch) scratch.copy(this.#host.scratch, end, end, length);
    }
    writers.length = 0;
    starts.length = 0;
    this.#length = 0;
    this.#next = 0;
  }
}
