import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { parseRecordedLine } from "@heddle/mesh/history/batch-codec.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { openAdmin } from "@heddle/mesh/proxy/admin.ts";
import { showSnapshot } from "@heddle/mesh/proxy/admin-views.ts";
import { JsonLog } from "@heddle/mesh/proxy/log.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import { Recording } from "@heddle/mesh/telemetry/recording.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProxy } from "../relay/mesh-rig.ts";
import { serviceDoc } from "../support/documents.ts";
import { exchangeRecord, kvsContract, operationRecord } from "../support/records.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-admin-"));
const path = join(folder, "admin.sock");
const log = new JsonLog(
  () => {},
  () => 0,
);
const recording = new Recording({ clock: new SystemClock(), life: "l1", boot: "b", recentMax: 4 });
const snapshot: Snapshot = {
  epoch: "e1",
  revision: 1,
  endpointsVersion: 1,
  documents: new Map([["service/default/kvs", serviceDoc("kvs", { contract: kvsContract })]]),
};
let server: Server;

beforeAll(async () => {
  const { workload } = await startProxy(null);
  const metrics = new Metrics();
  server = await openAdmin(path, {
    workload,
    metrics,
    recording,
    log,
    isReady: () => true,
    snapshot: () => showSnapshot(snapshot, {}),
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
  for (const path of ["/1", "/2"]) recording.push(exchangeRecord({ path, reason: "reset" }));
  const page = await ask("GET", "/recent");
  expect(JSON.parse(page.slice("200 ".length))).toMatchObject([
    { path: "/2", reason: "reset", service: "default/kvs" },
    { path: "/1" },
  ]);
});

test("the documents it acts on are shown, without the key of values' hashes", async () => {
  const page = await ask("GET", "/snapshot");
  expect(page).toContain(kvsContract.name);
  expect(page).not.toContain(kvsContract.hashKey);
});

test("what it remembers is given as recorded lines, of one service and the newest, if asked so", async () => {
  const contract: ContractDoc = { ...kvsContract, values: "hashed" };
  recording.push(operationRecord({ id: 3, endMs: 120, contract, replyBody: "secret" }));
  expect(JSON.parse((await ask("GET", "/recent")).slice("200 ".length))[0].operation).toEqual({
    contract: contract.name,
    name: "get",
    parameters: { k: "7" },
    key: "7",
    requestBody: null,
    replyBody: { hash: expect.any(String) },
  });
  const lines = async (query: string): Promise<RecordedLine[]> => {
    const page = await ask("GET", `/history${query}`);
    const parsed = page
      .slice("200 ".length)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    return parsed.map((line) => parseRecordedLine(line)).filter((line) => typeof line !== "string");
  };
  const whole = { store: "whole", from: 0, life: "l1", boot: "b", exchanges: [{ id: 3 }] };
  expect(await lines("")).toMatchObject([
    { batch: { ...whole, gaps: [] } },
    { batch: { store: "sampled", exchanges: [{ path: "/1" }, { path: "/2" }] } },
    { complete: { whole: recording.sinceMs, sampled: recording.sinceMs, boot: "b" } },
  ]);
  expect(await lines("?service=default/kvs&limit=1")).toMatchObject([
    { batch: { ...whole, gaps: [{ reason: "overflow", missing: -1 }] } },
    { batch: { store: "sampled", exchanges: [] } },
    { complete: { whole: recording.sinceMs } },
  ]);
  expect(await lines("?service=default/x")).toHaveLength(1);
  expect(await ask("GET", "/history?limit=0")).toMatch(/^400 /);
});

test("recording is switched off and on, and the time between is a gap", async () => {
  expect(await ask("GET", "/recording")).toBe("200 on\n");
  expect(await ask("PUT", "/recording", "off")).toBe("200 off\n");
  recording.push(exchangeRecord({ id: 9, startMs: 500 }));
  expect(await ask("PUT", "/recording", "maybe")).toBe("400 expected on or off\n");
  expect(await ask("PUT", "/recording", "on")).toBe("200 on\n");
  expect(recording.offGaps).toEqual([{ fromMs: 500, toMs: 503, missing: 1, reason: "off" }]);
  expect(recording.ring.newest).toBe(3);
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
