import type { SimulatedProcess } from "./process.ts";
import type { SimulatedWorld } from "./world.ts";

/** As a real read: never more at once. */
const READ_MAX = 65_536;

/** What deliveries leave behind in the read buffer. Not a letter, not a digit, not a frame's beginning. */
const POISON = 0xdb;

/** The end of a connection that writes into a flow. */
export interface FlowSource {
  readonly process: SimulatedProcess;
  /** The kernel took something: perhaps all, perhaps the end. */
  onSent(): void;
}

/** The end that a flow arrives at. */
export interface FlowSink {
  readonly process: SimulatedProcess;
  /** Does it take bytes now? */
  readonly isReading: boolean;
  onBytes(bytes: Buffer, start: number, end: number): void;
  onEnd(): void;
  /** What happens on the way happens to both ends. */
  breakLink(): void;
}

/**
 * One direction of a connection: what the writer queued, what the kernel has of it, and its arrival in order.
 *
 * ```
 *  write ──▶ queued (counted by the writer) ──▶ kernel (at most `window`) ──delay──▶ onBytes, a part at a time
 * ```
 */
export class SimulatedFlow {
  readonly #world: SimulatedWorld;
  readonly #from: FlowSource;
  readonly #to: FlowSink;
  readonly #window: number;
  #chunks: Buffer[] = [];
  #kernelBytes = 0;
  #queuedBytes = 0;
  #hasEnd = false;
  #isTravelling = false;
  #isDone = false;

  constructor(world: SimulatedWorld, from: FlowSource, to: FlowSink) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
    this.#window = 1024 + world.rng.below(READ_MAX);
  }

  /** What the kernel did not take yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  push(bytes: Buffer): void {
    if (this.#isDone) return;
    this.#chunks.push(bytes);
    if (this.#queuedBytes > 0) {
      this.#queuedBytes += bytes.length;
      return;
    }
    let taken = Math.min(bytes.length, Math.max(0, this.#window - this.#kernelBytes));
    if (taken > 0 && this.#world.rng.float() < this.#faults().queue) {
      this.#world.strike("queue");
      taken = this.#world.rng.below(taken);
    }
    this.#kernelBytes += taken;
    this.#queuedBytes = bytes.length - taken;
    this.schedule();
  }

  end(): void {
    this.#hasEnd = true;
    this.schedule();
  }

  /** Nothing of it arrives any more. */
  drop(): void {
    this.#isDone = true;
    this.#chunks = [];
    this.#kernelBytes = 0;
    this.#queuedBytes = 0;
  }

  /** Sets the next arrival going, unless one is on its way or nobody would take it. */
  schedule(): void {
    if (this.#isTravelling || this.#isDone || !this.#to.isReading) return;
    if (this.#kernelBytes === 0 && this.#queuedBytes === 0 && !this.#hasEnd) return;
    this.#isTravelling = true;
    this.#world.travel(this.#from.process, this.#to.process, () => {
      this.#isTravelling = false;
      this.#arrive();
    });
  }

  #arrive(): void {
    if (this.#isDone || !this.#to.isReading) return;
    const { rng } = this.#world;
    if (rng.float() < this.#faults().reset) {
      this.#world.strike("reset");
      this.#to.breakLink();
      return;
    }
    this.#refill();
    if (this.#kernelBytes > 0) this.#deliver();
    else if (this.#hasEnd) {
      this.#isDone = true;
      this.#to.onEnd();
      return;
    }
    this.#refill();
    this.#from.onSent();
    this.schedule();
  }

  #deliver(): void {
    const { rng } = this.#world;
    let count = Math.min(READ_MAX, this.#kernelBytes);
    if (count > 1 && rng.float() < this.#faults().split) {
      this.#world.strike("split");
      count = 1 + rng.below(Math.min(count - 1, rng.below(2) === 0 ? 16 : READ_MAX));
    }
    this.#kernelBytes -= count;
    const buffer = this.#to.process.readBuffer;
    const start = rng.below(64); // nobody may rely on the offset
    this.#take(buffer, start, count);
    this.#to.onBytes(buffer, start, start + count);
    buffer.fill(POISON, start, start + count);
  }

  #take(into: Buffer, start: number, count: number): void {
    let at = start;
    const end = start + count;
    while (at < end) {
      const chunk = this.#chunks[0]!;
      const copied = chunk.copy(into, at, 0, end - at);
      at += copied;
      if (copied === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(copied);
    }
  }

  /** The kernel has room again and takes what queued up. */
  #refill(): void {
    const moved = Math.min(this.#queuedBytes, Math.max(0, this.#window - this.#kernelBytes));
    this.#queuedBytes -= moved;
    this.#kernelBytes += moved;
  }

  #faults() {
    return this.#world.faultsOf(this.#from.process, this.#to.process);
  }
}
