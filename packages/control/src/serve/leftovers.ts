import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Removes the folders of proxies whose workload is gone for good, keys and all. `isKept` is asked right before each, since
 * workloads come while others go. Returns how many went. What cannot be removed is left for the next time.
 */
export async function removeLeftovers(
  folder: string,
  isKept: (name: string) => boolean,
): Promise<number> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch {
    return 0; // no proxy was ever started
  }
  let removed = 0;
  for (const name of names) {
    if (isKept(name)) continue;
    await rm(join(folder, name), { recursive: true, force: true }).then(
      () => removed++,
      () => {},
    );
  }
  return removed;
}
