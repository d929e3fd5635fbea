import type { Recorded, Request } from "@heddle/mesh/discovery/protocol.ts";
import type { RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import { packBatch } from "@heddle/mesh/history/packed-batch.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { batch, start, wallOffsetMs } from "../src/recording/batches.fixture.ts";
import { Api, type LineStream } from "./api-client.ts";
import type { Member } from "./plane.ts";
import { process, service } from "./resources.ts";

let api: Api;
let member: Member;
let recorded: Recorded[];
let requests: Request[];
let lost: (string | null)[];
/** What the proxy's ring holds. */
let ring: object[];

beforeEach(async () => {
  api = await Api.open();
  [recorded, requests, lost, ring] = [[], [], [], []];
  await api.plane.apply(service("kvs"), service("other"), process("kvs"));
  member = await api.plane.join("kvs-0", {
    events: {
      onRecorded: (message) => {
        recorded.push(message);
        api.plane.wake();
      },
      onRequest: (request) => {
        requests.push(request);
        const isFollowing = (request.filter as { follow?: boolean }).follow === true;
        member.membership.answer(request.id, ring, !isFollowing, 0);
        api.plane.wake();
      },
      onDisconnected: (detail) => {
        lost.push(detail);
        api.plane.wake();
      },
    },
  });
  await api.plane.until("a session", () => api.plane.door.session(member.uid));
});
afterEach(async () => {
  await member.close();
  await api.close();
});

const own = (of: object) => ({
  ...of,
  workload: { uid: member.uid, name: "liar", namespace: "x" },
});
const send = (of: RecordedBatch) =>
  member.membership.records(JSON.stringify({ type: "records", batch: own(packBatch(of)) }));
const kept = (count: number) =>
  api.plane.until(`${count} kept`, () => (recorded.length >= count ? recorded : null));

async function linesOf(stream: LineStream): Promise<readonly RecordedLine[]> {
  const lines: RecordedLine[] = [];
  for (;;) {
    const line = await stream.next();
    if (line === null) return lines;
    lines.push(line);
  }
}

/** `a 1,2` for each batch, `start`, `complete`. */
function shown(lines: readonly RecordedLine[]): readonly string[] {
  return lines.map((line) => {
    if ("start" in line) return `start ${line.start.workload.name}`;
    if ("complete" in line) return "complete";
    const { workload, exchanges, gaps } = line.batch;
    const ids = exchanges.map(({ id }) => id).join();
    return `${workload.name} ${ids}${gaps.map(({ reason }) => ` ${reason}`).join("")}`;
  });
}

const get = async (verb: string) => shown(await linesOf(api.stream("GET", `/heddle/v1/${verb}`)));

test("a proxy's records are answered once they are kept, and are its workload's whatever it says", async () => {
  send(batch(1, 2));
  expect(await kept(1)).toEqual([{ type: "recorded", life: "1", store: "whole", next: 3 }]);
  send(batch(3, 3));
  send({ ...batch(1, 1, { store: "sampled" }) });
  await kept(3);
  api.plane.recordings.start(start(member.uid, 5));
  expect(await get("recorded")).toEqual([
    `start ${member.uid}-0`,
    "kvs-0 1,2",
    "kvs-0 3",
    "kvs-0 1",
    "complete",
  ]);
  expect(await get("recorded?store=sampled")).toEqual([
    `start ${member.uid}-0`,
    "kvs-0 1",
    "complete",
  ]);
});

test.each([
  [
    "of another workload",
    (of: object) => ({ ...of, workload: { uid: "b", name: "b", namespace: "b" } }),
  ],
  ["that are none", () => ({})],
  ["with a field of another type", (of: object) => ({ ...own(of), from: "one" })],
  ["that end before their last", (of: object) => ({ ...own(of), count: 3 })],
])("records %s end the connection, and nothing is kept", async (_what, spoil) => {
  member.membership.records(
    JSON.stringify({ type: "records", batch: spoil(packBatch(batch(1, 2))) }),
  );
  await api.plane.until("a lost connection", () => lost.length > 0);
  expect(api.plane.recordings.size("whole").batches).toBe(0);
});

test("a second batch of a stream before the first was kept ends the connection", async () => {
  send(batch(1, 2));
  send(batch(3, 4));
  await api.plane.until("a lost connection", () => lost.length > 0);
});

test("an answer narrows by service, workload and time, and shows what proxies hold beyond what is kept", async () => {
  send(batch(1, 2));
  await kept(1);
  send(batch(3, 4, { service: "default/other" }));
  await kept(2);
  const overflow = { fromMs: 0, toMs: 35, missing: 3, reason: "overflow" } as const;
  ring = [own({ ...batch(4, 5), gaps: [overflow] })];
  // Number 4 is kept, and what the ring no longer has is too.
  expect(await get("recorded")).toEqual(["kvs-0 1,2", "kvs-0 3,4", "complete", "kvs-0 5"]);
  expect(await get("recorded?service=kvs")).toEqual(["kvs-0 1,2", "complete", "kvs-0 4,5"]);
  expect(requests.at(-1)).toMatchObject({
    what: "history",
    filter: { follow: false, service: "default/kvs" },
  });
  expect(await get("recorded?workload=none")).toEqual(["complete"]);
  ring = [];
  const { clock } = api.plane;
  const since = clock.wallMs() - clock.monotonicMs() + 26;
  expect(await get(`recorded?since=${since}`)).toEqual(["kvs-0 3,4", "complete"]);
  expect(await get(`recorded?until=${wallOffsetMs + 15}`)).toEqual(["kvs-0 1", "complete"]);
  for (const bad of ["store=other", "since=then", "last=0", "service=nope"]) {
    const { status } = await api.get(`/heddle/v1/recorded?${bad}`);
    expect([400, 404]).toContain(status);
  }
});

test("following goes on until the client goes", async () => {
  ring = [own(batch(1, 1))];
  const stream = api.stream("GET", "/heddle/v1/recorded?follow=true");
  expect(shown([await stream.next(), await stream.next()])).toEqual(["complete", "kvs-0 1"]);
  const { id } = requests[0]!;
  member.membership.answer(id, [own(batch(2, 3))], false, 0);
  expect(shown([await stream.next()])).toEqual(["kvs-0 2,3"]);
  stream.close();
});

test("a proxy's other life begins with a gap, also where it has recorded nothing", async () => {
  send(batch(1, 2));
  await kept(1);
  const other = { ...batch(0, -1), life: "2", sinceMs: 50 };
  ring = [own(other)];
  expect(await get("recorded")).toEqual(["kvs-0 1,2", "complete", "kvs-0  restart"]);
  ring = [own(batch(1, 2))];
  const stream = api.stream("GET", "/heddle/v1/recorded?follow=true");
  expect(shown([await stream.next(), await stream.next()])).toEqual(["kvs-0 1,2", "complete"]);
  await api.plane.until("the second request", () => requests.length === 2);
  member.membership.answer(requests[1]!.id, [own(other)], false, 0);
  const restart = { fromMs: 25, toMs: 50, missing: -1, reason: "restart" };
  expect(await stream.next()).toMatchObject({ batch: { life: "2", gaps: [restart] } });
  stream.close();
});

test("a proxy that goes while it is asked is not waited for", async () => {
  const stream = api.stream("GET", "/heddle/v1/recorded?follow=true");
  await stream.next();
  stream.close();
  ring = [own(batch(1, 1))];
  await member.close();
  await api.plane.until("no session", () => api.plane.door.session(member.uid) === null);
  expect(await get("recorded")).toEqual(["complete"]);
});

test("the page of metrics tells of stores, gaps and proxies", async () => {
  send(batch(3, 4));
  await kept(1);
  const page = await api.text("/metrics");
  for (const line of [
    'heddle_recorded_exchanges_total{store="whole"} 2',
    'heddle_recorded_exchanges{store="whole"} 2',
    'heddle_recorded_gaps_total{reason="lost"} 1',
    "heddle_connected_proxies 1",
    "# TYPE heddle_contract_verdict gauge",
  ]) {
    expect(page).toContain(line);
  }
  expect((await api.call("GET", "/metrics", undefined, { authorization: "" })).status).toBe(401);
});

test("of what is kept the newest are given, with numbers where nothing was taken out", async () => {
  const answer = async (search: string) => {
    const lines = await linesOf(api.stream("GET", `/heddle/v1/recorded?${search}`));
    return lines.flatMap((line) => ("batch" in line ? [line.batch.from] : []));
  };
  for (const from of [1, 3, 5]) {
    send(batch(from, from + 1));
    await kept((from + 1) / 2);
  }
  expect(await answer("last=100")).toEqual([1, 3, 5]);
  expect(await answer("last=3")).toEqual([3, 5]);
  expect(await answer("last=2&workload=kvs-0")).toEqual([5]);
  expect(await answer("last=4&service=kvs")).toEqual([0, 0]);
});
