import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { ProcessStart, RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { fromKeptBody, toKeptBody } from "./kept-body.ts";
import {
  type BatchRow,
  type Completeness,
  type Forget,
  type KeptBatch,
  pageExchanges,
  type Shelf,
  type ShelfChange,
  type ShelfQuery,
  type StoreName,
  type StoreSize,
  type StreamState,
  servicesIn,
  spanOf,
} from "./shelf.ts";

/** Grows when the tables change. What another format kept is dropped: it is traffic of a day. */
const format = 2;

/** What ended then was kept later, and of this boot we know when it ended: both are found by an index. */
const firstSince = `
  SELECT min(
    coalesce((SELECT min(number) FROM batches
              WHERE store IN ('whole', 'sampled') AND boot = ? AND last_ms >= ?), 9e15),
    coalesce((SELECT number FROM batches WHERE at_wall >= ? ORDER BY at_wall, number LIMIT 1), 9e15)
  ) number`;

/**
 * Batches in a SQLite file of their own, a row each. WAL with synchronous=NORMAL: a commit outlives kill -9, and costs no
 * fsync; after a loss of power the last ones may be gone, which the streams' numbers then tell as a gap.
 */
export class SqliteShelf implements Shelf {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #putStream: StatementSync;
  readonly #putStart: StatementSync;
  readonly #putComplete: StatementSync;

  /** @param path made where it is missing */
  constructor(path: string) {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    this.#database = database;
    database.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    );
    const { user_version: found } = database.prepare("PRAGMA user_version").get() as {
      user_version: number;
    };
    if (found !== format) {
      for (const table of ["batches", "streams", "starts", "complete"]) {
        database.exec(`DROP TABLE IF EXISTS ${table}`);
      }
    }
    database.exec(`
      CREATE TABLE IF NOT EXISTS batches (
        number INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, at_wall REAL NOT NULL,
        namespace TEXT NOT NULL, workload TEXT NOT NULL, services TEXT NOT NULL,
        from_wall REAL NOT NULL, to_wall REAL NOT NULL, last_ms REAL NOT NULL, boot TEXT NOT NULL,
        exchanges INTEGER NOT NULL, gaps INTEGER NOT NULL, bytes INTEGER NOT NULL,
        body BLOB NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS batches_of ON batches (store, number, bytes, exchanges);
      CREATE INDEX IF NOT EXISTS batches_at ON batches (at_wall);
      CREATE INDEX IF NOT EXISTS batches_ended ON batches (store, boot, last_ms, number);
      CREATE TABLE IF NOT EXISTS streams (
        uid TEXT, life TEXT, store TEXT, next INTEGER NOT NULL, last_ms REAL NOT NULL,
        boot TEXT NOT NULL, seen_wall REAL NOT NULL,
        PRIMARY KEY (uid, life, store)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS starts (
        uid TEXT, boot TEXT, at_ms REAL, wall REAL NOT NULL,
        namespace TEXT NOT NULL, workload TEXT NOT NULL, restarts INTEGER NOT NULL,
        PRIMARY KEY (uid, boot, at_ms)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS complete (
        store TEXT PRIMARY KEY, boot TEXT NOT NULL, since_ms REAL NOT NULL) STRICT;
      PRAGMA user_version = ${format};
    `);
    this.#insert = database.prepare(
      "INSERT INTO batches VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#delete = database.prepare("DELETE FROM batches WHERE number = ?");
    this.#putStream = database.prepare(
      "INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#putStart = database.prepare("INSERT OR IGNORE INTO starts VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#putComplete = database.prepare("INSERT OR REPLACE INTO complete VALUES (?, ?, ?)");
  }

  commit(change: ShelfChange): readonly number[] {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const sizes = change.batches.map((batch) => this.#put(batch, change.nowWallMs));
      for (const number of change.evicted) this.#delete.run(number);
      for (const { uid, life, store, next, lastMs, boot, seenWallMs } of change.streams) {
        this.#putStream.run(uid, life, store, next, lastMs, boot, seenWallMs);
      }
      for (const { workload, boot, atMs, wallMs, restarts } of change.starts) {
        const { uid, namespace, name } = workload;
        this.#putStart.run(uid, boot, atMs, wallMs, namespace, name, restarts);
      }
      for (const [store, { boot, sinceMs }] of Object.entries(change.complete)) {
        this.#putComplete.run(store, boot, sinceMs);
      }
      if (change.forget !== null) this.#forget(change.forget);
      this.#database.exec("COMMIT");
      return sizes;
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw cause;
    }
  }

  streams(): readonly StreamState[] {
    return this.#all(
      "SELECT uid, life, store, next, last_ms lastMs, boot, seen_wall seenWallMs FROM streams",
    );
  }

  complete(store: StoreName): Completeness | null {
    const [row = null] = this.#all<Completeness>(
      "SELECT boot, since_ms sinceMs FROM complete WHERE store = ?",
      store,
    );
    return row;
  }

  size(store: StoreName): StoreSize {
    const [row] = this.#all<StoreSize>(
      `SELECT count(*) batches, coalesce(sum(exchanges), 0) exchanges, coalesce(sum(bytes), 0) bytes
       FROM batches WHERE store = ?`,
      store,
    );
    return row!;
  }

  oldest(store: StoreName, count: number): readonly BatchRow[] {
    return this.#all(
      `SELECT number, at_wall atWallMs, bytes, exchanges, last_ms lastMs, boot
       FROM batches WHERE store = ? ORDER BY number LIMIT ?`,
      store,
      count,
    );
  }

  get newest(): number {
    const [row] = this.#all<{ number: number }>(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'batches'), 0) number",
    );
    return row!.number;
  }

  first({ since }: ShelfQuery): number {
    if (since === null) return 1;
    const [row] = this.#all<{ number: number }>(firstSince, since.boot, since.ms, since.wallMs);
    return row!.number;
  }

  rows(query: ShelfQuery, from: number, to: number): readonly BatchRow[] {
    const [where, values] = conditionsOf(query);
    return this.#all(
      `SELECT number, at_wall atWallMs, bytes, exchanges, last_ms lastMs, boot FROM batches
       WHERE number >= ? AND number <= ? ${where} ORDER BY number DESC`,
      from,
      to,
      ...values,
    );
  }

  lastBefore(number: number, { store, boot }: Parameters<Shelf["lastBefore"]>[1]): number {
    const [row] = this.#all<{ lastMs: number }>(
      `SELECT last_ms lastMs FROM batches WHERE store = ? AND boot = ? AND number < ?
       ORDER BY last_ms DESC LIMIT 1`,
      store,
      boot,
      number,
    );
    return row?.lastMs ?? -Infinity;
  }

  page(
    query: ShelfQuery,
    after: number,
    count: number,
    to = Number.MAX_SAFE_INTEGER,
  ): readonly KeptBatch[] {
    const [where, values] = conditionsOf(query);
    const rows = this.#database
      .prepare(
        `SELECT number, exchanges, body FROM batches
         WHERE number > ? AND number <= ? ${where} ORDER BY number LIMIT ?`,
      )
      .iterate(after, to, ...values, count);
    const page: KeptBatch[] = [];
    let read = 0;
    for (const row of rows) {
      const { number, exchanges, body } = row as unknown as BodyRow;
      page.push({ number, batch: fromKeptBody(body) });
      read += exchanges;
      if (read >= pageExchanges) break;
    }
    return page;
  }

  starts(query: Parameters<Shelf["starts"]>[0]): readonly ProcessStart[] {
    const { namespace, workload, untilWallMs } = query;
    const rows = this.#all<StartRow>(
      `SELECT * FROM starts WHERE (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR workload = ?2)
       AND (?3 IS NULL OR wall <= ?3) ORDER BY wall`,
      namespace,
      workload,
      untilWallMs,
    );
    return rows.map((row) => ({
      workload: { uid: row.uid, name: row.workload, namespace: row.namespace },
      atMs: row.at_ms,
      boot: row.boot,
      wallMs: row.wall,
      restarts: row.restarts,
    }));
  }

  /** Is what lies on disk a database all through? 0.2 s where both stores are full. @throws of SQLite, too. */
  isSound(): boolean {
    const [{ quick_check: found } = {}] = this.#all<{ readonly quick_check?: string }>(
      "PRAGMA quick_check(1)",
    );
    return found === "ok";
  }

  close(): void {
    this.#database.close();
  }

  #put(batch: RecordedBatch, nowWallMs: number): number {
    const body = toKeptBody(batch);
    const { fromMs, toMs } = spanOf(batch);
    const { namespace, name } = batch.workload;
    this.#insert.run(
      batch.store,
      nowWallMs,
      namespace,
      name,
      ` ${[...servicesIn(batch)].join(" ")} `,
      fromMs + batch.wallOffsetMs,
      toMs + batch.wallOffsetMs,
      toMs,
      batch.boot,
      batch.exchanges.length,
      batch.gaps.length,
      body.length,
      body,
    );
    return body.length;
  }

  #forget({ beforeWallMs, exceptUids }: Forget): void {
    const except = JSON.stringify([...exceptUids]);
    const isNewest = (table: string, time: string, same: string) =>
      `${time} = (SELECT max(${time}) FROM ${table} one WHERE one.uid = ${table}.uid ${same})`;
    for (const [table, time, same] of [
      ["streams", "seen_wall", "AND one.store = streams.store"],
      ["starts", "wall", ""],
    ] as const) {
      this.#database
        .prepare(
          `DELETE FROM ${table} WHERE ${time} < ?
           AND NOT (uid IN (SELECT value FROM json_each(?)) AND ${isNewest(table, time, same)})`,
        )
        .run(beforeWallMs, except);
    }
  }

  #all<T>(sql: string, ...values: readonly SQLInputValue[]): readonly T[] {
    return this.#database.prepare(sql).all(...values) as unknown as readonly T[];
  }
}

/** What follows on a WHERE, and its values. */
function conditionsOf(query: ShelfQuery): readonly [string, readonly SQLInputValue[]] {
  const { store, service, namespace, workload, since, untilWallMs } = query;
  const conditions: [string, ...(SQLInputValue | null)[]][] = [
    ["store = ?", store],
    ["(gaps > 0 OR instr(services, ?) > 0)", service === null ? null : ` ${service} `],
    ["namespace = ?", namespace],
    ["workload = ?", workload],
    ["from_wall <= ?", untilWallMs],
  ];
  if (since !== null) {
    const { boot, ms, wallMs } = since;
    conditions.push(["iif(boot = ?, last_ms >= ?, to_wall >= ?)", boot, ms, wallMs]);
  }
  const asked = conditions.filter(([, value]) => value !== null);
  return [
    asked.map(([text]) => `AND ${text}`).join(" "),
    asked.flatMap(([, ...values]) => values as SQLInputValue[]),
  ];
}

interface BodyRow {
  readonly number: number;
  readonly exchanges: number;
  readonly body: Uint8Array;
}

interface StartRow {
  readonly uid: string;
  readonly boot: string;
  readonly at_ms: number;
  readonly wall: number;
  readonly namespace: string;
  readonly workload: string;
  readonly restarts: number;
}
