import { renameSync, rmSync } from "node:fs";
import type { Log } from "@heddle/mesh/base/log.ts";
import { isDamage } from "../store/damaged-file.ts";
import { SqliteShelf } from "./sqlite-shelf.ts";

/**
 * The shelf in the file `path`. One that is damaged is put aside as `<path>.damaged`, and a new one begun: recorded traffic
 * is worth telling of, and no reason for a control plane not to start.
 */
export function openShelf(path: string, log: Log): SqliteShelf {
  const found = soundShelf(path);
  if (typeof found !== "string") return found;
  log.error({ path, cause: found }, "recorded traffic is damaged; put aside, and begun anew");
  renameSync(path, `${path}.damaged`);
  for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  return new SqliteShelf(path);
}

/** A text: what is wrong with it. Damage within would otherwise be met at the first question, and at each one after it. */
function soundShelf(path: string): SqliteShelf | string {
  let shelf: SqliteShelf | null = null;
  try {
    shelf = new SqliteShelf(path);
    if (shelf.isSound()) return shelf;
    shelf.close();
    return "it is not what it was when it was written";
  } catch (error) {
    shelf?.close();
    if (!isDamage(error)) throw error;
    return String(error);
  }
}
