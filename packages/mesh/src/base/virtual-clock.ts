import type { Clock, Timer } from "./clock.ts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | null;
}

/**
 * Time that moves only when told to: the clock of tests and of the simulator. Timers due at one instant
 * fire in the order in which they were set, so that one seed gives one run.
 */
export class VirtualClock implements Clock {
  readonly #heap: Entry[] = [];
  readonly #wallStartMs: number;
  #nowMs = 0;
  #order = 0;

  /** @param wallStartMs wall time at monotonic 0. Default 2026-01-01T00:00Z. */
  constructor(wallStartMs = 1_767_225_600_000) {
    this.#wallStartMs = wallStartMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.callback = null;
      },
    };
  }

  /** When the next live timer is due, or null while none is set. */
  nextAtMs(): number | null {
    this.#dropCancelled();
    return this.#heap[0]?.atMs ?? null;
  }

  /** Moves to the next timer and fires it. False while none is set. */
  step(): boolean {
    this.#dropCancelled();
    const entry = this.#pop();
    if (entry === null) return false;
    this.#nowMs = Math.max(this.#nowMs, entry.atMs);
    const callback = entry.callback;
    entry.callback = null;
    callback?.();
    return true;
  }

  /** Moves `durationMs` ahead, firing on the way all that falls due. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      const atMs = this.nextAtMs();
      if (atMs === null || atMs > untilMs) break;
      this.step();
    }
    this.#nowMs = untilMs;
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.callback === null) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return null;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
