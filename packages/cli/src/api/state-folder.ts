import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { exits, Fault } from "../render/fault.ts";

/** Name of a mesh's state folder, beside its manifest. */
export const stateFolder = ".heddle";

/** All that a mesh keeps in it. */
const entries =
  /^(lock|host\.json|api\.json|api\.token|store\.db|recorded\.db)(\.new|\.damaged|-wal|-shm|-journal)?$|^(host\.sock|ca|logs|proxies)$/;

/** Does a mesh keep its state in this folder, or did one? */
export function isStateFolder(path: string): boolean {
  return existsSync(join(path, "host.json")) || existsSync(join(path, "store.db"));
}

/**
 * Where `up` keeps the state of a manifest: in `flag`, or in a `.heddle` inside it where that folder is there for
 * something else; without a flag beside the manifest.
 */
export function stateFolderFor(cwd: string, flag: string | undefined, file: string): string {
  if (flag === undefined) return join(dirname(resolve(cwd, file)), stateFolder);
  const path = resolve(cwd, flag);
  // What `up -d` has begun to write there is not there for something else.
  const isFree = !isFolder(path) || readdirSync(path).every((entry) => entries.test(entry));
  if (basename(path) === stateFolder || isFree || isStateFolder(path)) return path;
  return join(path, stateFolder);
}

/**
 * Deletes a mesh's state, and nothing that is not: what else lies in the folder stays.
 * @throws Fault where the folder is no mesh's.
 */
export function deleteState(path: string): void {
  if (basename(path) === stateFolder) {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  if (!isStateFolder(path)) {
    throw new Fault(
      exits.usage,
      `${path} is not the state folder of a mesh; nothing was deleted`,
      `heddle down -v --mesh <folder with a ${stateFolder}>`,
    );
  }
  const own = readdirSync(path).filter((entry) => entries.test(entry));
  for (const entry of own) rmSync(join(path, entry), { recursive: true, force: true });
  if (readdirSync(path).length === 0) rmdirSync(path);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
