import { describe, expect, test } from "vitest";
import { kvsDoc } from "../../test/net/recorder-rig.ts";
import { batchOf, operation, outboundExchange } from "../../test/support/recorded.ts";
import type { RecordedExchange } from "./exchange.ts";
import { historiesOf, localView } from "./histories.ts";
import {
  formatEvents,
  formatGrowing,
  formatReply,
  formatService,
  formatValue,
  type NotationOptions,
} from "./notation.ts";

const kvs = new Map([["default/kvs", kvsDoc]]);
const putAndGet = [
  outboundExchange({ method: "PUT", status: 201, operation: operation("1", "a", null) }),
  outboundExchange({ id: 2, seq: 5, atMs: 200, operation: operation("1", null, "a") }),
];
const historyOf = (exchanges: readonly RecordedExchange[], contracts = kvs) =>
  localView(historiesOf([batchOf("e", exchanges)], { contracts }), "default/e");
const said = (
  exchanges: readonly RecordedExchange[],
  options?: NotationOptions,
  contracts?: typeof kvs,
) => formatEvents(historyOf(exchanges, contracts).events, options);

test("a put and a get are written as on the slide", () => {
  expect(said(putAndGet)).toBe(
    '[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]',
  );
});

test("and so they are where the definition is not at hand", () => {
  expect(said(putAndGet, {}, new Map())).toBe(said(putAndGet));
});

test("without a Contract: what HTTP says", () => {
  const exchanges = putAndGet.map((exchange) => ({ ...exchange, operation: null }));
  expect(said(exchanges)).toBe(
    "[Send•Req=(kvs, PUT /1), Recv•Res=201, Send•Req=(kvs, GET /1), Recv•Res=200]",
  );
});

test("a request that its proxy refused unread has no words", () => {
  const [exchange] = putAndGet;
  const unread = { ...exchange!, method: "", path: "", operation: null, attempts: [] };
  expect(said([{ ...unread, status: 400, reason: "bad-request", origin: "proxy" }])).toBe(
    "[Send•Req=(kvs, ‹not understood›), Recv•Res=400 bad-request]",
  );
});

test("it grows an event at a time", () => {
  expect(formatGrowing(historyOf(putAndGet), { detail: "short" })).toEqual([
    "[]",
    "[Send•Req]",
    "[Send•Req, Recv•Res]",
    "[Send•Req, Recv•Res, Send•Req]",
    "[Send•Req, Recv•Res, Send•Req, Recv•Res]",
  ]);
});

test("on the process level it names addresses", () => {
  expect(said(putAndGet.slice(0, 1), { level: "address" })).toBe(
    '[Send•Req=(127.0.0.1:8001, Put(1,"a")), Recv•Res=ok]',
  );
});

describe("a reply", () => {
  const reply = {
    status: 200,
    reason: null,
    origin: "app" as const,
    value: null,
    isOk: false,
  };
  test.each([
    [{ isOk: true }, "ok"],
    [{ isOk: true, value: { text: "a" }, valueType: "opaque" as const }, '"a"'],
    [{ isOk: true, value: { text: "7" }, valueType: "opaque" as const }, '"7"'],
    [{ isOk: true, value: { text: "7" } }, '"7"'],
    [{ isOk: true, value: { text: "" } }, '""'],
    [{ status: 503 }, "503"],
    [{ status: 503, reason: "slot-away" as const, origin: "proxy" as const }, "503 slot-away"],
    [{ reason: "reset" as const }, "⊥ reset"],
    [{ status: 0, reason: "client-gone" as const, origin: "proxy" as const }, "⊥ client-gone"],
  ])("%j is %s", (changes, text) => {
    expect(formatReply({ ...reply, ...changes })).toBe(text);
  });
});

describe("a value", () => {
  test.each([
    [{ text: "007" }, "integer", "7"],
    [{ text: "007" }, "opaque", '"007"'],
    [{ text: "007" }, undefined, "7"],
    [{ text: "[1,2]" }, "json", "[1,2]"],
    [{ text: "[1," }, "json", '"[1,"'],
    [{ text: 'say "a"' }, "text", '"say \\"a\\""'],
    [{ hash: "3f2a9c" }, "opaque", "#3f2a…"],
    [{ missing: "too-long" }, "opaque", "‹too-long›"],
    [{ text: "x".repeat(100) }, "opaque", `"${"x".repeat(60)}…"`],
  ] as const)("%j read as %s is %s", (value, type, text) => {
    expect(formatValue(value, type)).toBe(text);
  });

  test("moves nobody's cursor", () => {
    const text = formatValue({ text: "\x1b[2J\u009b31m\u202e\u2028" }, "opaque");
    expect(text).toBe('"\\u001b[2J\\u009b31m\\u202e\\u2028"');
  });
});

test("a service is said without what goes without saying", () => {
  expect(formatService("default/kvs:80")).toBe("kvs");
  expect(formatService("shop/kvs:8080")).toBe("shop/kvs:8080");
  expect(formatService("shop/kvs:80", "shop")).toBe("kvs");
});
