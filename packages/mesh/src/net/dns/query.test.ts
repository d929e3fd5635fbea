import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseQuery, type Query, recordTypes, responseCodes } from "./query.ts";
import { formatRefusal, formatReply } from "./reply.ts";

const header = (counts: readonly number[], flags = 0x0100) =>
  Buffer.from([0x12, 0x34, flags >> 8, flags & 0xff, ...counts.flatMap((n) => [n >> 8, n & 0xff])]);
const nameOf = (...labels: readonly string[]) =>
  Buffer.concat([
    ...labels.map((label) =>
      Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]),
    ),
    Buffer.from([0]),
  ]);
const typed = (type: number, cls = 1) => Buffer.from([0, type, cls >> 8, cls & 0xff]);
const ask = (...labels: readonly string[]) =>
  Buffer.concat([header([1, 0, 0, 0]), nameOf(...labels), typed(recordTypes.A)]);
/** An OPT record of 4096 octets. */
const opt = Buffer.from([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);

function parsed(message: Buffer): Query {
  const result = parseQuery(message);
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.query;
}

/** What is said to a message that is not answered: a code, or null for silence. */
function refusal(message: Buffer): number | null | "none" {
  const result = parseQuery(message);
  if (result.ok) return "none";
  return result.id === null ? null : result.code;
}

test("a question is read, in whatever case it is asked", () => {
  const query = parsed(ask("KvS", "Default"));
  expect(query).toMatchObject({ id: 0x1234, name: "kvs.default", type: 1, udpBytesMax: null });
  expect(query.question.toString("latin1")).toContain("KvS");
  expect(parsed(ask()).name).toBe("");
});

test("EDNS says how much the asker takes, at least 512 octets", () => {
  const message = Buffer.concat([header([1, 0, 0, 1]), nameOf("kvs"), typed(1), opt]);
  expect(parsed(message).udpBytesMax).toBe(4096);
  message[message.length - 8] = 0;
  expect(parsed(message).udpBytesMax).toBe(512);
});

test("a dot within a label does not make another name", () => {
  expect(parsed(ask("kvs.default")).name).toBe("kvs\\046default");
  expect(parsed(ask("a\\046b")).name).toBe("a\\092046b");
});

describe("not answered as a question", () => {
  const { malformed, notImplemented, refused } = responseCodes;
  const one = header([1, 0, 0, 0]);
  const long = "x".repeat(63);
  test.each<[string, Buffer, number | null]>([
    ["nothing at all", Buffer.alloc(0), null],
    ["less than a header", ask("kvs").subarray(0, 11), null],
    ["an answer", Buffer.concat([header([1, 0, 0, 0], 0x8100), nameOf("kvs"), typed(1)]), null],
    [
      "a notify",
      Buffer.concat([header([1, 0, 0, 0], 0x2000), nameOf("kvs"), typed(1)]),
      notImplemented,
    ],
    ["no question", header([0, 0, 0, 0]), malformed],
    [
      "two questions",
      Buffer.concat([header([2, 0, 0, 0]), nameOf("a"), typed(1), nameOf("b"), typed(1)]),
      malformed,
    ],
    [
      "a question with an answer",
      Buffer.concat([header([1, 1, 0, 0]), nameOf("a"), typed(1)]),
      malformed,
    ],
    [
      "a name that points at itself",
      Buffer.concat([one, Buffer.from([0xc0, 12]), typed(1)]),
      malformed,
    ],
    [
      "a label of 64 octets",
      Buffer.concat([one, Buffer.from([64]), Buffer.alloc(64, 97), Buffer.from([0]), typed(1)]),
      malformed,
    ],
    [
      "a name of 257 octets",
      Buffer.concat([one, nameOf(long, long, long, long), typed(1)]),
      malformed,
    ],
    ["a name without an end", Buffer.concat([one, nameOf("kvs").subarray(0, 4)]), malformed],
    ["octets behind the last record", Buffer.concat([ask("kvs"), Buffer.from([0])]), malformed],
    [
      "a record that is cut",
      Buffer.concat([header([1, 0, 0, 1]), nameOf("kvs"), typed(1), opt.subarray(0, 9)]),
      malformed,
    ],
    [
      "two OPT records",
      Buffer.concat([header([1, 0, 0, 2]), nameOf("kvs"), typed(1), opt, opt]),
      malformed,
    ],
    ["class CHAOS", Buffer.concat([one, nameOf("version", "bind"), typed(16, 3)]), refused],
  ])("%s", (_, message, expected) => {
    expect(refusal(message)).toBe(expected);
  });

  test("the longest name there is, is one", () => {
    expect(parsed(ask(long, long, long, "y".repeat(61))).name).toHaveLength(253);
  });
});

test("whatever comes, nothing is thrown, and what is not a question is not answered as one", () => {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    // A good question with a few octets changed, and cut.
    fc
      .tuple(fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }), fc.nat(60))
      .map(([changes, length]) => {
        const good = Buffer.concat([header([1, 0, 0, 1]), nameOf("kvs", "default"), typed(1), opt]);
        for (const [at, value] of changes) good[at % good.length] = value;
        return good.subarray(0, good.length - (length > 50 ? length - 50 : 0));
      }),
  );
  fc.assert(
    fc.property(message, (bytes) => {
      const result = parseQuery(bytes);
      if (result.ok) {
        expect(result.query.question.length).toBeGreaterThanOrEqual(5);
        expect(bytes.readUInt16BE(4)).toBe(1);
        expect(bytes[2]! & 0xf8).toBe(0);
      } else if (result.id !== null) {
        expect(formatRefusal(result.id, result.code).readUInt16BE(0)).toBe(bytes.readUInt16BE(0));
      }
    }),
    { numRuns: 3000, seed: 6 },
  );
});

test("an answer says the question again as it was asked, and OPT to whom asked with OPT", () => {
  const address = { name: null, type: "A", address: "127.128.1.2" } as const;
  const reply = { code: 0, answers: [address], authority: [], additional: [] };
  const plain = formatReply(parsed(ask("KVS")), reply);
  expect(plain.toString("hex")).toBe(
    "123485800001000100000000" + // AA, RD, RA; one question, one answer
      "034b565300" +
      "00010001" +
      "c00c" +
      "00010001" +
      "00000005" +
      "0004" +
      "7f800102",
  );
  const extended = Buffer.concat([header([1, 0, 0, 1]), nameOf("kvs"), typed(1), opt]);
  const answer = formatReply(parsed(extended), reply);
  expect(answer.readUInt16BE(10)).toBe(1);
  expect(answer.subarray(-11).toString("hex")).toBe("0000290" + "4d0" + "00000000" + "0000");
});

test("a failure is not said with authority", () => {
  const failed = { code: responseCodes.serverFailure, answers: [], authority: [], additional: [] };
  expect(formatReply(parsed(ask("a")), failed)[2]! & 4).toBe(0);
});
