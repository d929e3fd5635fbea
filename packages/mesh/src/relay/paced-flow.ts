import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Fields } from "../model/head.ts";
import type { RelayContext } from "./context.ts";

/** Where a slowed body comes from and goes to. */
export interface PacedEnds {
  pass(bytes: Buffer): void;
  end(trailers: Fields | null): void;
  /** Its source rests until `resume`. */
  pause(): void;
  resume(): void;
}

/** A body that goes no faster than a fault says: each piece is kept, and passed on once its time is over. */
export class PacedFlow implements DeadlineHandler {
  readonly #context: RelayContext;
  readonly #bytesPerSecond: number;
  readonly #ends: PacedEnds;
  readonly #deadline: Deadline = new Deadline(this);
  readonly #pieces: Buffer[] = [];
  #isEnded = false;
  #trailers: Fields | null = null;
  /** When the last piece that was passed on had taken its time. */
  #paidMs = 0;

  constructor(context: RelayContext, bytesPerSecond: number, ends: PacedEnds) {
    this.#context = context;
    this.#bytesPerSecond = bytesPerSecond;
    this.#ends = ends;
  }

  take(bytes: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
    if (this.#pieces.length > 1) return;
    this.#ends.pause();
    this.#wait();
  }

  end(trailers: Fields | null): void {
    this.#isEnded = true;
    this.#trailers = trailers;
    if (this.#pieces.length === 0) this.#ends.end(trailers);
  }

  stop(): void {
    this.#context.wheel.clear(this.#deadline);
    this.#pieces.length = 0;
  }

  onDeadline(): void {
    this.#ends.pass(this.#pieces.shift()!);
    if (this.#pieces.length > 0) this.#wait();
    else if (this.#isEnded) this.#ends.end(this.#trailers);
    else this.#ends.resume();
  }

  #wait(): void {
    const nowMs = this.#context.clock.monotonicMs();
    const takesMs = (this.#pieces[0]!.length / this.#bytesPerSecond) * 1000;
    this.#paidMs = Math.max(this.#paidMs, nowMs) + takesMs;
    this.#context.wheel.set(this.#deadline, this.#paidMs - nowMs);
  }
}
