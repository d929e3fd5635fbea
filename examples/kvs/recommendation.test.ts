import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";

const children: ChildProcess[] = [];
let recommendation = "";
let kvs = "";

beforeAll(async () => {
  kvs = await start("kvs.ts", {});
  recommendation = await start("recommendation.ts", { KVS_SERVICE_URL: kvs });
}, 20_000);

afterAll(async () => {
  for (const child of children) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]); // in good order, also with connections kept alive
  }
});

const get = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
};
const put = async (url: string, body: string) => (await fetch(url, { method: "PUT", body })).status;

test("recommends nothing for an id it knows nothing of", async () => {
  expect(await get(`${recommendation}/5`)).toEqual({ status: 200, text: "[]" });
});

test("keeps what is recommended in kvs, id n under key 1000000 + n", async () => {
  expect(await put(`${recommendation}/7`, "[1, 2, 3]")).toBe(201);
  expect(await get(`${recommendation}/7`)).toEqual({ status: 200, text: "[1,2,3]" });
  expect(await get(`${kvs}/1000007`)).toEqual({ status: 200, text: "[1,2,3]" });
});

test("refuses what is no array of ids, and other paths", async () => {
  expect(await put(`${recommendation}/7`, "{}")).toBe(400);
  expect(await put(`${recommendation}/7`, "no json")).toBe(400);
  expect((await get(`${recommendation}/x`)).status).toBe(404);
});

/** The address a program of the example says it listens on. */
async function start(program: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [program], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, address] = /^listening on (.+)$/.exec(line) ?? [];
    if (address !== undefined) return `http://${address}`;
  }
  throw new Error(`${program} ended before it listened`);
}
