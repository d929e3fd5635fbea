import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The behaviour of the slide's program (F2 of the talk's features), of both programs. */

const folder = import.meta.dirname;
const python = spawnSync("python3", ["-c", "import flask"], { timeout: 20_000 });
const hasFlask = python.status === 0;
if (!hasFlask) process.stderr.write("kvs.py is not tested: python3 here has no Flask\n");

const programs = [
  { name: "kvs.ts", command: (_port: number) => [process.execPath, "kvs.ts"], isThere: true },
  {
    name: "kvs.py",
    command: (port: number) => ["python3", "kvs.py", String(port)],
    isThere: hasFlask,
  },
];

describe.each(programs)("$name", ({ command, isThere }) => {
  let child: ChildProcess;
  let port = 0;

  beforeAll(async () => {
    if (!isThere) return;
    port = await freePort();
    const [program = "", ...args] = command(port);
    child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    });
    await answering(port, child);
  }, 30_000);

  afterAll(async () => {
    if (!isThere) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  });

  const claim = isThere ? test : test.skip;

  claim("a key that was never put is an empty value", async () => {
    expect(await ask(port, "GET", "/7")).toMatchObject({ status: 200, body: "" });
  });

  claim("what was put is got, under any spelling of the number", async () => {
    expect(await ask(port, "PUT", "/7", "sieben")).toMatchObject({ status: 201, body: "" });
    for (const path of ["/7", "/007", "/%37", "//7", "/7?x=/8"]) {
      expect(await ask(port, "GET", path), path).toMatchObject({ status: 200, body: "sieben" });
    }
  });

  claim("bytes and long values come back as they were", async () => {
    const value = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    await ask(port, "PUT", "/8", value);
    expect((await ask(port, "GET", "/8")).bytes.equals(value)).toBe(true);
  });

  claim("an empty value is a value", async () => {
    expect(await ask(port, "PUT", "/9", "")).toMatchObject({ status: 201 });
    expect(await ask(port, "GET", "/9")).toMatchObject({ status: 200, body: "" });
  });

  claim("a number of any size is a key of its own", async () => {
    await ask(port, "PUT", "/9007199254740993", "odd");
    expect(await ask(port, "GET", "/9007199254740992")).toMatchObject({ body: "" });
    expect(await ask(port, "GET", "/9007199254740993")).toMatchObject({ body: "odd" });
  });

  claim("only digits are keys", async () => {
    for (const path of ["/", "/-1", "/+1", "/1.5", "/abc", "/7/", "/7/8", "/1e3"]) {
      expect((await ask(port, "GET", path)).status, path).toBe(404);
      expect((await ask(port, "PUT", path, "x")).status, path).toBe(404);
    }
  });

  claim("other methods are not allowed", async () => {
    for (const method of ["DELETE", "POST", "PATCH"]) {
      const { status, allow } = await ask(port, method, "/7");
      expect({ method, status, allow }).toEqual({
        method,
        status: 405,
        allow: ["GET", "HEAD", "OPTIONS", "PUT"],
      });
    }
    expect((await ask(port, "HEAD", "/7")).status).toBe(500);
    expect((await ask(port, "OPTIONS", "/7")).status).toBe(200);
  });

  claim(
    "the 1001st key is refused, and those that are there may be overwritten",
    async () => {
      const before = 4; // 7, 8, 9, 9007199254740993
      for (let key = 1000; key < 2000 - before; key++) {
        const { status } = await ask(port, "PUT", `/${key}`, `v${key}`);
        if (status !== 201) expect({ key, status }).toEqual({ key, status: 201 });
      }
      expect(await ask(port, "PUT", "/5000", "one too many")).toMatchObject({ status: 503 });
      expect(await ask(port, "GET", "/5000")).toMatchObject({ status: 200, body: "" });
      expect(await ask(port, "PUT", "/1500", "again")).toMatchObject({ status: 201 });
      expect(await ask(port, "GET", "/1500")).toMatchObject({ status: 200, body: "again" });
    },
    30_000,
  );
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly bytes: Buffer;
  readonly allow: readonly string[];
}

function ask(
  port: number,
  method: string,
  path: string,
  body: string | Buffer = "",
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { "content-length": Buffer.byteLength(body) };
  const asked = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", reject);
    answer.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const allow = (answer.headers.allow ?? "").split(/, */).sort();
      resolve({ status: answer.statusCode ?? 0, body: bytes.toString(), bytes, allow });
    });
  });
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Asks until the program answers; it ending first is a failure. */
async function answering(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    try {
      await ask(port, "GET", "/0");
      return;
    } catch {
      await setTimeout(20); // it says nothing when it listens
    }
  }
  throw new Error(`ended with code ${child.exitCode}`);
}
