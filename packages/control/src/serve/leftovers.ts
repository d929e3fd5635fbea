import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { proxyFolder } from "../watch/desired.ts";

/** Looks after `folder`, where each workload's proxy has a folder of its own. */
export class Leftovers {
  readonly #folder: string;
  /** Workloads when we last looked; at first, so many that there are fewer now. */
  #count = Number.POSITIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Some workloads may be gone. @param views of all that are there, by uid; followed while folders are removed */
  onSettled(views: ReadonlyMap<string, WorkloadView>): void {
    const isFewer = views.size < this.#count;
    this.#count = views.size;
    if (!isFewer) return;
    void removeLeftovers(this.#folder, (name) =>
      [...views.values()].some((view) => proxyFolder(view) === name),
    );
  }
}

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
