import { LiteralCache } from "@heddle/mesh/net/http2/hpack/literal-cache.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  added,
  bits,
  coded,
  Decoding,
  indexed,
  integer,
  type Line,
  passing,
  plain,
  resize,
  secret,
} from "./hpack-blocks.ts";

const decode = (...octets: number[][]) => new Decoding().lines(...octets);

describe("integers", () => {
  test.each([0, 1, 29, 30, 31, 32, 126, 127, 128, 255, 1337, 4096])(
    "a string of %i octets",
    (count) => {
      const text = "a".repeat(count);
      expect(decode(passing("n", text))).toEqual([["n", text]]);
    },
  );

  test("octets that add nothing are read", () => {
    const padded = [0, ...plain("n"), ...integer(0, 7, 200, 1), ...Buffer.from("a".repeat(200))];
    expect(decode(padded)).toEqual([["n", "a".repeat(200)]]);
  });

  test.each([
    ["an index", [255]],
    ["an index, continued", [255, 128]],
    ["a name's index", [127]],
    ["a size update", [63]],
    ["a length", [0, 127]],
  ])("%s cut short breaks the block", (_what, octets) => {
    expect(decode(octets)).toBe("cut within an integer");
  });

  test.each([
    ["2^28 and more", [255, 128, 128, 128, 128, 1]],
    ["2^32, which could wrap to 0", [255, 129, 255, 255, 255, 15]],
    ["2^63 and more", [255, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1]],
    ["no end of octets that add nothing", [255, ...Array<number>(40).fill(128), 0]],
  ])("%s is no index", (_what, octets) => {
    expect(decode(octets)).toBe("an integer of more than 28 bits");
  });
});

describe("strings", () => {
  test.each([
    ["no name", [0]],
    ["no value", [0, ...plain("n")]],
    ["no value for an index", [4]],
  ])("%s breaks the block", (_what, octets) => {
    expect(decode(octets)).toBe("cut within a literal");
  });

  test.each([
    ["a name", [0, 5, 97]],
    ["a value", [0, ...plain("n"), 3, 97, 97]],
    ["a coded value", [0, ...plain("n"), 128 | 3, 255, 255]],
    ["a value of 2^27", [0, ...plain("n"), 127, ...integer(0, 0, 2 ** 27).slice(1)]],
  ])("%s longer than its block breaks it", (_what, octets) => {
    expect(decode(octets)).toBe("a string longer than its block");
  });

  test("any octets pass as they are: what they may be is for the head's rules to say", () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, octet) => octet));
    expect(decode(passing("", all))).toEqual([["", all]]);
  });
});

/** Of each length of a code some symbols, as Appendix B lists them. */
const codes: [symbol: number, code: string][] = [
  [0x30, "00000"],
  [0x74, "01001"],
  [0x20, "010100"],
  [0x75, "101101"],
  [0x3a, "1011100"],
  [0x7a, "1111011"],
  [0x26, "11111000"],
  [0x5a, "11111101"],
  [0x21, "11111110 00"],
  [0x3f, "11111111 00"],
  [0x27, "11111111 010"],
  [0x7c, "11111111 100"],
  [0x23, "11111111 1010"],
  [0x00, "11111111 11000"],
  [0x7e, "11111111 11101"],
  [0x5e, "11111111 111100"],
  [0x7d, "11111111 111101"],
  [0x3c, "11111111 1111100"],
  [0x7b, "11111111 1111110"],
  [0x5c, "11111111 11111110 000"],
  [0xd0, "11111111 11111110 010"],
  [0x80, "11111111 11111110 0110"],
  [0x99, "11111111 11111110 11100"],
  [0x81, "11111111 11111111 010010"],
  [0x01, "11111111 11111111 1011000"],
  [0x09, "11111111 11111111 11101010"],
  [0xc7, "11111111 11111111 11110110 0"],
  [0xc0, "11111111 11111111 11111000 00"],
  [0xcb, "11111111 11111111 11111011 110"],
  [0xfe, "11111111 11111111 11111110 000"],
  [0x02, "11111111 11111111 11111110 0010"],
  [0xf9, "11111111 11111111 11111111 1110"],
  [0x0a, "11111111 11111111 11111111 111100"],
  [0x0d, "11111111 11111111 11111111 111101"],
  [0x16, "11111111 11111111 11111111 111110"],
];
const EOS = "11111111 11111111 11111111 111111";

const uncode = (octets: number[]) => decode([0, ...plain("n"), ...coded(octets)]);

describe("Huffman code", () => {
  test.each(codes)("octet %i at every place of an octet", (symbol, code) => {
    for (let before = 0; before < 8; before++) {
      const text = "0".repeat(before) + String.fromCharCode(symbol);
      expect(uncode(bits(`${"00000".repeat(before)} ${code}`))).toEqual([["n", text]]);
      expect(uncode(bits(`${"00000".repeat(before)} ${code} ${code} 00000`))).toEqual([
        ["n", `${text}${String.fromCharCode(symbol)}0`],
      ]);
    }
  });

  test("any text of these symbols", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...codes), { maxLength: 60 }), (chosen) => {
        const text = chosen.map(([symbol]) => String.fromCharCode(symbol)).join("");
        expect(uncode(bits(chosen.map(([, code]) => code).join("")))).toEqual([["n", text]]);
      }),
      { seed: 7541, numRuns: 300 },
    );
  });

  test.each([
    ["EOS", bits(EOS)],
    ["EOS behind a symbol", bits(`00000 ${EOS}`)],
    ["EOS between symbols", bits(`00000 ${EOS} 00000`)],
    ["eight bits of padding", [...bits("00000"), 255]],
    ["nothing but padding of an octet", [255]],
    ["padding of four octets", [255, 255, 255, 255]],
    ["padding of zeros", bits("00000", "0")],
    ["padding that ends in a zero", bits("00000 110")],
    ["padding that begins with a zero", bits("010100 01")],
    ["a code of 25 bits without its last", [255, 255, 246]],
    ["a long code cut at the octet", bits("11111111 11111110")],
  ])("%s is malformed", (_what, octets) => {
    expect(uncode(octets)).toBe("malformed Huffman code");
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("%i ones of padding", (count) => {
    const symbols = { 0: 8, 1: 3, 2: 6, 3: 1, 4: 4, 5: 7, 6: 2, 7: 5 }[count]!;
    expect(uncode(bits("00000".repeat(symbols)))).toEqual([["n", "0".repeat(symbols)]]);
  });

  test("no octets are no text", () => {
    expect(uncode([])).toEqual([["n", ""]]);
  });

  test("a long text outgrows no buffer", () => {
    expect(
      new Decoding({ listBytesMax: 1e6 }).lines([
        0,
        ...plain("n"),
        ...coded(bits("00000".repeat(40_000))),
      ]),
    ).toEqual([["n", "0".repeat(40_000)]]);
  });
});

describe("the table", () => {
  test.each([0, 62, 63, 1000])("index %i of nothing breaks the block", (index) => {
    expect(decode(indexed(index))).toBe("an index that nothing has");
    if (index > 0) expect(decode([...integer(0, 4, index), 0])).toBe("an index that nothing has");
  });

  test("every entry of the static table is there, and 61 is the last", () => {
    const lines = decode(...Array.from({ length: 61 }, (_, at) => indexed(at + 1))) as Line[];
    expect(lines).toHaveLength(61);
    expect(lines[0]).toEqual([":authority", ""]);
    expect(lines[60]).toEqual(["www-authenticate", ""]);
    expect(lines.filter(([, value]) => value !== "")).toEqual([
      [":method", "GET"],
      [":method", "POST"],
      [":path", "/"],
      [":path", "/index.html"],
      [":scheme", "http"],
      [":scheme", "https"],
      ...[200, 204, 206, 304, 400, 404, 500].map((status) => [":status", String(status)]),
      ["accept-encoding", "gzip, deflate"],
    ]);
  });

  test("an entry that does not fit empties the table and is no error", () => {
    const decoding = new Decoding();
    decoding.lines(resize(100), added("a", "1"), added("b", "2"));
    expect(decoding.decoder.tableBytes).toBe(68);
    expect(decoding.lines(added("c", "3".repeat(68)))).toEqual([["c", "3".repeat(68)]]);
    expect(decoding.decoder.tableBytes).toBe(0);
    expect(decoding.lines(indexed(62))).toBe("an index that nothing has");
  });

  test("an entry may take its name from the one that it drives out", () => {
    const decoding = new Decoding();
    decoding.lines(resize(64), added("name", "1"));
    expect(decoding.lines([...integer(64, 6, 62), ...plain("22")])).toEqual([["name", "22"]]);
    expect(decoding.lines(indexed(62), indexed(62))).toEqual([
      ["name", "22"],
      ["name", "22"],
    ]);
  });

  test("a size of 0 empties it, and what is larger again stays empty", () => {
    const decoding = new Decoding();
    decoding.lines(added("a", "1"));
    expect(decoding.lines(resize(0), resize(4096), indexed(2))).toEqual([[":method", "GET"]]);
    expect(decoding.lines(indexed(62))).toBe("an index that nothing has");
  });

  test("literals of the other kinds do not go in", () => {
    const decoding = new Decoding();
    decoding.lines(passing("a", "1"), secret("b", "2"));
    expect(decoding.decoder.tableBytes).toBe(0);
  });

  test("a size update behind a field breaks the block", () => {
    expect(decode(indexed(2), resize(100))).toBe("a table size update behind a field");
  });

  test("a third size update breaks the block", () => {
    expect(decode(resize(1), resize(2), resize(3))).toBe("more than two table size updates");
  });

  test("a table larger than was allowed is a limit, and the end of the connection", () => {
    expect(new Decoding().fields(resize(4097))).toEqual({
      kind: "compression",
      detail: "a table of 4097 octets",
      limit: "h2-table",
    });
    expect(new Decoding({ tableBytesMax: 8192 }).lines(resize(8192))).toEqual([]);
  });
});

describe("what a field section may come to", () => {
  test("one octet more is refused, and the tables stay right", () => {
    const decoding = new Decoding({ listBytesMax: 68 });
    expect(decoding.lines(added("a", "1"), indexed(62))).toHaveLength(2);
    expect(decoding.fields(added("b", "23"), indexed(62))).toEqual({
      kind: "list-too-large",
      detail: "a field section of 70 octets",
      limit: "h2-header-list",
    });
    expect(decoding.lines(indexed(62))).toEqual([["b", "23"]]);
    expect(decoding.lines(indexed(63))).toEqual([["a", "1"]]);
  });

  test("one field more is refused", () => {
    const decoding = new Decoding({ fieldsMax: 2 });
    expect(decoding.lines(indexed(2), indexed(4))).toHaveLength(2);
    expect(decoding.lines(indexed(2), indexed(4), indexed(6))).toBe("a field section of 3 fields");
  });

  test("a bomb of 16,000 indices to 4,000 octets each is counted, not built", () => {
    const decoding = new Decoding();
    decoding.lines(added("n", "v".repeat(4000)));
    const bomb = Array.from({ length: 16_000 }, () => indexed(62));
    const block = Buffer.from(bomb.flat());
    const fields: never[] = [];
    const fault = decoding.decoder.decode(block, 0, block.length, fields);
    expect(fault).toMatchObject({
      kind: "list-too-large",
      detail: "a field section of 64528000 octets",
    });
    expect(fields.length).toBeLessThan(16);
  });

  test("what is behind too much must still be well-formed", () => {
    expect(
      new Decoding({ fieldsMax: 1 }).fields(indexed(2), indexed(2), indexed(99)),
    ).toMatchObject({
      kind: "compression",
    });
  });
});

describe("any octets", () => {
  test("give fields or a fault, and are never read beyond their end", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (blocks) => {
        const decoding = new Decoding();
        const alone = new Decoding();
        for (const block of blocks) {
          const fields: never[] = [];
          const fault = alone.decoder.decode(Buffer.from(block), 0, block.length, fields);
          expect(decoding.fields([...block])).toEqual(fault ?? fields);
          expect(decoding.decoder.tableBytes).toBeLessThanOrEqual(4096);
          if (fault?.kind === "compression") return;
        }
      }),
      { seed: 7541, numRuns: 2000 },
    );
  });
});

const word = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 3 });
const representation = fc.oneof(
  fc.tuple(word, word).map(([name, value]) => added(name, value)),
  fc.tuple(word, word).map(([name, value]) => passing(name, value)),
  fc.tuple(word, word).map(([name, value]) => secret(name, value)),
  fc
    .tuple(fc.constantFrom(0, 16, 64), fc.integer({ min: 1, max: 64 }), word)
    .map(([mark, index, value]) => [...integer(mark, mark === 64 ? 6 : 4, index), ...plain(value)]),
  fc.integer({ min: 1, max: 66 }).map(indexed),
);

test("literals known by their octets are what they would be decoded anew", () => {
  const literals = new LiteralCache();
  fc.assert(
    fc.property(
      fc.array(fc.array(representation, { maxLength: 8 }), { maxLength: 8 }),
      (blocks) => {
        const known = new Decoding({}, literals);
        const anew = new Decoding();
        for (const block of blocks) {
          const wanted = anew.fields(...block);
          const fields = known.fields(...block);
          const claims = (each: typeof fields) =>
            Array.isArray(each)
              ? each.map(({ name, value, size, isSensitive }) => ({
                  name,
                  value,
                  size,
                  isSensitive,
                }))
              : each;
          expect(claims(fields)).toEqual(claims(wanted));
          if (!Array.isArray(wanted)) return;
        }
      },
    ),
    { seed: 7541, numRuns: 1000 },
  );
});

test("a literal that comes a third time is the object it was; one that is secret never is", () => {
  const literals = new LiteralCache();
  const one = (octets: number[]) => {
    const fields = new Decoding({}, literals).fields(octets);
    return Array.isArray(fields) ? fields[0] : fields;
  };
  one(passing("x", "1"));
  const second = one(passing("x", "1"));
  expect(one(passing("x", "1"))).toBe(second);
  expect(one(added("x", "1"))).toBe(second);
  one(secret("y", "1"));
  one(secret("y", "1"));
  expect(one(secret("y", "1"))).not.toBe(one(secret("y", "1")));
  expect(one(passing("x", "1"))).toMatchObject({ isRepeated: true, isSensitive: false });
  expect(one(secret("x", "1"))).toMatchObject({ isSensitive: true });
});
