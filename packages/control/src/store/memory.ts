import { compareText, type Resource } from "@heddle/mesh/resource/meta.ts";
import { Journal } from "./journal.ts";
import type { Change, CommitOutcome, Listed, ObjectKey, Store, Watching, Write } from "./store.ts";

/** A store that forgets: for the simulator and tests, and the working copy of the one that does not. */
export class MemoryStore implements Store {
  readonly epoch: string;
  readonly #collections = new Map<string, Map<string, Resource>>();
  readonly #journal: Journal;

  constructor(epoch: string, journal = new Journal(0, 0)) {
    this.epoch = epoch;
    this.#journal = journal;
  }

  async get(key: ObjectKey): Promise<Resource | null> {
    return this.read(key);
  }

  async list(collection: string, namespace: string | null): Promise<Listed> {
    const prefix = namespace === null ? "" : `${namespace}/`;
    const entries = [...(this.#collections.get(collection) ?? [])];
    const items = entries
      .filter(([path]) => path.startsWith(prefix))
      .sort(([a], [b]) => compareText(a, b))
      .map(([, object]) => object);
    return { items, version: this.#journal.version };
  }

  async commit(writes: readonly Write[]): Promise<CommitOutcome> {
    const planned = this.plan(writes);
    if (planned.ok) this.apply(planned.changes);
    return outcomeOf(planned);
  }

  watch(from: number | null, onChange: (change: Change) => void): Watching | null {
    return this.#journal.watch(from, onChange);
  }

  async close(): Promise<void> {}

  read(key: ObjectKey): Resource | null {
    return this.#collections.get(key.collection)?.get(pathOf(key)) ?? null;
  }

  /** What `writes` would change, without changing it. */
  plan(writes: readonly Write[]): Planned {
    const pending = new Map<string, Resource | null>();
    const changes: Change[] = [];
    let version = this.#journal.version;
    for (const [at, write] of writes.entries()) {
      const id = `${write.key.collection}/${pathOf(write.key)}`;
      const earlier = pending.get(id);
      const before = earlier === undefined ? this.read(write.key) : earlier;
      const problem = problemOf(write, before);
      if (problem !== null) return { ok: false, at, problem };
      version++;
      const object = stamp(write.op === "delete" ? before! : write.object, version);
      pending.set(id, write.op === "delete" ? null : object);
      const type = write.op === "delete" ? "deleted" : before === null ? "added" : "modified";
      changes.push({ type, key: write.key, object, before, version });
    }
    return { ok: true, changes };
  }

  /** Makes planned changes and tells the watchers. */
  apply(changes: readonly Change[]): void {
    for (const { type, key, object } of changes) {
      let collection = this.#collections.get(key.collection);
      if (collection === undefined) {
        collection = new Map();
        this.#collections.set(key.collection, collection);
      }
      if (type === "deleted") collection.delete(pathOf(key));
      else collection.set(pathOf(key), object);
    }
    this.#journal.append(changes);
  }

  /** Takes an object in that is there already, for a store that loads itself. */
  load(key: ObjectKey, object: Resource): void {
    const collection = this.#collections.get(key.collection) ?? new Map<string, Resource>();
    this.#collections.set(key.collection, collection.set(pathOf(key), object));
  }
}

export type Planned =
  | { readonly ok: true; readonly changes: readonly Change[] }
  | {
      readonly ok: false;
      readonly at: number;
      readonly problem: "exists" | "missing" | "conflict";
    };

export function outcomeOf(planned: Planned): CommitOutcome {
  if (!planned.ok) return planned;
  return { ok: true, objects: planned.changes.map((change) => change.object) };
}

function problemOf(
  write: Write,
  before: Resource | null,
): "exists" | "missing" | "conflict" | null {
  if (write.op === "create") return before === null ? null : "exists";
  if (before === null) return "missing";
  if (write.expect !== null && write.expect !== before.metadata.resourceVersion) return "conflict";
  return null;
}

function stamp(object: Resource, version: number): Resource {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function pathOf(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}
