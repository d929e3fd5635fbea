import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Calls `onChange` whenever the file at `path`, or anything in the folder there, has changed. Of a file its folder is
 * watched: editors, and whoever replaces a file in one step, put another one in its place.
 * @param onFailure the system watches no longer; nothing is called any more
 */
export function watchPath(
  path: string,
  onChange: () => void,
  onFailure: (cause: Error) => void,
): FSWatcher {
  const watcher = statSync(path).isDirectory()
    ? watch(path, { recursive: true }, onChange)
    : watch(dirname(path), (_event, name) => {
        if (name === null || name === basename(path)) onChange();
      });
  return watcher.on("error", onFailure);
}
