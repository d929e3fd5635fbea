import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A cgroup whose processes were killed is empty a moment later: it is tried so often, in steps of so long, in ms. */
const removeTries = 50;
const removePauseMs = 20;

/** Makes the cgroup and those above it. @throws with the system's words. */
export function makeCgroup(folder: string): void {
  mkdirSync(folder, { recursive: true });
}

/**
 * Put before a command's argv, it runs in the cgroup from its first instruction on, and so does all that it starts. The
 * shell moves itself and becomes the command.
 */
export function enterCgroupArgv(folder: string): readonly string[] {
  return ["/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', join(folder, "cgroup.procs")];
}

/** Kills what is left in the cgroup and in those below it, and takes them away. Null, or why it could not. */
export async function removeCgroup(
  folder: string,
  pause: (delayMs: number) => Promise<void>,
): Promise<string | null> {
  if (!existsSync(folder)) return null;
  for (let attempt = 1; ; attempt++) {
    try {
      kill(folder);
      removeTree(folder);
      return null;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return null;
      if (attempt >= removeTries) return message;
    }
    await pause(removePauseMs);
  }
}

function removeTree(folder: string): void {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of below) removeTree(join(folder, name));
  rmdirSync(folder);
}

/** All of it, those below included; since Linux 5.14. Before, the supervisor's own means have to do. */
function kill(folder: string): void {
  const file = join(folder, "cgroup.kill");
  if (existsSync(file)) writeFileSync(file, "1");
}
