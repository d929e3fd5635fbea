import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Door, doorPath } from "./door.ts";
import { detectPlatform } from "./platform.ts";
import type { HostStatus } from "./supervisor.ts";

const status = { workloads: [] } as unknown as HostStatus;
let folder: string;
let door: Door;
const asked: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-door-"));
  writeFileSync(join(folder, "host.sock"), ""); // left behind by one that was killed
  door = new Door({
    path: join(folder, "host.sock"),
    status: () => status,
    down: () => void asked.push("down"),
  });
  await door.open();
});
afterEach(() => {
  door.close();
  asked.length = 0;
  rmSync(folder, { recursive: true });
});

function ask(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(folder, "host.sock"));
    socket.on("error", reject);
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(String(bytes));
    });
    socket.write(line);
  });
}

test("answers on a socket that is its user's alone", async () => {
  expect(statSync(folder).mode & 0o077).toBe(0);
  expect(JSON.parse(await ask('{"verb":"status"}\n'))).toEqual({ ok: true, status });
  await ask('{"verb":"down"}\n');
  expect(asked).toEqual(["down"]);
});

test.each(["nonsense\n", '{"verb":"sing"}\n', "null\n"])("refuses %j", async (line) => {
  expect(JSON.parse(await ask(line))).toMatchObject({ ok: false });
});

test("a folder too deep for a socket's path has its door elsewhere", () => {
  const deep = `/tmp/${"x".repeat(120)}`;
  const path = doorPath(deep, "run", detectPlatform());
  expect(path.length).toBeLessThanOrEqual(100);
  expect(path.endsWith("run.sock")).toBe(true);
});
