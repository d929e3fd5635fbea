import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { compileContractReader } from "./reader.ts";

const k = { parameter: "k", type: "integer" } as const;
const v = { parameter: "v", type: "opaque" } as const;
const operation = (edit: Partial<OperationDoc>): OperationDoc => ({
  name: "get",
  takes: ["k"],
  changes: false,
  method: "GET",
  path: [k],
  query: [],
  fields: [],
  body: null,
  gives: "opaque",
  ok: [200],
  refused: [],
  ...edit,
});
const put = operation({ name: "put", takes: ["k", "v"], changes: true, method: "PUT", body: v });
const contract = (
  operations: readonly OperationDoc[],
  edit: Partial<ContractDoc> = {},
): ContractDoc => ({
  name: "default/kvs",
  operations,
  key: "k",
  keyShare: 1,
  values: "hashed",
  hashKey: "00".repeat(16),
  valueBytesMax: 1024,
  callerField: null,
  ...edit,
});
const head = (method: string, path: string, fields: Record<string, string> = {}) =>
  ({ method, path, authority: "kvs", get: (name: string) => fields[name] ?? null }) as RequestHead;
const kvs = compileContractReader(contract([operation({}), put]));

describe("a request is an operation", () => {
  test("by its method and its path", () => {
    const reading = kvs.read(head("PUT", "/7?x=1"));
    expect(reading?.operation).toBe(put);
    expect(reading?.parameters).toEqual({ k: "7" });
    expect(reading?.key).toBe("7");
  });

  test.each(["/7", "/007", "/%37", "//7", "/0%30%37", "///07?a=b/c"])("%s is key 7", (path) => {
    expect(kvs.read(head("GET", path))?.key).toBe("7");
  });

  test("a parameter stays as it was spelled, but for escapes", () => {
    expect(kvs.read(head("GET", "/%30%307"))?.parameters).toEqual({ k: "007" });
  });

  test("a sign and any length are part of a number", () => {
    const long = "9".repeat(40);
    expect(kvs.read(head("GET", `/-00${long}`))?.key).toBe(`-${long}`);
    expect(kvs.read(head("GET", "/-0"))?.key).toBe("0");
  });

  test.each(["/", "/7/", "/a", "/7a", "/7/8", "/%zz", "*", "", "/1.5", "/+7", "/ 7"])(
    "%j is none",
    (path) => expect(kvs.read(head("GET", path))).toBeNull(),
  );

  test("of another method is none", () => {
    expect(kvs.read(head("HEAD", "/7"))).toBeNull();
    expect(kvs.read(head("get", "/7"))).toBeNull();
  });
});

describe("a template", () => {
  const read = (path: OperationDoc["path"], target: string) =>
    compileContractReader(contract([operation({ path, takes: [] })], { key: null })).read(
      head("GET", target),
    );
  const text = { parameter: "t", type: "opaque" } as const;

  test("has literals, compared decoded", () => {
    const path = [{ literal: "locks" }, text, { literal: "owner" }];
    expect(read(path, "/l%6Fcks/a%20b/owner")?.parameters).toEqual({ t: "a b" });
    expect(read([{ literal: "clés" }], "/cl%C3%A9s")).not.toBeNull();
    expect(read(path, "/locks/a/own")).toBeNull();
    expect(read(path, "/locks//owner")).toBeNull();
    expect(read(path, "/locks/a")).toBeNull();
  });

  test("without segments is the root alone", () => {
    expect(read([], "/")).not.toBeNull();
    expect(read([], "//?x")).not.toBeNull();
    expect(read([], "/a")).toBeNull();
    expect(read([], "*")).toBeNull();
  });

  test("ends in a slash where it says so", () => {
    expect(read([{ literal: "a" }, { literal: "" }], "/a/")).not.toBeNull();
    expect(read([{ literal: "a" }, { literal: "" }], "/a")).toBeNull();
  });

  test("gives text as UTF-8, and as latin1 where it is none", () => {
    expect(read([text], "/%C3%A9")?.parameters).toEqual({ t: "é" });
    expect(read([text], "/%E9")?.parameters).toEqual({ t: "é" });
  });
});

test("query and fields give parameters under names of their own; all must be there", () => {
  const withOthers = compileContractReader(
    contract([
      operation({
        path: [{ literal: "lock" }],
        query: [{ parameter: "k", name: "id", type: "integer" }],
        fields: [{ parameter: "owner", name: "x-owner", type: "opaque" }],
      }),
    ]),
  );
  const reading = withOthers.read(head("GET", "/lock?id=08&x=1", { "x-owner": "dana" }));
  expect(reading?.parameters).toEqual({ k: "08", owner: "dana" });
  expect(reading?.key).toBe("8");
  expect(withOthers.read(head("GET", "/lock?id=8"))).toBeNull();
  expect(withOthers.read(head("GET", "/lock", { "x-owner": "dana" }))).toBeNull();
  expect(withOthers.read(head("GET", "/lock?id=x", { "x-owner": "dana" }))).toBeNull();
});

test("without a key the whole service is one object", () => {
  const whole = compileContractReader(contract([operation({})], { key: null }));
  expect(whole.read(head("GET", "/7"))?.key).toBe("");
});

test("an operation without the key is not recorded", () => {
  const size = operation({ name: "size", takes: [], path: [{ literal: "size" }] });
  expect(compileContractReader(contract([size])).read(head("GET", "/size"))).toBeNull();
});

describe("of the keys a share is recorded", () => {
  const recorded = (keyShare: number) => {
    const reader = compileContractReader(contract([operation({}), put], { keyShare }));
    return Array.from({ length: 10_000 }, (_, key) => key).filter((key) => {
      const isRead = reader.read(head("GET", `/${key}`)) !== null;
      expect(reader.read(head("PUT", `/00${key}`)) !== null).toBe(isRead);
      return isRead;
    });
  };

  test("of the size that is asked for, whole keys only", () => {
    expect(Math.abs(recorded(0.2).length - 2000)).toBeLessThan(120);
    expect(recorded(1)).toHaveLength(10_000);
  });
  test("and more of the same with a greater one", () => {
    const more = new Set(recorded(0.5));
    expect(recorded(0.2).every((key) => more.has(key))).toBe(true);
  });
});

test("reads any target without failing, and one key for all spellings of a number", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (target) => {
      kvs.read(head("GET", target));
    }),
    { seed: 1 },
  );
  const spelled = (digits: string) =>
    fc
      .tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.infiniteStream(fc.boolean()),
      )
      .map(([slashes, zeros, escapes]) => {
        const written = [...`${"0".repeat(zeros)}${digits}`].map((digit) =>
          escapes.next().value ? `%3${digit}` : digit,
        );
        return "/".repeat(slashes) + written.join("");
      });
  fc.assert(
    fc.property(
      fc.nat().chain((number) => fc.tuple(fc.constant(String(number)), spelled(String(number)))),
      ([digits, target]) => {
        expect(kvs.read(head("GET", target))?.key).toBe(digits);
      },
    ),
    { seed: 2 },
  );
});
