import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AlreadyRunningError, lockStateDir, readHostRecord } from "./state-dir.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "heddle-state-")), ".heddle");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));
const record = { pid: 7, since: "now", runId: "r", door: "/d", files: ["/m.yaml"] };

test("the folder is its user's alone", () => {
  const state = lockStateDir(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  state.release();
});

test("so is every file in it, and one that others could read no longer is", () => {
  const umask = process.umask(0);
  try {
    const state = lockStateDir(folder);
    state.write(record);
    const files = readdirSync(folder).sort();
    expect(files).toEqual(expect.arrayContaining(["host.json", "lock"]));
    for (const file of files) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600);
    state.release();
  } finally {
    process.umask(umask);
  }
  chmodSync(join(folder, "lock"), 0o644);
  lockStateDir(folder).release();
  expect(statSync(join(folder, "lock")).mode & 0o777).toBe(0o600);
});

test("a second supervisor is told who has it, and gets it once that has let go", () => {
  const state = lockStateDir(folder);
  state.write(record);
  const attempt = () => lockStateDir(folder);
  expect(attempt).toThrow(AlreadyRunningError);
  expect(attempt).toThrow("is running (pid 7)");
  state.release();
  attempt().release();
  expect(readHostRecord(folder)).toEqual(record);
});

test("a supervisor that was killed leaves no lock behind", () => {
  const module = JSON.stringify(join(import.meta.dirname, "state-dir.ts"));
  const script = `
    const { lockStateDir } = await import(${module});
    lockStateDir(process.argv[1]).write(${JSON.stringify(record)});
    process.kill(process.pid, "SIGKILL");`;
  const killed = spawnSync(process.execPath, ["--input-type=module", "-e", script, folder]);
  expect(killed.signal).toBe("SIGKILL");
  expect(readHostRecord(folder)).toEqual(record);
  lockStateDir(folder).release();
});
