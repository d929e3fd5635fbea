/**
 * Streams by their id, in a table of open addressing (linear probing; what is deleted is closed up). A Map would do but for the
 * collector: one that many come into and go out of makes itself anew again and again, and each table it leaves points to the next.
 * Once a left one is old, the next outlives every scavenge with all that lies in it, and so on without end.
 */
export class StreamTable<T extends { readonly id: number }> {
  #slots: (T | null)[] = new Array(16).fill(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at]!;
      if (stream === null) return undefined;
      if (stream.id === id) return stream;
    }
  }

  /** Takes `stream`, whose id is new. */
  add(stream: T): void {
    if (2 * (this.#size + 1) > this.#slots.length) this.#grow();
    this.#put(stream);
    this.#size++;
  }

  delete(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = (id >>> 1) & mask;
    while (slots[hole] !== null && slots[hole]!.id !== id) hole = (hole + 1) & mask;
    if (slots[hole] === null) return;
    this.#size--;
    for (let at = (hole + 1) & mask; slots[at] !== null; at = (at + 1) & mask) {
      const home = (slots[at]!.id >>> 1) & mask;
      // It may fill the hole where its search would come past it.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at]!;
      hole = at;
    }
    slots[hole] = null;
  }

  /** All of them, in no order. */
  values(): T[] {
    return this.#slots.filter((stream) => stream !== null);
  }

  #put(stream: T): void {
    const mask = this.#slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (this.#slots[at] !== null) at = (at + 1) & mask;
    this.#slots[at] = stream;
  }

  #grow(): void {
    const streams = this.values();
    this.#slots = new Array(2 * this.#slots.length).fill(null);
    for (const stream of streams) this.#put(stream);
  }
}
