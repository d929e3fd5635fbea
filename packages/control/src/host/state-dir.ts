import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Who runs a mesh: `host.json` in its state folder. */
export interface HostRecord {
  readonly pid: number;
  /** Wall time of the start, ISO 8601. */
  readonly since: string;
  readonly runId: string;
  /** Where the supervisor listens to the command line: a unix socket. */
  readonly door: string;
  /** Absolute paths of the manifests that `up` was given. */
  readonly files: readonly string[];
}

/** Another supervisor has this folder. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
  readonly record: HostRecord | null;

  constructor(stateDir: string, record: HostRecord | null) {
    super(`the mesh in ${stateDir} is running${record === null ? "" : ` (pid ${record.pid})`}`);
    this.record = record;
  }
}

/** The state folder of a mesh, locked for this process until it ends, however it ends. */
export interface StateDir {
  readonly path: string;
  /** Publishes who runs this mesh. */
  write(record: HostRecord): void;
  /** Unlocks. What was published stays, for people to be told which manifest this mesh is of. */
  release(): void;
}

/**
 * Makes the folder where needed (0700) and locks it. The lock is the kernel's, on a SQLite file: it ends with the
 * process, and no stale one can be left behind.
 * @throws AlreadyRunningError while another supervisor has it.
 */
export function lockStateDir(path: string): StateDir {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  const lockFile = join(path, "lock");
  makePrivate(lockFile);
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch {
    lock.close();
    throw new AlreadyRunningError(path, readHostRecord(path));
  }
  const file = join(path, "host.json");
  return {
    path,
    write(record) {
      writeFileSync(`${file}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    release() {
      lock.close();
    },
  };
}

/**
 * Makes the lock's file 0600 before SQLite does with the modes of the user's umask; its journal takes the mode of the
 * file. One that is there is not opened: to close it again would end a lock that this process has on it.
 */
function makePrivate(file: string): void {
  if (!existsSync(file)) writeFileSync(file, "", { flag: "a", mode: 0o600 });
  for (const each of [file, `${file}-journal`]) if (existsSync(each)) chmodSync(each, 0o600);
}

/** Who runs, or ran, the mesh in this folder; null where nobody ever did. Whether it does, its door tells. */
export function readHostRecord(path: string): HostRecord | null {
  try {
    return JSON.parse(readFileSync(join(path, "host.json"), "utf8")) as HostRecord;
  } catch {
    return null;
  }
}
