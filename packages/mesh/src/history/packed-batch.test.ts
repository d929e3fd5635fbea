import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outboundExchange } from "../../test/support/recorded.ts";
import { carriedProtocols } from "../model/protocol.ts";
import { type Reason, reasons } from "../model/reason.ts";
import type { RecordedBatch } from "./batch.ts";
import { parseRecordedBatch } from "./batch-codec.ts";
import type { RecordedAttempt, RecordedExchange, RecordedValue } from "./exchange.ts";
import { type PackedBatch, packBatch } from "./packed-batch.ts";
import { unpackBatch } from "./unpack-batch.ts";

const name = fc.constantFrom("default/kvs", "", "127.0.0.1:4711", "ein großer Name", "名");
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constant("\udc00x"));
const orNone = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const count = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((value) => value % 2 ** 51),
);
const time = fc.maxSafeInteger().map((us) => (us % 2 ** 42) / 1000 + 0);
const never = fc.oneof(fc.constant(-1), time);
const reason = orNone(fc.constantFrom(...(Object.keys(reasons) as Reason[])));
const value: fc.Arbitrary<RecordedValue | null> = orNone(
  fc.oneof(
    fc.record({ text }),
    fc.record({ hash: name }),
    fc.constantFrom<RecordedValue>(
      { missing: "too-long" },
      { missing: "not-whole" },
      { missing: "overflow" },
    ),
  ),
);
const attempt = fc.record({
  endpointUid: name,
  endpoint: name,
  target: name,
  identity: orNone(name),
  connection: orNone(name),
  ordinal: count,
  own: name,
  sentMs: never,
  sentSeq: count,
  replyMs: never,
  replySeq: count,
  reason,
}) as fc.Arbitrary<unknown> as fc.Arbitrary<RecordedAttempt>;
const exchange = fc.record(
  {
    id: count,
    direction: fc.constantFrom("inbound", "outbound", "gateway", "egress"),
    service: name,
    servicePort: count,
    backend: orNone(name),
    backendPort: count,
    method: text,
    path: text,
    receivedPath: text,
    authority: text,
    protocol: fc.constantFrom(...carriedProtocols),
    detected: name.filter((one) => one !== ""),
    grpcStatus: fc.nat({ max: 2 ** 31 - 1 }),
    front: fc.record({
      connection: name,
      ordinal: count,
      source: name,
      own: name,
      peer: orNone(name),
      caller: orNone(name),
      callerField: orNone(text),
    }),
    attempts: fc.array(attempt, { maxLength: 3 }),
    route: orNone(name),
    status: count,
    reason,
    detail: text,
    origin: fc.constantFrom("app", "proxy"),
    startMs: time,
    headMs: never,
    endMs: never,
    receivedSeq: count,
    answeredSeq: count,
    operation: orNone(
      fc.record({
        contract: name,
        name,
        parameters: fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: true }),
        key: text,
        requestBody: value,
        replyBody: value,
      }),
    ),
  },
  { noNullPrototype: true },
) as fc.Arbitrary<unknown> as fc.Arbitrary<RecordedExchange>;
const withOrWithout = fc
  .tuple(exchange, fc.boolean())
  .map(
    ([{ receivedPath, ...others }, isRewritten]): RecordedExchange =>
      isRewritten ? { ...others, receivedPath: receivedPath! } : others,
  );
const batchOf = (exchanges: readonly RecordedExchange[]): RecordedBatch => ({
  workload: { uid: "u", name: "kvs-0", namespace: "default" },
  life: "l",
  sinceMs: 1.5,
  boot: "b",
  wallOffsetMs: 1e12 + 0.25,
  store: "whole",
  from: 7,
  exchanges,
  gaps: [{ fromMs: 1, toMs: 2, missing: -1, reason: "rate" }],
  sampledShare: 0.25,
});
const batch = fc.array(withOrWithout, { maxLength: 8 }).map(batchOf);

describe("a packed batch", () => {
  test("comes back as it was, and is what the schema takes", () => {
    fc.assert(
      fc.property(batch, (given) => {
        const unpacked = unpackBatch(JSON.parse(JSON.stringify(packBatch(given))));
        expect(unpacked).toEqual(given);
        expect(parseRecordedBatch(unpacked)).toEqual(given);
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  test("has times in whole µs, in the order they had, whatever batch they are in", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.nat(5000), (atMs, steps) => {
        const at = (startMs: number) => {
          const [one] = fc.sample(withOrWithout, { seed: 3, numRuns: 1 });
          const back = unpackBatch(packBatch(batchOf([{ ...one!, startMs }])));
          return (back as RecordedBatch).exchanges[0]!.startMs;
        };
        const later = atMs + steps * 1e-5;
        expect(Math.abs(at(atMs) - atMs)).toBeLessThanOrEqual(0.000_51);
        expect(at(later)).toBeGreaterThanOrEqual(at(atMs));
      }),
      { seed: 2 },
    );
  });

  test("that is spoilt anywhere is refused, or another batch of the form; never more than it says", () => {
    const outcomes = { refused: 0, taken: 0 };
    const octets = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(batch, octets, fc.nat(3), (given, changes, cut) => {
        const packed = packBatch(given);
        const spoilt = Buffer.from(packed.packed, "base64");
        for (const [at, octet] of changes) {
          if (spoilt.length > 0) spoilt[at % spoilt.length] = octet;
        }
        const kept = spoilt.subarray(0, spoilt.length - cut).toString("base64");
        const unpacked = unpackBatch({ ...packed, packed: kept });
        if (typeof unpacked === "string") {
          outcomes.refused++;
          expect(unpacked).toMatch(/^(exchanges\.\d+\.[a-zA-Z.]+|packed): ./);
        } else {
          outcomes.taken++;
          expect(parseRecordedBatch(unpacked)).toEqual(unpacked);
          expect(unpacked.exchanges).toHaveLength(packed.count);
        }
      }),
      { seed: 3, numRuns: 2000 },
    );
    expect(outcomes.refused).toBeGreaterThan(500);
    expect(outcomes.taken).toBeGreaterThan(100);
  });

  test("of noise is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(20), (noise, length) => {
        const packed = Buffer.from(noise).toString("base64");
        const given = { ...packBatch(batchOf([])), count: length, packed, strings: ["a", "reset"] };
        const unpacked = unpackBatch(given);
        if (typeof unpacked !== "string") expect(parseRecordedBatch(unpacked)).toEqual(unpacked);
        else expect(unpacked).toMatch(/: ./);
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  test("that was packed before protocols were told still reads", () => {
    const before = {
      ...packBatch(batchOf([])),
      count: 2,
      strings: [
        "default/kvs",
        "127.0.0.1:5001>127.0.0.1:8001",
        "127.0.0.1:5001",
        "127.0.0.1:8001",
        "e",
        "kvs-1-uid",
        "kvs-1",
        "127.0.0.1:8002",
        "a".repeat(32),
        "127.0.0.1:5002",
      ],
      packed:
        "AsCaDAIByAEAAFABUAAELzEGa3ZzAAZHRVQBAQIDAAWxbYF9BwEFBgcACQEJ0Q8D4V0FAALAuAIICcgBAABQAVAABC8xDC9rdnMvMQZrdnMABkdFVAECAgMABbFtgX0HAQUGBwAJAgnRDwPhXQUA",
    };
    expect((unpackBatch(before) as RecordedBatch).exchanges).toEqual([
      outboundExchange(),
      outboundExchange({ id: 2, seq: 5, atMs: 120, receivedPath: "/kvs/1" }),
    ]);
  });

  test("takes one octet for what was carried, as a rule", () => {
    const plain = outboundExchange();
    const length = (exchange: RecordedExchange) =>
      Buffer.from(packBatch(batchOf([exchange])).packed, "base64").length;
    expect(length({ ...plain, protocol: "h2" })).toBe(length(plain));
    expect(length({ ...plain, protocol: "h2", grpcStatus: 0 })).toBe(length(plain) + 1);
  });

  const [whole] = fc.sample(fc.array(withOrWithout, { minLength: 2, maxLength: 2 }).map(batchOf), {
    seed: 9,
    numRuns: 1,
  });
  const good = packBatch(whole!);
  test.each<[string, Partial<Record<keyof PackedBatch, unknown>>]>([
    ["count: ", { count: 3.5 }],
    ["count: ", { count: 5001 }],
    ["packed: more", { count: 1 }],
    ["exchanges.2.id: cut off", { count: 3 }],
    ["strings.0: ", { strings: [7] }],
    ["strings.0: ", { strings: ["x".repeat(2049)] }],
    ["no such text", { strings: [] }],
    ["packed: no base64", { packed: "*" }],
    ["from: ", { from: -1 }],
    ["gaps.0.reason: ", { gaps: [{ fromMs: 1, toMs: 2, missing: 1, reason: "else" }] }],
    ["exchanges.0.id: too large", { packed: btoa("\xff".repeat(12)) }],
    ["exchanges.0.id: out of range", { packed: btoa("\x01") }],
  ])("%s is what is said of it", (sentence, changes) => {
    expect(unpackBatch({ ...good, ...changes })).toContain(sentence);
  });

  test.each([null, 7, "x", [], {}])("%j is none", (input) => {
    expect(unpackBatch(input)).toBeTypeOf("string");
  });
});
