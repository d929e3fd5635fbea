import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findMesh } from "./find-mesh.ts";
import { noteRunning } from "./running.ts";

let root: string;
const servers: Server[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "heddle-find-"));
  vi.stubEnv("XDG_RUNTIME_DIR", join(root, "runtime"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function mesh(name: string): string {
  const state = join(root, name, ".heddle");
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "lock"), "");
  return state;
}

/** As if a supervisor ran it. */
async function running(name: string): Promise<string> {
  const state = mesh(name);
  const door = join(root, `${name}.sock`);
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(door, resolve));
  writeFileSync(join(state, "host.json"), JSON.stringify({ runId: name, door }));
  noteRunning(state, name);
  return state;
}

const find = (cwd: string, flag?: string, variable?: string) =>
  findMesh({ flag, env: { HEDDLE_MESH: variable }, cwd });

test("--mesh wins, and takes the folder or the one it is in", async () => {
  const [a, b] = [mesh("a"), mesh("b")];
  expect(await find(join(root, "b"), a, b)).toBe(a);
  expect(await find(join(root, "b"), join(root, "a"))).toBe(a);
});

test("then $HEDDLE_MESH, then the nearest .heddle upwards", async () => {
  const [a, b] = [mesh("a"), mesh("b")];
  expect(await find(join(root, "b"), undefined, a)).toBe(a);
  mkdirSync(join(root, "b/c/d"), { recursive: true });
  expect(await find(join(root, "b/c/d"))).toBe(b);
});

test("then the only one that runs; one that was killed is none", async () => {
  const a = await running("a");
  noteRunning(mesh("killed"), "killed");
  expect(await find(root)).toBe(a);
});

test("none and several are said to be so, with what to do", async () => {
  await expect(find(root)).rejects.toMatchObject({ exitCode: 69 });
  const [a, b] = [await running("a"), await running("b")];
  await expect(find(root)).rejects.toMatchObject({
    exitCode: 64,
    hints: [`--mesh ${a}`, `--mesh ${b}`],
  });
});
