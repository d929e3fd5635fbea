import { type ChildProcess, spawn } from "node:child_process";
import { sendSignal } from "./signals.ts";

/**
 * Sends signals to processes and what they have started. Beside whoever is stopped stands a shell that lets it go on once
 * our end of its pipe is closed: also where we are killed and can do nothing any more.
 */
export class ProcessSignals {
  readonly #guards = new Map<number, ChildProcess>();

  /** A process that is gone is no error. */
  send(pid: number, signal: NodeJS.Signals): void {
    if (signal === "SIGSTOP") this.#guard(pid);
    sendSignal(pid, signal);
    if (signal !== "SIGCONT") return;
    this.#guards.get(pid)?.stdin?.end();
    this.#guards.delete(pid);
  }

  #guard(pid: number): void {
    const script = 'cat >/dev/null; kill -CONT -- "-$0" || kill -CONT "$0"';
    // Of a process group of its own: Ctrl-C on our terminal is not for it.
    const guard = spawn("sh", ["-c", script, String(pid)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    guard.on("error", () => undefined); // no shell: we ourselves let it go on
    guard.stdin.on("error", () => undefined);
    guard.unref();
    this.#guards.set(pid, guard);
  }
}
