import { renameSync, rmSync } from "node:fs";
import type { Log } from "@heddle/mesh/base/log.ts";
import { isDamage } from "../store/damaged-file.ts";
import { SqliteShelf } from "./sqlite-shelf.ts";

/**
 * The shelf in the file `path`. One that is damaged is put aside as `<path>.damaged`, and a new one begun: recorded traffic
 * is worth telling of, and no reason for a control plane not to start.
 */
export function openShelf(path: string, log: Log): SqliteShelf {
  try {
    return new SqliteShelf(path);
  } catch (error) {
    if (!isDamage(error)) throw error;
    log.error(
      { path, cause: String(error) },
      "recorded traffic is damaged; put aside, and begun anew",
    );
    renameSync(path, `${path}.damaged`);
    for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    return new SqliteShelf(path);
  }
}
