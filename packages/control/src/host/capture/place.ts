import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where the rules of one mesh are kept in the kernel: names that follow from its state folder alone. */
export interface CapturePlace {
  /** Name of its one table, of family `inet`. */
  readonly table: string;
  /** Its cgroup, with one below it for each captured workload. */
  readonly folder: string;
  /** The same as nft calls it: from /sys/fs/cgroup on. */
  readonly path: string;
}

/** Below it nft looks for cgroups; it has no other place. */
const cgroupFolder = "/sys/fs/cgroup";

/** Names for the mesh whose state is in `stateDir`; the same in every life of its supervisor. */
export function capturePlace(stateDir: string, cgroupRoot: string): CapturePlace {
  const path = realpathSync(stateDir);
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 8);
  const folder = basename(path) === ".heddle" ? dirname(path) : path;
  const words =
    basename(folder)
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const name = ["heddle", words.join("_").slice(0, 32), hash].filter((part) => part !== "");
  return placeOf(name.join("_"), cgroupRoot);
}

/** @param name of a table: letters, digits and `_` */
export function placeOf(name: string, cgroupRoot: string): CapturePlace {
  const folder = join(cgroupRoot, name);
  return { table: name, folder, path: folder.slice(cgroupFolder.length + 1) };
}

/** Where cgroup v2 is mounted, alone or beside v1; null where nft would not find it. */
export function findCgroupRoot(): string | null {
  try {
    return cgroupRootIn(readFileSync("/proc/self/mountinfo", "utf8"));
  } catch {
    return null;
  }
}

/** proc(5): the mount point is the fifth field; the type is the first behind a lone `-`. */
export function cgroupRootIn(mountinfo: string): string | null {
  const points = mountinfo.split("\n").flatMap((line) => {
    const [mount = "", type = ""] = line.split(" - ");
    const point = mount.split(" ")[4];
    return type.startsWith("cgroup2 ") && point !== undefined ? [point] : [];
  });
  return points.find((point) => `${point}/`.startsWith(`${cgroupFolder}/`)) ?? null;
}
