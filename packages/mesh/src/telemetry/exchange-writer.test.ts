import { expect, test } from "vitest";
import { exchangeRecord, kvsContract, operationRecord } from "../../test/support/records.ts";
import { ExchangeWriter } from "./exchange-writer.ts";

const writer = new ExchangeWriter();

test("values leave as the Contract says: in clear, hashed, or missing with why", () => {
  const reply = (changes: Parameters<typeof operationRecord>[0]) =>
    writer.write(operationRecord(changes), "me-0").operation!.replyBody;
  const hashed = { ...kvsContract, values: "hashed" } as const;
  expect(reply({ replyBody: "a" })).toEqual({ text: "a" });
  expect(reply({ replyBody: "", contract: hashed })).toEqual({ text: "" });
  const hash = reply({ replyBody: "a", contract: hashed });
  expect(hash).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(reply({ replyBody: "b", contract: hashed })).not.toEqual(hash);
  expect(reply({ replyBody: "a", contract: { ...hashed } })).toEqual(hash);
});

test("the caller is who asked: a gateway's are outside, a peer's proxy says its own", () => {
  const caller = (changes: Parameters<typeof exchangeRecord>[0]) =>
    writer.write(exchangeRecord({ sourceName: "x-0", ...changes }), "me-0").front.caller;
  expect(caller({ direction: "outbound" })).toBe("me-0");
  expect(caller({ direction: "egress" })).toBe("me-0");
  expect(caller({ direction: "gateway" })).toBeNull();
  expect(caller({ direction: "inbound" })).toBe("x-0");
});

test("attempts are in order, the last one as the record itself has it", () => {
  const first = writer.write(exchangeRecord({ attemptReason: "reset" }), "me-0").attempts[0]!;
  const changes = { attempts: 2, earlier: [first], sentSeq: 5, replySeq: 6 };
  expect(writer.write(exchangeRecord(changes), "me-0").attempts).toMatchObject([
    { reason: "reset" },
    { reason: null, sentSeq: 5, replySeq: 6, endpoint: "kvs-1" },
  ]);
  expect(writer.write(exchangeRecord({ attempts: 0 }), "me-0").attempts).toEqual([]);
});

test("bodies that were not kept say why", () => {
  const body = { octets: new Uint8Array(0), length: 0, isTooLong: false, isWhole: false };
  const missing = (changes: object) => {
    const record = operationRecord();
    const operation = { ...record.operation!, replyBody: { ...body, ...changes } };
    record.operation = operation;
    return writer.write(record, "me-0").operation!.replyBody;
  };
  expect(missing({ isTooLong: true })).toEqual({ missing: "too-long" });
  expect(missing({})).toEqual({ missing: "not-whole" });
  expect(missing({ isWhole: true, isOverwritten: true })).toEqual({ missing: "overflow" });
});
