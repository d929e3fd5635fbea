import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Agent, request as requestHttp1 } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { join } from "node:path";
import { H2CClient, request as requestUndici } from "undici";
import { runProgram } from "../../rig/programs.ts";
import { equal } from "../equal.ts";
import type { RealCase } from "../real-case.ts";

/** 1 MB that no compression and no repetition hides anything of. */
const large = largeBytes(1 << 20);
const largeHash = createHash("sha256").update(large).digest("hex");

export const httpCases: readonly RealCase[] = [
  {
    name: "curl, HTTP/1.1: GET, POST of 1 MB, chunked",
    tools: ["curl"],
    async run(mesh) {
      const url = `http://127.0.0.1:${mesh.portOf("web")}`;
      const file = join(mesh.folder, "large");
      writeFileSync(file, large);
      const got = await curl(`${url}/bytes?n=100000`);
      equal(got.length, 100_000, "octets of a GET");
      equal(await curl(`${url}/hash`, "--data-binary", `@${file}`), `1.1 ${largeHash}`, "POST");
      const chunked = ["-H", "Transfer-Encoding: chunked", "--data-binary", `@${file}`];
      equal(await curl(`${url}/hash`, ...chunked), `1.1 ${largeHash}`, "chunked");
    },
  },
  {
    name: "curl, to processes that speak the other version of HTTP alone and declare nothing",
    tools: ["curl"],
    async run(mesh) {
      const file = join(mesh.folder, "large");
      writeFileSync(file, large);
      const web = `http://127.0.0.1:${mesh.portOf("web")}`;
      const version = "--http2-prior-knowledge";
      equal(await curl(`${web}/x`, version, "--data-binary", "hello"), "hello", "h2 to HTTP/1.1");
      const hash = await curl(`${web}/hash`, version, "--data-binary", `@${file}`);
      equal(hash, `1.1 ${largeHash}`, "1 MB of h2 to HTTP/1.1");
      const h2 = `http://127.0.0.1:${mesh.portOf("h2")}/x`;
      equal(await curl(h2, "--data-binary", "hello"), "hello", "HTTP/1.1 to h2");
      equal(await curl(h2, "-X", "PUT", "--data-binary", "again"), "again", "and once more");
    },
  },
  {
    name: "curl, HTTP/2 by prior knowledge, to a process that speaks it",
    tools: ["curl"],
    async run(mesh) {
      const url = `http://127.0.0.1:${mesh.portOf("h2")}/x`;
      const file = join(mesh.folder, "large2");
      writeFileSync(file, large);
      const version = ["--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}"];
      const got = await curl(url, ...version, "--data-binary", "hello");
      equal(got, "hello\n2 200", "body, version and status");
      const back = await curl(url, "--http2-prior-knowledge", "--data-binary", `@${file}`);
      equal(hash(Buffer.from(back, "latin1")), largeHash, "1 MB and back");
    },
  },
  {
    name: "nghttp, HTTP/2 by prior knowledge",
    tools: ["nghttp"],
    async run(mesh) {
      const file = join(mesh.folder, "large3");
      writeFileSync(file, large);
      const url = `http://127.0.0.1:${mesh.portOf("h2")}/x`;
      const ran = await runProgram(["nghttp", "-d", file, url], { timeoutMs: 20_000 });
      equal(ran.code, 0, `exit code (${ran.stderr})`);
      equal(hash(Buffer.from(ran.stdout, "latin1")), largeHash, "1 MB and back");
    },
  },
  {
    name: "h2load, HTTP/2: 5,000 requests, 40 at a time",
    tools: ["h2load"],
    isLong: true,
    async run(mesh) {
      await h2load(mesh.portOf("h2"), "-m", "10");
    },
  },
  {
    name: "h2load, HTTP/1.1: 5,000 requests, 4 connections",
    tools: ["h2load"],
    isLong: true,
    async run(mesh) {
      await h2load(mesh.portOf("web"), "--h1");
    },
  },
  {
    name: "undici, HTTP/1.1: 200 requests, bodies both ways",
    async run(mesh) {
      const url = `http://127.0.0.1:${mesh.portOf("web")}/hash`;
      const one = async () => {
        const { body } = await requestUndici(url, {
          method: "POST",
          body: large.subarray(0, 70_000),
        });
        return body.text();
      };
      const wanted = `1.1 ${hash(large.subarray(0, 70_000))}`;
      for (let at = 0; at < 20; at++) {
        const all = await Promise.all(Array.from({ length: 10 }, one));
        for (const text of all) equal(text, wanted, "hash");
      }
    },
  },
  {
    name: "undici, HTTP/2 by prior knowledge: 50 streams at a time",
    async run(mesh) {
      const client = new H2CClient(`http://127.0.0.1:${mesh.portOf("h2")}`, {
        maxConcurrentStreams: 50,
        pipelining: 50,
      });
      try {
        const one = async (at: number) => {
          const text = `${at} `.repeat(5000);
          const { body, statusCode } = await client.request({
            method: "POST",
            path: "/x",
            body: text,
          });
          equal(statusCode, 200, "status");
          equal(await body.text(), text, "body");
        };
        await Promise.all(Array.from({ length: 50 }, (_, at) => one(at)));
      } finally {
        await client.destroy();
      }
    },
  },
  {
    name: "node:http2: 100 streams at a time, trailers, a reset by the server",
    async run(mesh) {
      const session = connectHttp2(`http://127.0.0.1:${mesh.portOf("h2")}`);
      session.on("error", () => {});
      try {
        const wanted = hash(large.subarray(0, 65_536));
        const all = await Promise.all(
          Array.from({ length: 100 }, () => askHttp2(session, large.subarray(0, 65_536), {})),
        );
        for (const { body, trailers, code } of all) {
          equal(code, constants.NGHTTP2_NO_ERROR, "code");
          equal(hash(body), wanted, "body");
          equal(trailers["x-octets"], "65536", "trailer");
        }
        const reset = await askHttp2(session, Buffer.from("x"), { "x-reset": "1" });
        if (reset.code === constants.NGHTTP2_NO_ERROR) throw new Error("the reset was hidden");
      } finally {
        session.destroy();
      }
    },
  },
  {
    name: "curl, HTTP/1.1, to a process declared HTTP/2",
    tools: ["curl"],
    async run(mesh) {
      const url = `http://127.0.0.1:${mesh.portOf("h2c")}/x`;
      const file = join(mesh.folder, "large4");
      writeFileSync(file, large);
      const got = await curl(
        url,
        "--http1.1",
        "-w",
        "\n%{http_version} %{http_code}",
        "-d",
        "hello",
      );
      equal(got, "hello\n1.1 200", "body, version and status");
      const back = await curl(url, "--http1.1", "--data-binary", `@${file}`);
      equal(hash(Buffer.from(back, "latin1")), largeHash, "1 MB and back");
    },
  },
  {
    name: "curl, HTTP/2 by prior knowledge, to a process declared HTTP/1.1",
    tools: ["curl"],
    async run(mesh) {
      const url = `http://127.0.0.1:${mesh.portOf("web1")}`;
      const file = join(mesh.folder, "large5");
      writeFileSync(file, large);
      const got = await curl(`${url}/hash`, "--http2-prior-knowledge", "--data-binary", `@${file}`);
      equal(got, `1.1 ${largeHash}`, "version at the process, and hash");
    },
  },
  {
    name: "node:http2: 100 streams at a time to a process declared HTTP/1.1",
    async run(mesh) {
      const session = connectHttp2(`http://127.0.0.1:${mesh.portOf("web1")}`);
      session.on("error", () => {});
      try {
        const bytes = large.subarray(0, 65_536);
        const all = await Promise.all(
          Array.from({ length: 100 }, () => askHttp2(session, bytes, {})),
        );
        for (const { body, code } of all) {
          equal(code, constants.NGHTTP2_NO_ERROR, "code");
          equal(hash(body), hash(bytes), "body");
        }
      } finally {
        session.destroy();
      }
    },
  },
  {
    name: "node:http: 100 requests on one connection, and an Upgrade to a protocol of its own",
    async run(mesh) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const port = mesh.portOf("web");
      for (let at = 0; at < 100; at++) equal(await askHttp1(agent, port, `${at}`), `${at}`, "body");
      agent.destroy();
      equal(await upgradeTo(port, "echo", "abc"), "abc", "what came through the upgrade");
    },
  },
];

function largeBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4)
    bytes.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at);
  return bytes;
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function curl(url: string, ...args: readonly string[]): Promise<string> {
  const command = ["curl", "-sS", "--max-time", "20", "-H", "Expect:", ...args, url];
  const ran = await runProgram(command, { timeoutMs: 25_000 });
  equal(ran.code, 0, `curl's exit code (${ran.stderr.trim()})`);
  return ran.stdout;
}

async function h2load(port: number, ...args: readonly string[]): Promise<void> {
  const command = ["h2load", "-n", "5000", "-c", "4", ...args, `http://127.0.0.1:${port}/x`];
  const ran = await runProgram(command, { timeoutMs: 60_000 });
  const line = /^requests: .*$/m.exec(ran.stdout)?.[0] ?? ran.stdout + ran.stderr;
  if (!/ 5000 succeeded, 0 failed, 0 errored, 0 timeout/.test(line)) throw new Error(line);
  equal(/status codes: 5000 2xx/.test(ran.stdout), true, "5000 of 2xx");
}

function askHttp2(
  session: ReturnType<typeof connectHttp2>,
  bytes: Buffer,
  fields: Readonly<Record<string, string>>,
): Promise<{
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
  readonly code: number;
}> {
  return new Promise((resolve) => {
    const stream = session.request({ ":path": "/x", ":method": "POST", ...fields });
    const parts: Buffer[] = [];
    let trailers: Record<string, unknown> = {};
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.once("trailers", (given) => {
      trailers = given;
    });
    stream.on("error", () => {});
    stream.once("close", () =>
      resolve({ body: Buffer.concat(parts), trailers, code: stream.rstCode ?? 0 }),
    );
    stream.end(bytes);
  });
}

function askHttp1(agent: Agent, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent, port, host: "127.0.0.1", method: "POST", path: "/" };
    const asking = requestHttp1(options, (reply) => {
      let body = "";
      reply.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      reply.once("end", () => resolve(body)).once("error", reject);
    });
    asking.once("error", reject);
    asking.end(text);
  });
}

function upgradeTo(port: number, protocol: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { connection: "Upgrade", upgrade: protocol };
    const asking = requestHttp1({ port, host: "127.0.0.1", path: "/", headers });
    asking.setTimeout(10_000, () => asking.destroy(new Error("no answer to an Upgrade for 10 s")));
    asking.once("error", reject);
    asking.once("response", (reply) => reject(new Error(`${reply.statusCode} to an Upgrade`)));
    asking.once("upgrade", (_reply, socket, head) => {
      let got = head.toString();
      socket.on("data", (bytes: Buffer) => {
        got += bytes;
      });
      socket.once("error", reject);
      socket.once("close", () => resolve(got));
      socket.end(text);
    });
    asking.end();
  });
}
