/** The sum of what was added within so many parts of time, the present one included: a window that slides part by part. */
export class Recent {
  readonly #partMs: number;
  /** By age. */
  readonly #parts: Float64Array;
  #sum = 0;
  #part = 0;

  constructor(partMs: number, parts: number) {
    this.#partMs = partMs;
    this.#parts = new Float64Array(parts);
  }

  add(amount: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#parts[this.#part % this.#parts.length]! += amount;
    this.#sum += amount;
  }

  sum(nowMs: number): number {
    this.#turn(nowMs);
    return this.#sum;
  }

  clear(): void {
    this.#parts.fill(0);
    this.#sum = 0;
  }

  #turn(nowMs: number): void {
    const part = Math.floor(nowMs / this.#partMs);
    if (part <= this.#part) return;
    const parts = this.#parts;
    const steps = Math.min(parts.length, part - this.#part);
    for (let step = 0; step < steps; step++) {
      const index = (part - step) % parts.length;
      this.#sum -= parts[index]!;
      parts[index] = 0;
    }
    this.#part = part;
  }
}
