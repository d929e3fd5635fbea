import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryRecord, exchangeRecord, operationRecord } from "../../test/support/records.ts";
import type { ExchangeRecord } from "./record.ts";
import { RecordRing } from "./record-ring.ts";

describe("the ring of records", () => {
  test("gives back what was put in, newest first, however often it has gone round", () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { minLength: 1, maxLength: 40 }), (records) => {
        const ring = new RecordRing(7);
        for (const [index, record] of records.entries()) {
          ring.push(record);
          const held = records.slice(Math.max(0, index - 6), index + 1).reverse();
          expect(ring.recent(10)).toEqual(held.map(asKept));
          expect(ring.read(index + 1)).toEqual(asKept(record));
          expect(ring.newest).toBe(index + 1);
          expect(ring.size).toBe(held.length);
        }
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  test("a record is a copy: what its maker does with it later changes nothing", () => {
    const ring = new RecordRing(2);
    const record = operationRecord({ replyBody: "seven" });
    ring.push(record);
    record.path = "/other";
    (record.operation!.replyBody!.octets as Uint8Array).fill(0);
    expect(ring.read(1).path).toBe("/7");
    expect(ring.read(1).operation!.replyBody!.octets).toEqual(new TextEncoder().encode("seven"));
  });

  test("keeps failures of gRPC before the others, and no connection for its length", () => {
    const ring = new RecordRing(4);
    ring.push(exchangeRecord({ grpcStatus: 14 }));
    ring.push(exchangeRecord({ grpcStatus: 0 }));
    ring.push(exchangeRecord({ protocol: "tcp", headMs: -1, endMs: 60_000 }));
    ring.push(exchangeRecord({ protocol: "tcp", reason: "reset" }));
    expect([1, 2, 3, 4].map((seq) => ring.classOf(seq))).toEqual([
      "notable",
      "plain",
      "plain",
      "notable",
    ]);
  });

  test("cuts texts that a client made long", () => {
    const ring = new RecordRing(1);
    ring.push(exchangeRecord({ path: `/${"a".repeat(8000)}`, method: "M".repeat(100) }));
    expect(ring.read(1).path).toHaveLength(128);
    expect(ring.read(1).method).toHaveLength(16);
  });

  test("tells of each record before it goes, and only then", () => {
    const ring = new RecordRing(3);
    const gone: [seq: number, endMs: number][] = [];
    ring.onEvict = (seq) => gone.push([seq, ring.endMs(seq)]);
    for (let id = 1; id <= 5; id++) ring.push(exchangeRecord({ id, startMs: id * 10 }));
    expect(gone).toEqual([
      [1, 13],
      [2, 23],
    ]);
    expect([ring.oldest, ring.newest]).toEqual([3, 5]);
  });

  test("long keys take old records with them, never a part of one", () => {
    const ring = new RecordRing(64);
    const pushed: ExchangeRecord[] = [];
    let gone = 0;
    ring.onEvict = () => gone++;
    for (let id = 1; id <= 50; id++) {
      pushed.push(operationRecord({ id, key: String(id % 10).repeat(20_000) }));
      ring.push(pushed.at(-1)!);
    }
    expect(ring.size).toBeLessThan(8);
    expect(gone + ring.size).toBe(50);
    expect(ring.recent(64)).toEqual(pushed.slice(-ring.size).reverse().map(asKept));
  });

  test("a body that others were written over is missed, its record is not", () => {
    const ring = new RecordRing(64);
    for (let id = 1; id <= 20; id++) {
      ring.push(operationRecord({ id, replyBody: String(id).padEnd(30_000, "x") }));
    }
    const bodies = ring.recent(64).map(({ operation }) => operation!.replyBody!);
    expect(bodies.map((body) => body.isOverwritten)).toEqual([
      ...Array.from({ length: 8 }, () => false),
      ...Array.from({ length: 12 }, () => true),
    ]);
    expect(new TextDecoder().decode(bodies[7]!.octets)).toBe("13".padEnd(30_000, "x"));
    ring.push(operationRecord({ replyBody: "y".repeat(300_000) }));
    expect(ring.read(21).operation!.replyBody).toMatchObject({ isOverwritten: true, length: 0 });
    expect(ring.read(20).operation!.replyBody!.isOverwritten).toBe(true);
  });

  test("one at rest holds nothing", () => {
    const ring = new RecordRing(2048);
    expect([ring.size, ring.newest, ring.oldest, ring.recent(5)]).toEqual([0, 0, 1, []]);
  });

  test("what failed or was slow is told from the rest, and operations from both", () => {
    const ring = new RecordRing(8);
    ring.push(exchangeRecord());
    ring.push(exchangeRecord({ status: 503 }));
    ring.push(exchangeRecord({ reason: "client-gone", status: 0, headMs: -1 }));
    ring.push(exchangeRecord({ startMs: 0, headMs: 1000 }));
    ring.push(exchangeRecord({ startMs: 0, headMs: 999.9 }));
    ring.push(operationRecord({ status: 503 }));
    expect([1, 2, 3, 4, 5, 6].map((seq) => ring.classOf(seq))).toEqual([
      "plain",
      "notable",
      "notable",
      "notable",
      "plain",
      "operation",
    ]);
    expect([ring.isOf(1, "default/kvs"), ring.isOf(1, "default/other")]).toEqual([true, false]);
  });
});

/** As it is read: captures are copied as long as they are whole. */
function asKept(record: ExchangeRecord): ExchangeRecord {
  const { operation } = record;
  if (operation === null) return record;
  const kept = (body: (typeof operation)["requestBody"]) => {
    if (body === null) return null;
    const octets = body.isWhole ? body.octets.slice(0, body.length) : new Uint8Array(0);
    return { ...body, octets, length: octets.length, isOverwritten: false };
  };
  return Object.assign(Object.create(Object.getPrototypeOf(record)), record, {
    operation: {
      ...operation,
      requestBody: kept(operation.requestBody),
      replyBody: kept(operation.replyBody),
    },
  });
}
