import { assert } from "../base/assert.ts";
import { writeLatin1 } from "./latin1.ts";

/** Somebody whose octets wait in a Gather. */
export interface Gatherer {
  /** Writes what was gathered and gives the buffer up. */
  flush(): void;
}

/** Somebody who has more to do once the event being handled has been handled to its end. */
export interface Deferred {
  proceed(): void;
}

/**
 * One buffer in which a message is put together before it is written, so that head and first body octets leave in one
 * write. All connections of a workload share it: at most one gathers at a time, and whoever takes it makes the one
 * before flush. Nothing stays in it beyond the turn, that is the event from the transport being handled, so what is
 * gathered waits for no timer and no other event.
 */
export class Gather {
  bytes: Buffer;
  length = 0;
  #owner: Gatherer | null = null;
  #depth = 0;
  readonly #later: Deferred[] = [];

  /** @param capacity octets; 128 KiB holds any head and one read of a body. Grows only for a head that is larger. */
  constructor(capacity = 131_072) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Is an event being handled, at whose end everything is flushed? */
  get isInTurn(): boolean {
    return this.#depth > 0;
  }

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    if (this.#depth === 1) {
      this.#owner?.flush();
      if (this.#later.length > 0) this.#proceed();
    }
    this.#depth--;
  }

  /** Runs `task` at the end of the turn, or at once outside of one: what follows an event never runs inside of it. */
  defer(task: Deferred): void {
    this.#later.push(task);
    if (this.#depth > 0) return;
    this.enter();
    this.leave();
  }

  #proceed(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) {
      next.proceed();
      this.#owner?.flush();
    }
  }

  /** Makes `owner` the one who gathers. */
  take(owner: Gatherer): void {
    if (this.#owner === owner) return;
    if (this.#owner !== null) this.#owner.flush();
    assert(this.#owner === null, "a flush gives the buffer up");
    this.#owner = owner;
    this.length = 0;
  }

  isHeldBy(owner: Gatherer): boolean {
    return this.#owner === owner;
  }

  /** Forgets what `owner` gathered, written or not. */
  release(owner: Gatherer): void {
    if (this.#owner === owner) this.#owner = null;
  }

  /** Makes room for `count` octets more. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** Appends `source[start, end)`; the room was reserved. */
  append(source: Buffer, start: number, end: number): void {
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** Appends latin1 text; the room was reserved. */
  appendText(text: string): void {
    const { bytes } = this;
    const at = this.length;
    const count = text.length;
    if (count > 40) writeLatin1(bytes, text, at);
    else for (let index = 0; index < count; index++) bytes[at + index] = text.charCodeAt(index);
    this.length = at + count;
  }
}
