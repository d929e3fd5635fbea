import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiFile, MeshInfo, RevisionRow } from "../src/api/verbs.ts";
import { service } from "./resources.ts";

let state: string;
let child: ChildProcess | null = null;
beforeEach(async () => {
  state = join(await mkdtemp(join(tmpdir(), "heddle-control-")), ".heddle");
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(join(state, ".."), { recursive: true, force: true });
});

/** Starts a control plane without a supervisor; resolves when its API listens. */
async function start(): Promise<ChildProcess> {
  const main = join(import.meta.dirname, "../src/main.ts");
  const started = spawn(process.execPath, [main, "--state", state], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  child = started;
  await new Promise<void>((resolve, reject) => {
    let text = "";
    started.stderr!.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("API listens")) resolve();
    });
    started.once("exit", () => reject(new Error(`ended: ${text}`)));
  });
  return started;
}

async function end(one: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => one.once("exit", resolve));
  one.kill(signal);
  return ended;
}

async function call<T>(path: string, body?: unknown): Promise<T> {
  const { address, tokenFile } = JSON.parse(
    readFileSync(join(state, "api.json"), "utf8"),
  ) as ApiFile;
  const reply = await fetch(`http://${address.host}:${address.port}${path}`, {
    headers: {
      authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
  return (await reply.json()) as T;
}

test("what the API acknowledged before kill -9 is there after it, with its revision", async () => {
  const rng = new SeededRng(11);
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round++) {
    const started = await start();
    const count = 3 + rng.below(30);
    for (let index = 0; index < count; index++) {
      const name = `s${round}-${index}`;
      await call("/api/v1/namespaces/default/services", service(name));
      acknowledged.push(name);
    }
    // One more is under way when it dies; whether it was made is for the next life to say.
    const last = call("/api/v1/namespaces/default/services", service(`s${round}-last`)).catch(
      () => null,
    );
    await end(started, "SIGKILL");
    await last;
  }
  await start();
  const { items } = await call<{ items: readonly { metadata: { name: string } }[] }>(
    "/api/v1/services",
  );
  const names = items.map(({ metadata }) => metadata.name);
  expect(names).toEqual(expect.arrayContaining(acknowledged));
  const { revision } = await call<MeshInfo>("/heddle/v1/info");
  const revisions = await call<readonly RevisionRow[]>("/heddle/v1/revisions");
  expect(revision).toBe(names.length);
  expect(revisions.map(({ summary }) => summary[0]).sort()).toEqual(
    names.map((name) => `+ Service/${name}`).sort(),
  );
}, 60_000);

test("keeps its root and its secrets to itself, over restarts; ends in good order", async () => {
  const first = await start();
  const before = await call<MeshInfo>("/heddle/v1/info");
  expect(before.isRootNew).toBe(true);
  const modes = async (path: string) => (await stat(join(state, path))).mode & 0o777;
  expect(await modes("")).toBe(0o700);
  for (const path of ["api.json", "api.token", "ca/root.json", "store.db"]) {
    expect([path, await modes(path)]).toEqual([path, 0o600]);
  }
  expect(await end(first, "SIGTERM")).toBe(0);
  await start();
  const after = await call<MeshInfo>("/heddle/v1/info");
  expect(after).toMatchObject({
    isRootNew: false,
    rootFingerprint: before.rootFingerprint,
    epoch: before.epoch,
  });
}, 60_000);
