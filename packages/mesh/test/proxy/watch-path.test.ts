import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchPath } from "@heddle/mesh/proxy/watch-path.ts";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-watch-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts another file in the place of `path`, in one step. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.next`, text);
  renameSync(`${path}.next`, path);
}

test.each([
  ["a file", "proxy.json"],
  ["a folder", "kvs-0"],
])("%s is seen to change however often its file is replaced", async (_, name) => {
  const path = join(folder, name);
  if (name === "kvs-0") mkdirSync(path);
  const file = name === "kvs-0" ? join(path, "proxy.json") : path;
  writeFileSync(file, "0");
  let changes = 0;
  const watcher = watchPath(
    path,
    () => changes++,
    () => {},
  );
  for (let round = 1; round <= 3; round++) {
    // Asked again, since watching may begin a moment after it was asked for.
    await expect
      .poll(() => {
        replace(file, String(round));
        return changes;
      })
      .toBeGreaterThan(0);
    changes = 0;
  }
  watcher.close();
});
