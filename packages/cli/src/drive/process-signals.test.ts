import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { ProcessSignals } from "./process-signals.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function start(command: string, args: readonly string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child as ChildProcess & { readonly pid: number };
}

/** `T`: stopped. Waits for it. */
async function untilState(pid: number, isStopped: boolean): Promise<void> {
  const state = () => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))![1];
  while ((state() === "T") !== isStopped) await new Promise(setImmediate);
}

test("stops a process and lets it go on", async () => {
  const victim = start("sleep", ["60"]);
  await once(victim, "spawn");
  const signals = new ProcessSignals();
  signals.send(victim.pid, "SIGSTOP");
  await untilState(victim.pid, true);
  signals.send(victim.pid, "SIGCONT");
  await untilState(victim.pid, false);
});

test("whoever is stopped goes on though we were killed", async () => {
  const victim = start("sleep", ["60"]);
  await once(victim, "spawn");
  const module = new URL("./process-signals.ts", import.meta.url).href;
  const script = `const { ProcessSignals } = await import(${JSON.stringify(module)});
    new ProcessSignals().send(${victim.pid}, "SIGSTOP");
    process.stdout.write("stopped");
    setInterval(() => {}, 1000);`;
  const killer = start(process.execPath, ["--input-type=module", "-e", script]);
  await once(killer.stdout!, "data");
  await untilState(victim.pid, true);
  killer.kill("SIGKILL");
  await untilState(victim.pid, false);
});

test("a process that is gone is no error", async () => {
  const victim = start("true", []);
  await once(victim, "exit");
  const signals = new ProcessSignals();
  for (const signal of ["SIGKILL", "SIGSTOP", "SIGCONT"] as const) {
    expect(() => signals.send(victim.pid, signal)).not.toThrow();
  }
});
