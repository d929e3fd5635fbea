import type { Change, Watching } from "./store.ts";

/** How many changes are remembered for watches that went away for a while. */
export const journalLengthMax = 20_000;

/** The latest changes, and those who follow them. */
export class Journal {
  readonly #lengthMax: number;
  readonly #watchers = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  /** All changes after this version are here. */
  #floor: number;
  #version: number;

  constructor(floor: number, version: number, lengthMax = journalLengthMax) {
    this.#floor = floor;
    this.#version = version;
    this.#lengthMax = lengthMax;
  }

  /** Version of the latest change. */
  get version(): number {
    return this.#version;
  }

  /** Versions at or below this one are too old to watch from. */
  get floor(): number {
    return this.#floor;
  }

  /** Takes changes in and tells the watchers. Ascending versions. */
  append(changes: readonly Change[]): void {
    this.remember(changes);
    for (const change of changes) for (const watcher of [...this.#watchers]) watcher(change);
  }

  /** Takes changes in that are old news. */
  remember(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change);
    this.#version = changes.at(-1)?.version ?? this.#version;
    // Cut in blocks, so that a change costs O(1).
    if (this.#changes.length > this.#lengthMax * 1.25) {
      const cut = this.#changes.length - this.#lengthMax;
      this.#floor = this.#changes[cut - 1]!.version;
      this.#changes = this.#changes.slice(cut);
    }
  }

  watch(from: number | null, onChange: (change: Change) => void): Watching | null {
    const start = from ?? this.#version;
    if (start < this.#floor || start > this.#version) return null;
    for (const change of this.#changes) if (change.version > start) onChange(change);
    this.#watchers.add(onChange);
    return { close: () => this.#watchers.delete(onChange) };
  }
}
