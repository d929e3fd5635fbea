import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAdmin } from "@heddle/mesh/proxy/admin.ts";
import { JsonLog } from "@heddle/mesh/proxy/log.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import { RecordRing } from "@heddle/mesh/telemetry/record-ring.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProxy } from "../relay/mesh-rig.ts";
import { exchangeRecord } from "../support/records.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-admin-"));
const path = join(folder, "admin.sock");
const log = new JsonLog(
  () => {},
  () => 0,
);
const recent = new RecordRing(4);
let server: Server;

beforeAll(async () => {
  const { workload } = await startProxy(null);
  const metrics = new Metrics();
  server = await openAdmin(path, {
    workload,
    metrics,
    recent,
    log,
    isReady: () => true,
    snapshot: () => null,
  });
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function ask(method: string, target: string, body = ""): Promise<string> {
  const asked = request({ socketPath: path, method, path: target }).end(body);
  const [reply] = await once(asked, "response");
  let text = `${reply.statusCode} `;
  for await (const chunk of reply) text += chunk;
  return text;
}

test("the log's level is set by a word, and by known words only", async () => {
  expect(await ask("PUT", "/loglevel", "debug\n")).toBe("200 debug\n");
  expect(await ask("GET", "/loglevel")).toBe("200 debug\n");
  expect(await ask("PUT", "/loglevel", "loud")).toMatch(/^400 expected one of debug/);
  expect(await ask("PUT", "/loglevel", "x".repeat(100))).toBe("413 too long\n");
  expect(log.level).toBe("debug");
});

test("the newest records are shown, newest first", async () => {
  for (const path of ["/1", "/2"]) recent.push(exchangeRecord({ path, reason: "reset" }));
  const page = await ask("GET", "/recent");
  expect(JSON.parse(page.slice("200 ".length))).toMatchObject([
    { path: "/2", reason: "reset", service: "default/kvs" },
    { path: "/1" },
  ]);
});

test("a client that hangs up amid its request harms nobody", async () => {
  const rejected: unknown[] = [];
  const onRejection = (cause: unknown) => rejected.push(cause);
  process.on("unhandledRejection", onRejection);
  const [arrived] = [once(server, "request")];
  const client = connect(path);
  client.write("PUT /loglevel HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nde");
  const [asked] = await arrived;
  const gone = new Promise((resolve) => asked.once("close", resolve));
  client.destroy();
  await gone;
  expect(await ask("GET", "/live")).toBe("200 live\n");
  process.off("unhandledRejection", onRejection);
  expect(rejected).toEqual([]);
});
