import type { Operation, Outcome } from "@heddle/mesh/contract/operation.ts";
import { expect, test } from "vitest";
import {
  attempt,
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../../mesh/test/support/recorded.ts";
import type { DrivenOperation } from "./driver.ts";
import { RecordJoin } from "./join.ts";
import { lossesOf } from "./losses.ts";

/** The first exchange of the connection that the support file's records are of. */
const exchange = "127.0.0.1:5001>127.0.0.1:8001.1";

function driven(outcome: Outcome, change: Partial<Operation> = {}): DrivenOperation {
  const asked: Operation = {
    id: 1,
    caller: "verify/0",
    key: "1",
    name: "get",
    args: [1],
    outcome,
    startMs: 99,
    endMs: 110,
    seq: 1,
    answeredBy: null,
    isObserved: true,
    ...change,
  };
  return { operation: asked, exchange };
}

const joinOf = (some: readonly DrivenOperation[]) => new RecordJoin(some, "e", ["put"]);
const ok: Outcome = { kind: "ok", result: "a" };

test("an operation is found in the records of both proxies, and says who answered", () => {
  const join = joinOf([driven(ok)]);
  expect([join.missing, join.missingSinceMs]).toEqual([1, 99]);
  join.add(batchOf("verify", [outboundExchange()]));
  expect(join.missing).toBe(1);
  join.add(batchOf("kvs-1", [inboundExchange()]));
  expect([join.missing, join.missingSinceMs]).toEqual([0, null]);
  expect(join.result().operations[0]).toEqual({ ...driven(ok).operation, answeredBy: "kvs-1" });
});

test("records of others' exchanges, and of the connection's other exchanges, are not it", () => {
  const join = joinOf([driven(ok)]);
  join.add(batchOf("verify", [outboundExchange({ id: 2 })]));
  join.add(batchOf("kvs-1", [inboundExchange({ id: 2 })]));
  expect(join.missing).toBe(1);
  expect(join.result().operations[0]!.answeredBy).toBe(null);
});

test("a proxy's answer is one though the caller took it for the process's", () => {
  const attempts = [attempt({ connection: null })];
  const away = outboundExchange({ status: 503, reason: "slot-away", origin: "proxy", attempts });
  const join = joinOf([driven({ kind: "refused", status: 503 })]);
  join.add(batchOf("verify", [away]));
  expect(join.missing).toBe(0);
  expect(join.result().operations[0]!.outcome).toEqual({
    kind: "absent",
    status: 503,
    reason: "slot-away",
  });
  const late = outboundExchange({ status: 504, reason: "request-timeout", origin: "proxy" });
  const unknown = joinOf([driven({ kind: "absent", status: 504, reason: "forged" })]);
  unknown.add(batchOf("verify", [late]));
  expect(unknown.result().operations[0]).toMatchObject({
    outcome: { kind: "unknown", detail: "request-timeout" },
    endMs: Number.POSITIVE_INFINITY,
  });
});

test("what was never sent is nobody's to record", () => {
  const absent = driven({ kind: "absent", status: 0, reason: "refused" });
  expect(joinOf([{ ...absent, exchange: null }]).missing).toBe(0);
});

test("a key that somebody else writes to meanwhile is none of ours to judge", () => {
  const join = joinOf([driven(ok)]);
  const put = operation("1", "b", null);
  const { front } = inboundExchange();
  join.add(batchOf("kvs-1", [inboundExchange({ operation: put })]));
  join.add(batchOf("kvs-1", [inboundExchange({ id: 2, operation: operation("1", null, "a") })]));
  expect(join.result().foreignKeys).toEqual(new Set());
  const others = { ...front, ordinal: 9, caller: "other" };
  const elsewhere = operation("2", "b", null);
  join.add(batchOf("kvs-1", [inboundExchange({ id: 3, operation: elsewhere, front: others })]));
  expect(join.result().foreignKeys).toEqual(new Set());
  join.add(batchOf("kvs-1", [inboundExchange({ id: 4, operation: put, front: others })]));
  expect(join.result().foreignKeys).toEqual(new Set(["1"]));
});

test("what others wrote before we began was found there; what nobody answered may come yet", () => {
  const { front } = inboundExchange();
  const others = { ...front, ordinal: 9, caller: "other" };
  const before = { operation: operation("1", "b", null), front: others, atMs: 50 };
  const join = joinOf([driven(ok)]);
  join.add(batchOf("kvs-1", [inboundExchange(before)]));
  expect(join.result().foreignKeys).toEqual(new Set());
  join.add(batchOf("kvs-1", [inboundExchange({ ...before, id: 2, reason: "client-gone" })]));
  expect(join.result().foreignKeys).toEqual(new Set(["1"]));
});

test("a key is lost with a process that answered for it before it died, and was asked for after", () => {
  const workload = { uid: "u", name: "kvs-1", namespace: "default" };
  const start = { workload, atMs: 100, boot: "b", wallMs: 0, restarts: 1 };
  const at = (key: string, startMs: number, answeredBy: string) =>
    driven(ok, { key, startMs, answeredBy }).operation;
  const operations = [
    at("1", 50, "kvs-1"),
    at("1", 150, "kvs-1"),
    at("2", 50, "kvs-1"),
    at("3", 50, "kvs-0"),
    at("3", 150, "kvs-1"),
  ];
  const losses = lossesOf(["1", "2", "3"], operations, [start]);
  expect(losses).toEqual([{ workload: "kvs-1", start, keys: ["1"] }]);
  expect(lossesOf(["1"], operations, [{ ...start, restarts: 0 }])).toEqual([]);
});
