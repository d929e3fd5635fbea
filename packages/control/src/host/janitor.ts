import { type ChildProcess, spawn } from "node:child_process";
import type { Platform } from "./platform.ts";

/**
 * Ends what the supervisor started once the supervisor itself has ended, however it ended: a shell that reads a pipe
 * held by the supervisor alone and, at its end, kills whoever carries the run's marker in the environment, children
 * that forked away and began a session of their own included. It looks until nobody was found three times in a row,
 * for 4 s at most, and ends.
 */
export class Janitor {
  readonly #platform: Platform;
  readonly #marker: string;
  #child: ChildProcess | null = null;
  #isClosed = false;

  /** @param marker `NAME=value`, part of the environment of every process to end. */
  constructor(platform: Platform, marker: string) {
    this.#platform = platform;
    this.#marker = marker;
  }

  /** Starts it, and another one whenever it is killed. */
  start(): void {
    if (this.#isClosed) return;
    const child = spawn("/bin/sh", ["-c", script(this.#platform.findScript)], {
      // The marker goes in by the pipe: in argv or environment it would be found there.
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin!.on("error", () => undefined);
    child.stdin!.write(`${this.#marker}\n`);
    child.on("error", () => undefined);
    child.on("exit", () => {
      if (child === this.#child) this.start();
    });
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    this.#child = child;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Lets it do its work now and end. Resolves when it has. */
  close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      child.ref();
      child.once("exit", () => resolve());
      child.stdin!.end();
    });
  }
}

function script(find: string): string {
  return `
trap '' INT TERM HUP
IFS= read -r marker
cat >/dev/null
round=0
clean=0
while [ "$round" -lt 60 ] && [ "$clean" -lt 3 ]; do
  pids=$(${find})
  if [ -z "$pids" ]; then clean=$((clean + 1)); else clean=0; kill -9 $pids 2>/dev/null; fi
  round=$((round + 1))
  sleep 0.05
done`;
}
