import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { DamagedFileError, isDamage } from "./damaged-file.ts";
import { Journal, journalLengthMax } from "./journal.ts";
import { MemoryStore, outcomeOf } from "./memory.ts";
import {
  type Change,
  type CommitOutcome,
  type Listed,
  NotCommittedError,
  type ObjectKey,
  type Store,
  type Watching,
  type Write,
} from "./store.ts";

export interface SqliteStoreOptions {
  /** The database file; made where it is missing. */
  readonly path: string;
  /** Names the life of a store that is made now. */
  readonly newEpoch: () => string;
  /** Changes remembered for watches. Default 20,000. */
  readonly journalLength?: number;
}

/** Grows when the tables change; a database of another format is refused, not guessed at. */
const format = "1";

/**
 * The embedded store: one SQLite file, owned by one process, with a working copy in memory. A commit is one transaction
 * in WAL mode with synchronous=FULL: when it returns it survives kill -9 and the loss of power.
 *
 *     objects  the present        changes  the recent past, for watches that resume
 */
export class SqliteStore implements Store {
  readonly epoch: string;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #memory: MemoryStore;
  readonly #journal: Journal;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #note: StatementSync;
  readonly #forget: StatementSync;
  readonly #journalLength: number;

  /** @throws DamagedFileError where the file is no store, or not a whole one. */
  static open(options: SqliteStoreOptions): SqliteStore {
    try {
      return new SqliteStore(options);
    } catch (error) {
      throw isDamage(error) ? new DamagedFileError(options.path, error) : error;
    }
  }

  private constructor(options: SqliteStoreOptions) {
    this.#path = options.path;
    this.#journalLength = options.journalLength ?? journalLengthMax;
    const database = new DatabaseSync(options.path, { timeout: 5_000 });
    this.#database = database;
    database.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
    );
    database.exec(`
      CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS objects (
        collection TEXT, namespace TEXT, name TEXT, body TEXT NOT NULL,
        PRIMARY KEY (collection, namespace, name)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS changes (
        version INTEGER PRIMARY KEY, type TEXT NOT NULL,
        collection TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL) STRICT;
    `);
    this.epoch = this.#about("epoch", options.newEpoch);
    const found = this.#about("format", () => format);
    if (found !== format) throw new Error(`${options.path}: format ${found}, expected ${format}`);
    const { low, high } = database
      .prepare(
        "SELECT coalesce(min(version) - 1, 0) low, coalesce(max(version), 0) high FROM changes",
      )
      .get() as { low: number; high: number };
    this.#journal = new Journal(low, high, this.#journalLength);
    this.#memory = new MemoryStore(this.epoch, this.#journal);
    this.#load();
    this.#put = database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)");
    this.#delete = database.prepare(
      "DELETE FROM objects WHERE collection = ? AND namespace = ? AND name = ?",
    );
    this.#note = database.prepare("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)");
    this.#forget = database.prepare("DELETE FROM changes WHERE version <= ?");
  }

  get(key: ObjectKey): Promise<Resource | null> {
    return this.#memory.get(key);
  }

  list(collection: string, namespace: string | null): Promise<Listed> {
    return this.#memory.list(collection, namespace);
  }

  async commit(writes: readonly Write[]): Promise<CommitOutcome> {
    const planned = this.#memory.plan(writes);
    if (planned.ok && planned.changes.length > 0) {
      this.#persist(planned.changes);
      this.#memory.apply(planned.changes);
    }
    return outcomeOf(planned);
  }

  watch(from: number | null, onChange: (change: Change) => void): Watching | null {
    return this.#journal.watch(from, onChange);
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #persist(changes: readonly Change[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const { type, key, object, version } of changes) {
        const { collection, namespace, name } = key;
        const body = JSON.stringify(object);
        if (type === "deleted") this.#delete.run(collection, namespace, name);
        else this.#put.run(collection, namespace, name, body);
        this.#note.run(version, type, collection, namespace, name, body);
      }
      const floor = changes.at(-1)!.version - this.#journalLength;
      if (floor > 0) this.#forget.run(floor);
      this.#database.exec("COMMIT");
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new NotCommittedError(`nothing was written to ${this.#path}: ${why}`, { cause });
    }
  }

  #about(name: string, make: () => string): string {
    const row = this.#database.prepare("SELECT value FROM about WHERE name = ?").get(name);
    if (row !== undefined) return (row as { value: string }).value;
    const value = make();
    this.#database.prepare("INSERT INTO about VALUES (?, ?)").run(name, value);
    return value;
  }

  #load(): void {
    const objects = this.#database.prepare("SELECT * FROM objects");
    for (const row of objects.iterate() as Iterable<Row>) {
      this.#memory.load(keyOf(row), JSON.parse(row.body));
    }
    const changes = this.#database.prepare("SELECT * FROM changes ORDER BY version");
    const rows = changes.all() as unknown as readonly (Row & Pick<Change, "type" | "version">)[];
    this.#journal.remember(
      rows.map((row) => ({
        type: row.type,
        key: keyOf(row),
        object: JSON.parse(row.body),
        before: null,
        version: row.version,
      })),
    );
  }
}

interface Row {
  readonly collection: string;
  readonly namespace: string;
  readonly name: string;
  readonly body: string;
}

function keyOf({ collection, namespace, name }: Row): ObjectKey {
  return { collection, namespace, name };
}
