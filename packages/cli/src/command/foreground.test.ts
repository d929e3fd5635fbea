import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { detectPlatform } from "@heddle/control/host/platform.ts";
import { expect, test } from "vitest";
import { runInForeground } from "./foreground.ts";

const env = { ...process.env };

test("tells how the command ended, as shells count", async () => {
  const run = (...command: readonly string[]) => runInForeground({ command, env });
  expect(await run("sh", "-c", "exit 7")).toBe(7);
  expect(await run("sh", "-c", "kill -TERM $$")).toBe(143);
  await expect(run("no-such-program-of-ours")).rejects.toMatchObject({ code: "ENOENT" });
});

const canBind = detectPlatform().deathSignalArgv.length > 0;

test.runIf(canBind)("the command dies with whoever runs it, even of kill -9", async () => {
  const module = JSON.stringify(join(import.meta.dirname, "foreground.ts"));
  const script = `
    const { runInForeground } = await import(${module});
    await runInForeground({ command: ["sh", "-c", "echo runs; exec sleep 300"], env: process.env });`;
  const ours = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(ours.stdout, "data");
  expect(String(said)).toBe("runs\n");
  const isOver = once(ours.stdout.resume(), "close"); // once nobody holds the other end any more
  ours.kill("SIGKILL");
  await isOver;
});
