/** One kind of output by key: what was touched is made anew, and what came out equal did not change. */
export class Output<V, K extends string = string> {
  readonly #values = new Map<K, V>();
  readonly #touched = new Set<K>();

  /** As of the last `update`. A value that came out equal is the same object as before. */
  get values(): ReadonlyMap<K, V> {
    return this.#values;
  }

  /** Something that `key` is made from changed. */
  touch(key: K): void {
    this.#touched.add(key);
  }

  /** Makes anew what was touched; `make` gives null for what is not. Returns what is different, null where gone. */
  update(make: (key: K) => V | null): ReadonlyMap<K, V | null> {
    const changes = new Map<K, V | null>();
    for (const key of this.#touched) {
      const before = this.#values.get(key);
      const after = make(key);
      if (after === null) {
        if (this.#values.delete(key)) changes.set(key, null);
      } else if (before === undefined || !isSame(before, after)) {
        this.#values.set(key, after);
        changes.set(key, after);
      }
    }
    this.#touched.clear();
    return changes;
  }
}

/** Equal as data. Fields are made in one order, so that their text tells. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, mapsAsEntries) === JSON.stringify(b, mapsAsEntries);
}

function mapsAsEntries(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}
