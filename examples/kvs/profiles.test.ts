import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileFiles } from "@heddle/control/manifest/compile-files.ts";
import { loadManifests } from "@heddle/control/manifest/load.ts";
import { readSources } from "@heddle/control/manifest/source.ts";
import type { ProxyDoc } from "@heddle/mesh/model/document.ts";
import { afterAll, beforeAll, expect, test } from "vitest";

/** The same client in Crawl (one process, direct) and in Walk (three processes, through proxies with fixed files). */

const folder = import.meta.dirname;
const proxyMain = fileURLToPath(import.meta.resolve("@heddle/mesh/proxy/main.ts"));
/** Away from ephemeral ports; runs side by side differ in their pid. */
const firstPort = 20_000 + (process.pid % 300) * 32;
const walk = mkdtempSync(join(tmpdir(), "heddle-walk-"));
const children: ChildProcess[] = [];
/** Their own documents, by workload. */
const proxies = new Map<string, ProxyDoc>();

beforeAll(async () => {
  await compileExample();
  await Promise.all([
    ...["kvs-0", "kvs-1", "kvs-2"].map((name) => {
      const target = proxies.get(name)!.inbound!.ports[0]!.target;
      return start(["kvs.ts"], { PORT: portOf(target) }, /listening on/);
    }),
    ...["kvs-0", "kvs-1", "kvs-2", "visitor-0"].map((name) =>
      start([proxyMain, "--config", join(walk, name)], {}, /"serving"/),
    ),
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }),
  );
  rmSync(walk, { recursive: true });
});

const r1 = '[Send•Req=(kvs, Put(1,"v")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="v"]';

test("crawl: one process, called directly, keeps 1000 keys and refuses the rest", async () => {
  const line = await start(["kvs.ts"], { PORT: "0" }, /listening on (.+)$/);
  expect(await client(`http://${line}`)).toEqual([r1, "1010 keys put, 10 refused, 1000 read back"]);
});

test("walk: three processes behind their proxies keep them all, and the caller sees the same", async () => {
  const { outbound } = proxies.get("visitor-0")!;
  const kvs = outbound.find(({ service }) => service === "default/kvs")!;
  expect(await client(`http://127.0.0.1:${portOf(kvs.listener.address)}`)).toEqual([
    r1,
    "1010 keys put, 0 refused, 1010 read back",
  ]);
});

/** Compiles mesh.yaml into a folder of its own. */
async function compileExample(): Promise<void> {
  const { sources } = await readSources(["mesh.yaml"], {
    workingFolder: folder,
    readInput: () => Promise.resolve(""),
  });
  const loaded = loadManifests(sources, { variables: {} });
  const resources = loaded.resources.map(({ resource }) => resource);
  for (const { path, text } of compileFiles(resources, { folder: walk, firstPort })) {
    const file = join(walk, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (!path.endsWith(".json")) continue;
    const all = (JSON.parse(text) as { documents: ProxyDoc[] }).documents;
    proxies.set(dirname(path), all.find(({ kind }) => kind === "proxy")!);
  }
}

/** Starts a program, and waits until it says `sign`; what its first group matched, if it has one. */
async function start(argv: readonly string[], env: object, sign: RegExp): Promise<string> {
  const child = spawn(process.execPath, argv, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      const found = sign.exec(line);
      if (found !== null) resolve(found[1] ?? "");
    });
  }
  child.on("exit", (code) => reject(new Error(`${argv.join(" ")} ended with ${code}`)));
  return promise;
}

/** What the client says of kvs at `url`, line by line. */
async function client(url: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["client.ts", url], {
    cwd: folder,
    env: { ...process.env, COUNT: "1010" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return lines;
}

function portOf(address: ProxyDoc["outbound"][number]["listener"]["address"]): string {
  return address.kind === "tcp" ? String(address.port) : "0";
}
