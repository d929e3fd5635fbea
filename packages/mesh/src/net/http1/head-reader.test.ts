import { expect, test } from "vitest";
import { HeadReader } from "./head-reader.ts";
import { defaultHttp1Limits } from "./limits.ts";
import { FIELD_STRIDE, FIELDS_AT, HeadScanner } from "./scan.ts";

const limits = { ...defaultHttp1Limits, headBytesMax: 400, fieldsMax: 5, targetBytesMax: 100 };
const text = "GET /a?b HTTP/1.1\r\nHost: kvs\r\nX:\t 1 2 \r\nEmpty:\r\n\r\n";

function parts(reader: HeadReader): string[] {
  const { table, tableLength } = reader.scanner;
  const bytes = reader.copyHead();
  const found = [
    bytes.toString("latin1", table[0], table[1]),
    bytes.toString("latin1", table[2], table[3]),
  ];
  for (let at = FIELDS_AT; at < tableLength; at += FIELD_STRIDE) {
    found.push(bytes.toString("latin1", table[at], table[at + 1]));
    found.push(bytes.toString("latin1", table[at + 2], table[at + 3]));
  }
  return found;
}

test("finds the same parts wherever the octets are cut, and where the head ends", () => {
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second += 7) {
      const reader = new HeadReader("request", limits, new HeadScanner("request", limits));
      const bytes = Buffer.from(`${text}next`, "latin1");
      let end = -1;
      let from = 0;
      for (const to of [first, second, bytes.length]) {
        if (end >= 0 || to === from) continue;
        end = reader.read(Buffer.from(bytes), from, to);
        from = to;
      }
      expect(end).toBe(text.length);
      expect(parts(reader)).toEqual(["GET", "/a?b", "Host", "kvs", "X", "1 2", "Empty", ""]);
    }
  }
});

test("reads one head after the other, cut or not", () => {
  const reader = new HeadReader("request", limits, new HeadScanner("request", limits));
  const bytes = Buffer.from(text + text + text, "latin1");
  expect(reader.read(bytes, 0, bytes.length)).toBe(text.length);
  expect(reader.read(bytes, text.length, text.length + 9)).toBe(-1);
  expect(reader.isPending).toBe(true);
  expect(reader.read(bytes, text.length + 9, bytes.length)).toBe(2 * text.length);
  expect(reader.isPending).toBe(false);
  expect(reader.read(bytes, 2 * text.length, bytes.length)).toBe(3 * text.length);
});

test.each([
  ["a head of exactly its limit", 400, null],
  ["a head over its limit", 401, "head-too-large"],
])("%s", (_title, size, reason) => {
  const start = "GET / HTTP/1.1\r\nX: ";
  const head = `${start}${"1".repeat(size - start.length - 4)}\r\n\r\n`;
  for (const cut of [1, 200, 398, 399, 400]) {
    const reader = new HeadReader("request", limits, null);
    const bytes = Buffer.from(head, "latin1");
    let end = reader.read(bytes, 0, cut);
    if (end < 0 && reader.fault === null) end = reader.read(bytes, cut, bytes.length);
    expect(reader.fault?.reason ?? null).toBe(reason);
    if (reason === null) expect(end).toBe(size);
  }
});

test("a head sent octet by octet is scanned about twice, not once per octet", () => {
  const large = defaultHttp1Limits;
  const fields = Array.from({ length: 90 }, (_, index) => `X-${index}: ${"v".repeat(600)}`);
  const head = Buffer.from(`GET / HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`, "latin1");
  const reader = new HeadReader("request", large, null);
  let scanned = 0;
  const scan = HeadScanner.prototype.scan;
  HeadScanner.prototype.scan = function (bytes, base, end) {
    const before = this.tableLength;
    const result = scan.call(this, bytes, base, end);
    scanned += 1 + (this.tableLength - before) / FIELD_STRIDE;
    return result;
  };
  try {
    for (let at = 0; at < head.length; at++) reader.read(head, at, at + 1);
  } finally {
    HeadScanner.prototype.scan = scan;
  }
  expect(reader.isPending).toBe(false);
  expect(scanned).toBeLessThan(3 * 92);
});
