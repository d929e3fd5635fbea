import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractRow } from "@heddle/control/api/verbs.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { kvs } from "@heddle/mesh/contract/definition/kvs.ts";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  attempt,
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../../mesh/test/support/recorded.ts";
import { runOn } from "./run-on.fixture.ts";

/** What the API answers, by path. */
let answers: Record<string, unknown>;
let lines: readonly RecordedLine[];
let folder: string;
let server: Server;
const asked: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-verify-"));
  asked.length = 0;
  server = createServer((request, reply) => {
    asked.push(`${request.method} ${request.url}`);
    const [path = ""] = (request.url ?? "").split("?");
    if (path === "/heddle/v1/recorded") {
      reply.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    } else if (path in answers) reply.end(JSON.stringify(answers[path]));
    else reply.writeHead(404).end(JSON.stringify({ code: 404, message: `no ${path}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const tokenFile = join(folder, "api.token");
  writeFileSync(tokenFile, "secret\n");
  const file = { address: { host: "127.0.0.1", port }, tokenFile, pid: 1 };
  writeFileSync(join(folder, "api.json"), JSON.stringify(file));
  answers = {
    "/heddle/v1/info": { profile: "run" },
    "/heddle/v1/contracts": [row],
    "/apis/heddle.dev/v1alpha1/namespaces/default/contracts/kvs": contract,
    "/apis/heddle.dev/v1alpha1/namespaces/default/placements": { items: [] },
  };
  lines = [...starts, { batch: e }, ...kvsBatches, complete];
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const row: ContractRow = {
  namespace: "default",
  name: "kvs",
  service: "kvs",
  definition: "kvs",
  consistency: "linearizable",
  doc: {
    name: "default/kvs",
    operations: kvs.operations,
    key: "k",
    keyShare: 1,
    values: "clear",
    hashKey: "00".repeat(16),
    valueBytesMax: 1024,
    callerField: null,
  },
  conditions: [],
};
/** Older than all that was recorded. */
const contract = {
  metadata: { name: "kvs", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" },
};

/** e puts "a" at 1 and gets `got`, which process `by` answers. */
function story(by: string, got: string) {
  const put = { method: "PUT", status: 201, operation: operation("1", "a", null) };
  const get = { operation: operation("1", null, got) };
  const hop = "bb".repeat(16);
  const sent = { ordinal: 2, sentMs: 201, replyMs: 206, sentSeq: 6, replySeq: 7 };
  const outbound: RecordedExchange[] = [
    outboundExchange(put),
    outboundExchange({
      id: 2,
      seq: 5,
      atMs: 200,
      ...get,
      attempts: [attempt({ ...sent, connection: hop, endpoint: by, endpointUid: `${by}-uid` })],
    }),
  ];
  const there = inboundExchange({ id: 2, seq: 5, atMs: 202, ...get });
  const answered: RecordedExchange = {
    ...there,
    front: { ...there.front, connection: hop },
  };
  const first = inboundExchange(put);
  const batches =
    by === "kvs-1"
      ? [batchOf("kvs-1", [first, answered])]
      : [batchOf("kvs-1", [first]), batchOf(by, [{ ...answered, id: 1 }])];
  return { e: batchOf("e", outbound), kvsBatches: batches.map((batch) => ({ batch })) };
}

const { e, kvsBatches } = story("kvs-1", "a");
const startOf = (name: string, atMs: number, restarts = 0): RecordedLine => ({
  start: {
    workload: { uid: `${name}-uid`, name, namespace: "default" },
    atMs,
    boot: "boot",
    wallMs: new Date(2026, 0, 1, 3, 12, 7).getTime(),
    restarts,
  },
});
const starts = ["kvs-1", "kvs-2"].map((name) => startOf(name, 10));
const complete: RecordedLine = { complete: { whole: 0, sampled: 0, boot: "boot" } };

const verify = (...argv: readonly string[]) => verifyAt(60_000, argv);

/** @param nowMs monotonic; what was recorded was over at 208 */
async function verifyAt(nowMs: number, argv: readonly string[]) {
  const clock = new VirtualClock(1_000_000);
  clock.advance(nowMs);
  let isOver = false;
  const running = runOn(folder, ["verify", ...argv], clock).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise(setImmediate);
    clock.step(); // whoever waits has waited
  }
  return running;
}

const time = new Date(1_000_100).toTimeString().slice(0, 8);
const head = "Contract kvs on Service kvs, linearizable, key by key\n";

test("holds: 0, with the axioms, how much was recorded, and what that rests on", async () => {
  expect(await verify("kvs", "--mesh", folder)).toEqual({
    code: 0,
    err: "",
    out: `${head} ✔ get (empty) k → ""     ✔ get (put (empty) k v) k → v     ✔ 2 of our extension
holds: 2 operations on 1 key by 1 caller since ${time}; every event recorded, 0 may have happened, 0 refused
  assumed: every request to default/kvs passed a proxy
  assumed: no operation was under way for long when the record was read
  assumed: each process was empty when it was started first
`,
  });
  const query = "store=whole&namespace=default&service=kvs";
  expect(asked).toContain(`GET /heddle/v1/recorded?${query}&last=200000`);
});

test("what was asked a moment ago is judged, too, once all its records are here", async () => {
  const { code, out } = await verifyAt(300, ["kvs", "--mesh", folder]);
  expect(code, out).toBe(0);
  expect(out).toContain("holds: 2 operations on 1 key by 1 caller");
  const reads = asked.filter((each) => each.startsWith("GET /heddle/v1/recorded"));
  expect(reads.length).toBe(2);
  asked.length = 0;
  await verify("kvs", "--mesh", folder);
  expect(asked.filter((each) => each.startsWith("GET /heddle/v1/recorded")).length).toBe(1);
});

test("of a full store the newest is judged, and the verdict says so; --since asks for more", async () => {
  const leftOutUntilWallMs = 1_000_050;
  const cut = { complete: { whole: 50, sampled: 0, boot: "boot", leftOutUntilWallMs } };
  lines = [...starts, { batch: e }, ...kvsBatches, cut];
  const { code, out } = await verify("kvs", "--mesh", folder);
  expect(code, out).toBe(0);
  const then = new Date(leftOutUntilWallMs).toTimeString().slice(0, 8);
  const said = `what ended before ${then} was not read: the newest`;
  expect(out).toContain(`assumed: ${said} 200,000 exchanges were; --since for more\n`);
  const earlier = await verify("kvs", "--mesh", folder, "--since", "2h");
  expect(earlier.out).toContain(`assumed: ${said} 500,000 exchanges were, which is the most\n`);
  expect(asked.at(-1)).toMatch(/&last=500000&since=-?\d+$/);
});

test("violated: 1, with the history that breaks it, who answered, and the cure", async () => {
  const other = story("kvs-2", "");
  lines = [...starts, { batch: other.e }, ...other.kvsBatches, complete];
  expect(await verify("kvs", "--mesh", folder)).toEqual({
    code: 1,
    err: "",
    out: `${head} ✘ get (put (empty) k v) k → v     key 1, the smallest history that breaks it, from 2 operations:
     [Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res=""]     expected "a"
     Put(1,"a") was answered by kvs-1, Get(1) by kvs-2
violated: 1 of 1 key. kvs keeps state by key, and 2 processes answer for each. A Placement cures it: heddle explain placement
  assumed: every request to default/kvs passed a proxy
  assumed: no operation was under way for long when the record was read
  assumed: each process was empty when it was started first
`,
  });
});

test("a process that died is named, with the keys that went with it", async () => {
  const lost = story("kvs-1", "");
  const placement = { spec: { targetRefs: [{ name: "kvs" }] } };
  answers["/apis/heddle.dev/v1alpha1/namespaces/default/placements"] = { items: [placement] };
  lines = [...starts, startOf("kvs-1", 150, 1), { batch: lost.e }, ...lost.kvsBatches, complete];
  const { code, out } = await verify("kvs", "--mesh", folder);
  expect(code).toBe(1);
  expect(out).toContain(`\
violated: 1 of 1 key. kvs-1 was restarted at 03:12:07, and what only its process kept is gone: 1 key (1).
  No mesh can save what is nowhere else: that takes replication by kvs itself.
`);
});

test("undecided: 3, where nothing was recorded, or not of this key, or not since", async () => {
  const nothing = /^undecided: 0 operations .*\n {2}assumed: nothing was recorded$/m;
  for (const more of [
    ["--key", "2"],
    ["--since", "1s"],
  ]) {
    const { code, out } = await verify("kvs", "--mesh", folder, ...more);
    expect([more, code]).toEqual([more, 3]);
    expect(out).toMatch(nothing);
  }
  expect((await verify("kvs", "--mesh", folder, "--key", "001")).code).toBe(0);
  lines = [complete];
  expect((await verify("kvs", "--mesh", folder)).code).toBe(3);
});

test("--last: the newest, whose keys begin where they are first read", async () => {
  const { code, out } = await verify("kvs", "--mesh", folder, "--last", "1");
  expect(code).toBe(0);
  expect(out).toContain("holds: 1 operation on 1 key by 1 caller");
  expect(out).toContain("assumed: 1 key began unknown: what was read first was taken as so");
});

test("-o json: the verdict on one line", async () => {
  const { code, out } = await verify("kvs", "--mesh", folder, "-o", "json");
  expect(code).toBe(0);
  expect(out.split("\n").length).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    verdict: "holds",
    contract: "kvs",
    service: "kvs",
    consistency: "linearizable",
    operations: 2,
    keys: 1,
    callers: 1,
    window: { fromWallMs: 1_000_100, toWallMs: 1_000_208 },
    observed: 0,
    inferred: 2,
    violatedKeys: [],
    undecidedKeys: [],
  });
});

test("without a Contract, or with one that does not hold, it says what to do", async () => {
  answers["/heddle/v1/contracts"] = [];
  expect((await verify("kvz", "--mesh", folder)).err).toContain('there is no Service "kvz"');
  answers["/api/v1/namespaces/default/services/kvs"] = { metadata: { name: "kvs" } };
  const none = await verify("kvs", "--mesh", folder);
  expect(none.code).toBe(1);
  expect(none.err).toContain("Service kvs in namespace default has no Contract");
  expect(none.err).toContain("docs/contracts.md");
  const conditions = [
    { type: "Accepted", status: "False", reason: "Invalid", message: "no definition here" },
  ];
  answers["/heddle/v1/contracts"] = [{ ...row, doc: null, conditions }];
  const broken = await verify("kvs", "--mesh", folder);
  expect(broken.code).toBe(1);
  expect(broken.err).toContain("no definition here");
  answers["/heddle/v1/contracts"] = [{ ...row, definition: "kvz" }];
  expect((await verify("kvs", "--mesh", folder)).code).toBe(65);
});

test("in Walk there are no Contracts, and none is asked for", async () => {
  answers["/heddle/v1/info"] = { profile: "walk" };
  answers["/heddle/v1/contracts"] = [];
  for (const more of [[], ["--drive", "--yes"]]) {
    const { code, err } = await verify("kvs", "--mesh", folder, ...more);
    expect(code).toBe(1);
    expect(err).toContain("the Walk profile knows processes and files only");
  }
});

test("where no proxy records there is nothing to judge, and --drive to be tried", async () => {
  answers["/heddle/v1/info"] = { profile: "crawl" };
  const { code, err } = await verify("kvs", "--mesh", folder);
  expect(code).toBe(1);
  expect(err).toContain("profile crawl");
  expect(err).toContain("heddle verify kvs --drive");
});

test.each([
  [["--drive"], "there is no terminal to ask"],
  [["--seed", "7"], "--seed goes with verify <service> --drive"],
  [["--faults", "kill"], "--faults goes with verify <service> --drive"],
  [["--drive", "--watch"], "--watch goes with verify <service>, not"],
  [["--drive", "--since", "1m"], "not with verify <service> --drive"],
  [["--drive", "--operations", "5", "--for", "5s"], "cannot be used with"],
  [["--drive", "--faults", "flood"], 'not "flood"'],
  [["--drive", "--callers", "0"], "from 1 to 256"],
  [["--drive", "--for", "soon"], "10s, 2m"],
  [["--from", "x.jsonl"], "--from goes with verify addressing"],
  [["--last", "none"], "expected a whole number"],
])("wrong use is 64: %j", async (argv, words) => {
  const { code, err } = await verify("kvs", "--mesh", folder, ...argv);
  expect(code).toBe(64);
  expect(err).toContain(words);
  expect(asked.filter((each) => each.startsWith("POST"))).toEqual([]);
});

test("no control plane: 69", async () => {
  await new Promise((resolve) => server.close(resolve));
  expect((await verify("kvs", "--mesh", folder)).code).toBe(69);
});
