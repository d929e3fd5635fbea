import { describe, expect, test } from "vitest";
import type { OperationDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { int, list, str, text } from "./algebra.ts";
import { definitions } from "./definition/index.ts";
import type { OperationSignature } from "./definition.ts";
import { type Binding, bindOperations, defaultKey } from "./http-binding.ts";
import { compileContractReader } from "./reader.ts";

const signature = (
  name: string,
  ...takes: readonly [name: string, sort: string][]
): OperationSignature => ({
  name,
  takes: takes.map(([parameter, sort]) => ({ name: parameter, sort })),
  gives: "str",
  changes: false,
});
const get = signature("get", ["k", "int"]);
const put = signature("put", ["k", "int"], ["v", "str"]);
const bind = (
  signatures: readonly OperationSignature[],
  bindings: Readonly<Record<string, Binding>>,
) => bindOperations(signatures, bindings);
const problemsOf = (binding: Partial<Binding>, of = put) =>
  bind([of], { [of.name]: { on: "PUT /{k}", body: str("v"), ok: [201], ...binding } }).problems;

describe("a binding becomes data", () => {
  test("with literals decoded, names of fields in lower case, and sorts as they are recorded", () => {
    const all = signature("all", ["a", "int"], ["b", "str"], ["c", "text"], ["d", "[int]"]);
    const { operations, problems } = bind([all], {
      all: {
        on: "POST /cl%C3%A9s/{a}/",
        query: { id: str("b") },
        fields: { "X-Name": text("c") },
        body: list(int)("d"),
        ok: [200, 204],
        refused: [409],
      },
    });
    expect(problems).toEqual([]);
    expect(operations).toEqual<readonly OperationDoc[]>([
      {
        name: "all",
        takes: ["a", "b", "c", "d"],
        changes: false,
        method: "POST",
        path: [{ literal: "clés" }, { parameter: "a", type: "integer" }, { literal: "" }],
        query: [{ name: "id", parameter: "b", type: "opaque" }],
        fields: [{ name: "x-name", parameter: "c", type: "text" }],
        body: { parameter: "d", type: "json" },
        gives: "opaque",
        ok: [200, 204],
        refused: [409],
      },
    ]);
  });

  test("that a reader reads", () => {
    const { operations } = bind([get], { get: { on: "GET /keys/{k}", ok: [200] } });
    const contract = {
      name: "d/x",
      operations,
      key: "k",
      keyShare: 1,
      values: "clear",
      hashKey: "",
      valueBytesMax: 1,
      callerField: null,
    } as const;
    const head = { method: "GET", path: "/keys/07", get: () => null } as unknown as RequestHead;
    expect(compileContractReader(contract).read(head)?.key).toBe("7");
  });
});

describe("what a binding must not say", () => {
  test.each<readonly [string, Partial<Binding>, string]>([
    [
      "no path",
      { on: "PUT" as never },
      'expected a method and a path, as in "GET /{k}", not "PUT"',
    ],
    [
      "a strange parameter",
      { on: "PUT /{k}/{q}" },
      "takes no q, but PUT /{k}/{q} and its other parts name it",
    ],
    ["one twice", { on: "PUT /{k}/{v}" }, "v is bound 2 times"],
    [
      "one nowhere",
      { on: "PUT /" },
      "k is bound nowhere: put it in the path, query, fields or body",
    ],
    ["a part of a segment", { on: "PUT /k-{k}" }, "k-{k}: a parameter is a whole segment, /{k}/"],
    ["an empty segment", { on: "PUT //{k}" }, "//{k} has an empty segment"],
    [
      "the query in the path",
      { on: "PUT /{k}?a" },
      "the query of /{k}?a is said under query, not in the path",
    ],
    ["no way to be done", { ok: [] }, "ok names no status: it could never be done"],
    ["a status twice", { refused: [201] }, "201 is both ok and refused"],
    ["no status", { ok: [99] }, "99 is no final status, 200 to 599"],
  ])("%s", (_, binding, problem) => {
    expect(problemsOf(binding)).toContain(`put: ${problem}`);
  });

  test("two parameters of one name, and names that no URL template has", () => {
    const twice = signature("put", ["k", "int"], ["k", "int"], ["v", "str"]);
    expect(problemsOf({}, twice)).toContain("put: takes two parameters named k");
    const strange = signature("put", ["k", "int"], ["v", "str"], ["a-b", "int"]);
    expect(problemsOf({ query: { q: int("a-b") } }, strange).join()).toContain('not "a-b"');
  });

  test("operations that are not there, and not all that are", () => {
    expect(
      bind([get, put], {
        get: { on: "GET /{k}", ok: [200] },
        erase: { on: "DELETE /{k}", ok: [200] },
      }).problems,
    ).toEqual([
      "put: http says nothing of it",
      "erase: http binds it, but there is no such operation",
    ]);
  });

  test.each([
    ["GET /{k}", "GET /{k}", true],
    ["GET /{k}", "GET /{t}", true],
    ["GET /7", "GET /{k}", true],
    ["GET /size", "GET /{k}", false],
    ["GET /size", "GET /{t}", true],
    ["GET /a/{k}", "GET /b/{k}", false],
    ["GET /{k}", "PUT /{k}", false],
    ["GET /{k}", "GET /{k}/", false],
  ] as const)("%s beside %s: one request may be both: %s", (one, other, isClash) => {
    const taken = (on: string) =>
      [...on.matchAll(/\{(\w)\}/g)].map(
        ([, name]) => [name!, name === "k" ? "int" : "str"] as const,
      );
    const [a, b] = [
      signature("a", ...(taken(one) as [string, string][])),
      signature("b", ...(taken(other) as [string, string][])),
    ];
    const { problems } = bind([a, b], { a: { on: one, ok: [200] }, b: { on: other, ok: [200] } });
    expect(problems.length).toBe(isClash ? 1 : 0);
    if (isClash) expect(problems[0]).toContain("one request may be both");
  });
});

test("the key is the first parameter that all operations take from their heads", () => {
  const keys = Object.entries(definitions).map(([name, { operations }]) => [
    name,
    defaultKey(operations),
  ]);
  expect(keys).toEqual([
    ["kvs", "k"],
    ["register", null],
    ["counter", "k"],
    ["lock", "k"],
    ["recommendation", "id"],
  ]);
  const { operations } = bind([put], { put: { on: "PUT /{v}", body: int("k"), ok: [200] } });
  expect(defaultKey(operations)).toBe("v");
  expect(defaultKey([])).toBeNull();
});
