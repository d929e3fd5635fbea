import type { Document, PlacementDoc, SlotsDoc } from "@heddle/mesh/model/document.ts";
import { lastAttempt } from "@heddle/mesh/telemetry/last-attempt.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { describe, expect, test } from "vitest";
import { endpointsDoc, serviceDoc } from "../support/documents.ts";
import { type Place, SimulatedMesh } from "./simulated-rig.ts";

const attemptsOf = (record: ExchangeRecord) => [
  ...(record.earlier ?? []),
  ...(record.attempts === 0 ? [] : [lastAttempt(record)!]),
];
/** Requests sent by the proxy, and those whose reply came. */
const sentBy = (records: readonly ExchangeRecord[]): Place[] =>
  records
    .flatMap(attemptsOf)
    .filter(({ sentSeq }) => sentSeq > 0)
    .map(({ connection, ordinal }): Place => `${connection} ${ordinal}`);
const answeredTo = (records: readonly ExchangeRecord[]): Place[] =>
  records
    .flatMap(attemptsOf)
    .filter(({ replySeq }) => replySeq > 0)
    .map(({ connection, ordinal }): Place => `${connection} ${ordinal}`);
const receivedBy = (records: readonly ExchangeRecord[]): Place[] =>
  records.map(({ frontConnection, frontOrdinal }): Place => `${frontConnection} ${frontOrdinal}`);

/** What must hold of any run: no two messages share an identity, and whatever is received was sent. */
function expectPaired(mesh: SimulatedMesh): void {
  const { caller, kvs, asked } = mesh;
  const sent = sentBy(caller.records);
  const forwarded = sentBy(kvs.records);
  for (const places of [sent, forwarded, receivedBy(caller.records), receivedBy(kvs.records)]) {
    expect(new Set(places).size).toBe(places.length);
  }
  for (const place of receivedBy(kvs.records)) expect(sent).toContain(place);
  for (const place of answeredTo(caller.records)) expect(receivedBy(kvs.records)).toContain(place);
  for (const place of asked) expect(forwarded).toContain(place);
  for (const place of answeredTo(kvs.records)) expect(asked).toContain(place);
  for (const { records } of [caller, kvs]) {
    for (const record of records) {
      const { receivedSeq, answeredSeq } = record;
      const seqs = attemptsOf(record).flatMap(({ sentSeq, replySeq }) => [sentSeq, replySeq]);
      const happened = [receivedSeq, ...seqs, answeredSeq].filter((seq) => seq > 0);
      expect(happened).toEqual(happened.toSorted((a, b) => a - b));
      expect(answeredSeq > 0).toBe(record.headMs >= 0);
    }
    const all = records.flatMap((record) => [
      record.receivedSeq,
      record.answeredSeq,
      ...attemptsOf(record).flatMap(({ sentSeq, replySeq }) => [sentSeq, replySeq]),
    ]);
    const places = all.filter((seq) => seq > 0);
    expect(new Set(places).size).toBe(places.length);
  }
}

describe.each([
  ["TLS", true],
  ["plain connections", false],
])("over %s both ends name a message alike", (_, hasTls) => {
  test("on one connection, kept", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dial();
    await mesh.pass(50);
    for (const path of ["/1", "/2", "/3"]) {
      client.get(path);
      await mesh.pass(50);
    }
    const { caller, kvs, asked } = mesh;
    expect(receivedBy(caller.records)).toEqual([1, 2, 3].map((n) => `${client.name} ${n}`));
    expect(sentBy(caller.records)).toEqual(receivedBy(kvs.records));
    expect(sentBy(kvs.records)).toEqual(asked);
    expect(kvs.records.map(({ frontOrdinal }) => frontOrdinal)).toEqual([1, 2, 3]);
    expect(kvs.records[0]!.frontConnection).toMatch(
      hasTls ? /^[0-9a-f]{32}$/ : /^127\.0\.0\.1:\d+>127\.0\.0\.1:8003$/,
    );
    // Where it was sent to is where it was received: the addressing rule, hop by hop.
    expect(caller.records[0]!.destinationAddress).toBe(kvs.records[0]!.ownAddress);
    expect(caller.records[0]!.localAddress).toBe(kvs.records[0]!.sourceAddress);
    expectPaired(mesh);
  });

  test("a proxy has one order for both of its sides", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dial().get("/1");
    await mesh.pass(50);
    client.get("/2");
    await mesh.pass(50);
    const [first, second] = mesh.caller.records;
    const seqs = (record: ExchangeRecord) => [
      record.receivedSeq,
      record.sentSeq,
      record.replySeq,
      record.answeredSeq,
    ];
    expect(seqs(first!)).toEqual([1, 2, 3, 4]);
    expect(seqs(second!)).toEqual([5, 6, 7, 8]);
    const { startMs, sentMs, replyMs, headMs } = first!;
    expect(sentMs).toBeGreaterThanOrEqual(startMs);
    expect(replyMs).toBeGreaterThan(sentMs);
    expect(headMs).toBe(replyMs);
  });

  test("on a new connection after the idle one was closed, resumed or not", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    for (const path of ["/1", "/2"]) {
      mesh.dial().get(path);
      await mesh.pass(200_000);
    }
    const names = mesh.kvs.records.map(({ frontConnection }) => frontConnection);
    expect(new Set(names).size).toBe(2);
    expect(mesh.kvs.records.map(({ frontOrdinal }) => frontOrdinal)).toEqual([1, 1]);
    expectPaired(mesh);
  });

  test("a CONNECT counts, and what is asked inside goes on counting", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dialForward();
    client.say("GET http://kvs/0 HTTP/1.1\r\nHost: kvs\r\n\r\n");
    await mesh.pass(50);
    client.say("CONNECT kvs:80 HTTP/1.1\r\nHost: kvs:80\r\n\r\n");
    await mesh.pass(50);
    for (const path of ["/1", "/2"]) {
      client.get(path);
      await mesh.pass(50);
    }
    expect(receivedBy(mesh.caller.records)).toEqual([1, 2, 3, 4].map((n) => `${client.name} ${n}`));
    expect(mesh.kvs.records).toHaveLength(3);
    expectPaired(mesh);
  });

  test("what is no HTTP inside a tunnel to a port of HTTP was received, too", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dialForward().say("CONNECT kvs:80 HTTP/1.1\r\nHost: kvs:80\r\n\r\n");
    await mesh.pass(50);
    client.say("\x16\x03\x01\x02\x00");
    await mesh.pass(50);
    expect(mesh.caller.records).toMatchObject([
      { method: "CONNECT", status: 200, frontOrdinal: 1, receivedSeq: 1, answeredSeq: 2 },
      { reason: "bad-request", frontOrdinal: 2, receivedSeq: 3, answeredSeq: 4 },
    ]);
  });

  test("an endpoint that nobody listens at was sent nothing", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    mesh.network.kill("kvs");
    mesh.dial().get("/1");
    await mesh.pass(10_000);
    const [record] = mesh.caller.records;
    expect(record).toMatchObject({ connection: null, sentSeq: 0, replySeq: 0, status: 503 });
    expect(record!.attemptReason).toBe("connect-refused");
    expect(record!.answeredSeq).toBeGreaterThan(0);
    expectPaired(mesh);
  });

  test("a malformed request was received and answered", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dial().get("/1");
    await mesh.pass(50);
    client.say("nonsense\r\n\r\n");
    await mesh.pass(50);
    const refused = mesh.caller.records.find(({ reason }) => reason === "bad-request")!;
    expect(refused).toMatchObject({ frontConnection: client.name, frontOrdinal: 2, attempts: 0 });
    expect(refused.answeredSeq).toBe(refused.receivedSeq + 1);
  });

  test("a malformed body is answered by the codec, unless a reply has begun", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const request = "PUT /1 HTTP/1.1\r\nHost: kvs\r\nTransfer-Encoding: chunked\r\n\r\n";
    mesh.dial().say(`${request}nonsense\r\n`);
    await mesh.pass(50);
    const [refused] = mesh.caller.records;
    expect(refused).toMatchObject({ reason: "bad-request", status: 400, origin: "proxy" });
    expect(refused!.answeredSeq).toBeGreaterThan(refused!.receivedSeq);
    expectPaired(mesh);
  });

  test("an OPTIONS that goes no further is received by the proxy that answers it", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const client = mesh.dial();
    for (const count of [1, 0]) {
      client.say(`OPTIONS /1 HTTP/1.1\r\nHost: kvs\r\nMax-Forwards: ${count}\r\n\r\n`);
      await mesh.pass(50);
    }
    const { caller, kvs, asked } = mesh;
    expect(caller.records).toMatchObject([
      { method: "OPTIONS", status: 200, attempts: 1, frontOrdinal: 1 },
      { method: "OPTIONS", status: 200, attempts: 0, frontOrdinal: 2, origin: "proxy" },
    ]);
    expect(kvs.records).toMatchObject([{ path: "/1", status: 200, attempts: 0, origin: "proxy" }]);
    expect(asked).toEqual([]);
    expectPaired(mesh);
  });

  test("however links break: what was received was sent, and no identity is used twice", async () => {
    let retried = 0;
    let lost = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const mesh = new SimulatedMesh({ hasTls, seed });
      const faults = { reset: 0.03, split: 0.3, queue: 0.2, refuse: 0.1 };
      for (let round = 0; round < 15; round++) {
        if (round === 2) mesh.network.setFaults(faults);
        const client = mesh.dial().get(`/${round}`);
        mesh.dial().say(`POST /p${round} HTTP/1.1\r\nHost: kvs\r\nContent-Length: 2\r\n\r\nab`);
        await mesh.pass(mesh.rng.below(100));
        client.get("/again");
        await mesh.pass(mesh.rng.below(3000));
      }
      mesh.network.setFaults({ reset: 0, refuse: 0 });
      await mesh.pass(20_000);
      expectPaired(mesh);
      const { records } = mesh.caller;
      retried += records.filter(({ earlier }) => earlier !== null).length;
      const received = new Set(receivedBy(mesh.kvs.records));
      lost += sentBy(records).filter((place) => !received.has(place)).length;
    }
    // It is worth nothing if nothing went wrong.
    expect(retried).toBeGreaterThan(20);
    expect(lost).toBeGreaterThan(5);
  });
});

test("a key's process that refuses is asked again: each attempt is a message of its own", async () => {
  const mesh = new SimulatedMesh({ hasTls: true });
  const placement: PlacementDoc = {
    name: "by-key",
    key: { from: { kind: "path-segment", index: 1 }, type: "integer" },
    slots: 2,
    whenAway: "wait",
  };
  const slotsOf = (uid: string): SlotsDoc => ({
    assignmentEpoch: 1,
    owners: [uid],
    assignment: [0, 0],
  });
  const [proxy, , endpoints] = mesh.callerDocs as [Document, Document, Document];
  mesh.caller.serve([
    proxy,
    serviceDoc("kvs", { placement }),
    { ...endpoints, slots: slotsOf("kvs-uid") } as Document,
  ]);
  // The receiver's documents are of another time.
  mesh.kvs.serve([
    mesh.kvsDoc,
    serviceDoc("kvs", { placement }),
    endpointsDoc("kvs", [], { slots: slotsOf("other-uid") }),
  ]);
  mesh.dial().get("/7");
  await mesh.pass(5000);
  const [record] = mesh.caller.records;
  expect(record).toMatchObject({ reason: "slot-away", attemptReason: "misdirected" });
  expect(record!.earlier!.length).toBeGreaterThan(2);
  expect(record!.earlier!.length).toBe(record!.attempts - 1);
  for (const { reason, replySeq } of record!.earlier!) {
    expect(reason).toBe("misdirected");
    expect(replySeq).toBeGreaterThan(0);
  }
  expect(mesh.kvs.records).toHaveLength(record!.attempts);
  expect(mesh.asked).toEqual([]);
  expectPaired(mesh);
});
