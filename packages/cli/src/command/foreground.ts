import { spawn } from "node:child_process";
import { constants } from "node:os";
import { detectPlatform, findProgram } from "@heddle/control/host/platform.ts";

export interface ForegroundOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Signals that are passed on. Those of a terminal reach the command by themselves, as it is in our process group. */
const passed = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGWINCH"] as const;

/**
 * Runs a command on our own standard input and output, terminal or not; where the system can, it dies with us, even of
 * kill -9. Resolves with its exit code; 128 and the
 * signal's number where a signal ended it, as shells count.
 * @throws where it cannot be started.
 */
export function runInForeground(options: ForegroundOptions): Promise<number> {
  const [program = "", ...args] = bound(options);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env: options.env });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    const isTerminal = process.stdin.isTTY === true;
    const onTerminalSignal = (signal: NodeJS.Signals) => {
      if (!isTerminal) pass(signal);
    };
    for (const signal of passed) process.on(signal, pass);
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, onTerminalSignal);
    const finish = () => {
      for (const signal of passed) process.off(signal, pass);
      for (const signal of ["SIGINT", "SIGQUIT"] as const) process.off(signal, onTerminalSignal);
    };
    child.once("error", (error) => {
      finish();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      finish();
      resolve(code ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 9));
    });
  });
}

/** With what binds its life to ours before it. One that is not there is left as it is, for its own error. */
function bound({ command, env }: ForegroundOptions): readonly string[] {
  const path = env["PATH"] ?? "/usr/bin:/bin";
  if (findProgram(command[0] ?? "", path, process.cwd()) === null) return command;
  return [...detectPlatform().deathSignalArgv, ...command];
}
