import { fingerprint } from "./fingerprint.ts";
import type { Obligation } from "./obligation.ts";

/**
 * Operations that may take effect from their start on, or never, gathered by what they do: of one kind the earliest start
 * is taken first, so that how many of each kind were taken says all.
 */
export class OptionalOperations {
  readonly #kinds: readonly (readonly Obligation[])[];
  readonly #taken: number[];
  #total = 0;
  /** Beyond every kind of which one was ever taken. */
  #end = 0;

  constructor(asked: readonly Obligation[]) {
    const inTime = asked.toSorted((a, b) => a.startMs - b.startMs);
    const kinds = Map.groupBy(inTime, ({ operation: { name, args } }) => {
      return `${name}(${args.map(fingerprint).join()}`;
    });
    this.#kinds = [...kinds.values()];
    this.#taken = this.#kinds.map(() => 0);
  }

  get kinds(): number {
    return this.#kinds.length;
  }

  /** Grows with the kind. */
  firstStartMs(kind: number): number {
    return this.#kinds[kind]![0]!.startMs;
  }

  /** The next of the kind to be taken; null: all are. */
  nextOf(kind: number): Obligation | null {
    return this.#kinds[kind]![this.#taken[kind]!] ?? null;
  }

  take(kind: number): void {
    this.#taken[kind]!++;
    this.#total++;
    this.#end = Math.max(this.#end, kind + 1);
  }

  giveBack(kind: number): void {
    this.#taken[kind]!--;
    this.#total--;
  }

  /** How many of which kind are taken, written down. */
  taken(): string {
    if (this.#total === 0) return "";
    let text = "+";
    for (let kind = 0; kind < this.#end; kind++) {
      const taken = this.#taken[kind]!;
      if (taken > 0) text += `${kind}:${taken},`;
    }
    return text;
  }
}
