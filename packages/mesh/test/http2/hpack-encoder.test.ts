import { Gather } from "@heddle/mesh/net/gather.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHpackLimits } from "@heddle/mesh/net/http2/hpack/limits.ts";
import { TextCache } from "@heddle/mesh/net/http2/hpack/text-cache.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { added, indexed, type Line, passing, resize, secret } from "./hpack-blocks.ts";

const out = new Gather(16);

function block(encoder: HpackEncoder, ...fields: HpackField[]): number[] {
  out.length = 0;
  encoder.begin(out);
  for (const field of fields) encoder.field(out, field);
  return [...out.bytes.subarray(0, out.length)];
}

function repeated(name: string, value: string): HpackField {
  const field = new HpackField(name, value);
  field.isRepeated = true;
  return field;
}

test("what the static table holds is its index", () => {
  const fields = [
    [":method", "POST", 3],
    [":path", "/index.html", 5],
    [":status", "404", 13],
    ["accept-encoding", "gzip, deflate", 16],
    ["date", "", 33],
  ] as const;
  for (const [name, value, index] of fields) {
    expect(block(new HpackEncoder(), new HpackField(name, value))).toEqual(indexed(index));
  }
});

test("what comes once is a literal and takes no place; its name is an index where the static table has it", () => {
  const encoder = new HpackEncoder();
  expect(block(encoder, new HpackField("x-id", "7"))).toEqual(passing("x-id", "7"));
  expect(block(encoder, new HpackField(":path", "/7"))).toEqual([4, 2, 0x2f, 0x37]);
  expect(encoder.tableBytes).toBe(0);
});

test("what comes again goes into the table, and is an index from then on", () => {
  const encoder = new HpackEncoder();
  const one = repeated("one", "1");
  const two = repeated("two", "2");
  expect(block(encoder, one)).toEqual(added("one", "1"));
  expect(block(encoder, one, two, one, two)).toEqual(
    [indexed(62), added("two", "2"), indexed(63), indexed(62)].flat(),
  );
});

test("what is secret is never indexed, however often it comes (RFC 7541 §7.1.3)", () => {
  const encoder = new HpackEncoder();
  const field = new HpackField("password", "secret", true);
  field.isRepeated = true;
  for (let time = 0; time < 3; time++) {
    expect(block(encoder, field)).toEqual(secret("password", "secret"));
  }
  expect(block(encoder, new HpackField(":method", "GET", true))).toEqual([
    0x12, 3, 0x47, 0x45, 0x54,
  ]);
});

test("what is larger than half the table drives out nothing", () => {
  const encoder = new HpackEncoder();
  const small = repeated("small", "1");
  block(encoder, small);
  block(encoder, repeated("large", "x".repeat(2100)));
  expect(block(encoder, small)).toEqual(indexed(62));
});

test("what was driven out goes in again", () => {
  const encoder = new HpackEncoder();
  const fields = ["a", "b", "c"].map((name) => repeated(name, "x".repeat(1500)));
  block(encoder, ...fields);
  expect(encoder.tableBytes).toBe(2 * 1533);
  expect(block(encoder, fields[0]!)).toEqual(added("a", "x".repeat(1500)));
  expect(block(encoder, fields[0]!)).toEqual(indexed(62));
});

test("a table that the peer wants smaller is, and the next block says so", () => {
  const encoder = new HpackEncoder();
  const field = repeated("one", "1");
  block(encoder, field);
  encoder.setPeerTableBytesMax(0);
  expect(encoder.tableBytes).toBe(0);
  expect(block(encoder, field)).toEqual([...resize(0), ...passing("one", "1")]);
  expect(block(encoder, field)).toEqual(passing("one", "1"));
});

test("of several sizes between two blocks the smallest and the last are told (RFC 7541 §4.2)", () => {
  const encoder = new HpackEncoder();
  for (const size of [2000, 100, 50, 3000]) encoder.setPeerTableBytesMax(size);
  expect(block(encoder)).toEqual([...resize(50), ...resize(3000)]);
  encoder.setPeerTableBytesMax(3000);
  expect(block(encoder)).toEqual([]);
});

test("a table larger than ours is used as far as ours goes", () => {
  const encoder = new HpackEncoder();
  encoder.setPeerTableBytesMax(65_536);
  expect(block(encoder)).toEqual([]);
  encoder.setPeerTableBytesMax(100);
  encoder.setPeerTableBytesMax(65_536);
  expect(block(encoder)).toEqual([...resize(100), ...resize(4096)]);
});

const text = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});
const short = fc.oneof(
  fc.constantFrom(":path", ":status", "cookie", "a", "x-id"),
  fc.string({ maxLength: 4 }),
);
const line = fc.record({
  name: fc.oneof({ weight: 5, arbitrary: short }, { weight: 1, arbitrary: text }),
  value: fc.oneof(
    { weight: 5, arbitrary: fc.string({ maxLength: 3 }) },
    { weight: 1, arbitrary: text },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 5000 }).map((count) => "v".repeat(count)) },
  ),
  isSensitive: fc.boolean(),
});
const step = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 4, arbitrary: fc.array(fc.nat({ max: 11 }), { maxLength: 8 }) },
);

test("any fields under any sizes of the table arrive as they were, and both tables are one", () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 12, maxLength: 12 }),
      fc.array(step, { maxLength: 30 }),
      (pool, steps) => {
        const objects = pool.map(
          ({ name, value, isSensitive }) => new HpackField(name, value, isSensitive),
        );
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({ ...defaultHpackLimits, listBytesMax: 1e9 });
        let allowed = 4096;
        for (const each of steps) {
          if (typeof each === "number") {
            encoder.setPeerTableBytesMax(each);
            allowed = Math.min(each, 4096);
            continue;
          }
          const sent = each.map((index) => objects[index]!);
          const octets = Buffer.from(block(encoder, ...sent));
          for (const field of sent) field.isRepeated = true;
          const got: HpackField[] = [];
          expect(decoder.decode(octets, 0, octets.length, got)).toBe(null);
          const claims = (fields: readonly HpackField[]) =>
            fields.map(({ name, value, isSensitive }) => [name, value, isSensitive]);
          expect(claims(got)).toEqual(claims(sent));
          expect(decoder.tableBytes).toBe(encoder.tableBytes);
          expect(decoder.tableBytes).toBeLessThanOrEqual(allowed);
        }
      },
    ),
    { seed: 7541, numRuns: 1000 },
  );
});

test("ten thousand fields that come twice each leave no trace of those that were driven out", () => {
  const encoder = new HpackEncoder();
  for (let index = 0; index < 10_000; index++) block(encoder, repeated("x-id", String(index)));
  expect(encoder.tableBytes).toBeLessThanOrEqual(4096);
  expect(encoder.knownCount).toBeLessThan(300);
});

test("equal text is one object while it is in use; what is secret is one of its own", () => {
  const texts = new TextCache();
  const field = texts.field("name", "value");
  expect(field).toMatchObject({ isRepeated: false, isSensitive: false });
  expect(texts.field("name", "value")).toBe(field);
  expect(field.isRepeated).toBe(true);
  expect(texts.field("name", "other")).not.toBe(field);
  for (const [name, value] of [
    ["authorization", "Bearer 1"],
    ["cookie", "id=1"],
  ] as const satisfies Line[]) {
    const own = texts.field(name, value);
    expect(own.isSensitive).toBe(true);
    expect(texts.field(name, value)).not.toBe(own);
  }
  expect(texts.field("cookie", "id=0123456789abcdef0").isSensitive).toBe(false);
});
