import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatValue,
  hashedValue,
  hashOf,
  isEqualValue,
  readValue,
  ValueRecorder,
} from "./recorded-value.ts";

const hashKey = "000102030405060708090a0b0c0d0e0f";
const clear = new ValueRecorder({ values: "clear", hashKey });
const hashed = new ValueRecorder({ values: "hashed", hashKey });
const octets = (text: string) => new TextEncoder().encode(text);

describe("a body is recorded", () => {
  test("as it is, where values are clear", () => {
    expect(clear.record(octets("é"), "opaque")).toEqual({ text: "é" });
  });
  test("as a keyed hash, where they are hashed and the model only compares them", () => {
    expect(hashed.record(octets("a"), "opaque")).toEqual({ hash: hashed.hashText("a") });
    expect(hashed.record(octets("17"), "integer")).toEqual({ text: "17" });
    expect(hashed.record(octets("a"), "text")).toEqual({ text: "a" });
    expect(hashed.record(octets("[1]"), "json")).toEqual({ text: "[1]" });
  });
  test("in clear where it is empty", () => {
    expect(hashed.record(octets(""), "opaque")).toEqual({ text: "" });
  });
  test("as a hash where it is no UTF-8: two such bodies stay two", () => {
    const one = clear.record(Uint8Array.of(0xff), "opaque");
    expect(one).toHaveProperty("hash");
    expect(clear.record(Uint8Array.of(0xfe), "opaque")).not.toEqual(one);
  });
  test("unlike under another key", () => {
    const other = new ValueRecorder({ values: "hashed", hashKey: "ff".repeat(16) });
    expect(other.hashText("a")).not.toBe(hashed.hashText("a"));
  });
});

describe("what was recorded is a value", () => {
  test.each([
    ["007", 7],
    ["-3\n", -3],
    ["9007199254740993", 9007199254740993n],
    ["1.5", undefined],
    ["", undefined],
  ])("integer %j", (text, value) => expect(readValue({ text }, "integer")).toBe(value));
  test.each([
    ["[1, [2]]", [1, [2]]],
    ["true", true],
    ["{}", undefined],
    ["[", undefined],
  ])("json %j", (text, value) => expect(readValue({ text }, "json")).toEqual(value));
  test("opaque, in clear and hashed; a hash is no text", () => {
    expect(readValue({ text: "a" }, "opaque")).toBe("a");
    expect(hashOf(readValue({ hash: "0123456789abcdef" }, "opaque"))).toBe("0123456789abcdef");
    expect(readValue({ hash: "0123456789abcdef" }, "text")).toBeUndefined();
    expect(readValue({ missing: "too-long" }, "opaque")).toBeUndefined();
  });
});

test("no body of text is taken for a hash", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const value = readValue(clear.record(octets(text), "text"), "text");
      expect(value).toBe(text);
      expect(hashOf(value)).toBeNull();
    }),
    { seed: 1 },
  );
});

test("values are written as in the talk", () => {
  const values = ["a", 7, 9007199254740993n, [1, "b"], hashedValue("0123456789abcdef"), undefined];
  expect(values.map(formatValue)).toEqual([
    '"a"',
    "7",
    "9007199254740993",
    '[1, "b"]',
    "#01234567",
    "ok",
  ]);
});

test("lists are equal by their elements", () => {
  expect(isEqualValue([1, [2]], [1, [2]])).toBe(true);
  expect(isEqualValue([1], [1, 2])).toBe(false);
  expect(isEqualValue("1", 1)).toBe(false);
});
