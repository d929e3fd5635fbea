import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { PlainRequest, pairsOf } from "../../test/support/plain-head.ts";
import type { FilterDoc } from "../model/document.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import { compileFilters, filterSchema, runReplyFilters, runRequestFilters } from "./index.ts";

const nothing = { set: [], add: [], remove: [] };

function forward(docs: readonly FilterDoc[], head: PlainRequest): PlainRequest {
  expect(runRequestFilters(compileFilters(docs)!.request!, head, { port: 80 })).toBeNull();
  return head;
}

test("filters that do nothing are no filters", () => {
  expect(compileFilters([])).toBeNull();
  expect(compileFilters([{ type: "request-headers", ...nothing }])).toBeNull();
});

describe("header edits", () => {
  const edit = (edits: Partial<typeof nothing>, fields: [string, string][]) =>
    pairsOf(
      forward(
        [{ type: "request-headers", ...nothing, ...edits }],
        new PlainRequest("GET", "/", fields),
      ),
    );

  test("set replaces all of the name and keeps the rest", () => {
    const set = [{ name: "x", value: "new" }] as never[];
    expect(
      edit({ set }, [
        ["x", "1"],
        ["y", "2"],
        ["x", "3"],
      ]),
    ).toEqual([
      ["x", "new"],
      ["y", "2"],
    ]);
  });

  test("values go out as UTF-8", () => {
    const values = { set: [{ name: "x", value: "€" }], add: [{ name: "y", value: "ü" }] };
    expect(edit(values as never, [])).toEqual([
      ["x", "\xe2\x82\xac"],
      ["y", "\xc3\xbc"],
    ]);
  });

  test("add joins to what is there, set-cookie apart", () => {
    const add = [
      { name: "x", value: "c" },
      { name: "set-cookie", value: "z=1" },
      { name: "n", value: "1" },
    ] as never[];
    expect(
      edit({ add }, [
        ["x", "a"],
        ["set-cookie", "y=1"],
        ["x", "b"],
      ]),
    ).toEqual([
      ["x", "a,b,c"],
      ["set-cookie", "y=1"],
      ["set-cookie", "z=1"],
      ["n", "1"],
    ]);
  });

  test("remove removes every one", () => {
    expect(
      edit({ remove: ["x"] as never[] }, [
        ["x", "1"],
        ["y", "2"],
        ["x", "3"],
      ]),
    ).toEqual([["y", "2"]]);
  });

  test("on replies the last filter comes first", () => {
    const set = (value: string): FilterDoc => ({
      type: "reply-headers",
      ...nothing,
      set: [{ name: "x", value }],
    });
    const chain = compileFilters([set("outer"), set("inner")])!;
    const head = new PlainReplyHead(200);
    runReplyFilters(chain.reply!, head, new PlainRequest("GET", "/"));
    expect(chain.request).toBeNull();
    expect(head.get("x")).toBe("outer");
  });
});

describe("url-rewrite", () => {
  // Gateway API, HTTPPathModifier.replacePrefixMatch, and what follows from it.
  test.each([
    ["/foo/bar", "/foo", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo", "/xyz/", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz", "/xyz/bar"],
    ["/foo/bar", "/foo/", "/xyz/", "/xyz/bar"],
    ["/foo", "/foo", "/xyz", "/xyz"],
    ["/foo/", "/foo", "/xyz", "/xyz/"],
    ["/foo/bar", "/foo", "", "/bar"],
    ["/foo/", "/foo", "", "/"],
    ["/foo", "/foo", "", "/"],
    ["/foo/", "/foo", "/", "/"],
    ["/foo", "/foo", "/", "/"],
    ["/a", "/", "/xyz", "/xyz/a"],
    ["/", "/", "/xyz", "/xyz/"],
    ["/foo?a=/foo", "/foo", "", "/?a=/foo"],
    ["/foo/bar?a=b?c", "/foo", "/x", "/x/bar?a=b?c"],
  ])("%s, prefix %s by %j, is %s", (path, from, value, expected) => {
    const doc: FilterDoc = {
      type: "url-rewrite",
      hostname: null,
      path: { replace: "prefix", from, value },
    };
    expect(forward([doc], new PlainRequest("GET", path)).path).toBe(expected);
  });

  test("the whole path is replaced, the query and the authority are kept", () => {
    const doc: FilterDoc = {
      type: "url-rewrite",
      hostname: null,
      path: { replace: "full", value: "/one" },
    };
    const head = forward([doc], new PlainRequest("GET", "/a/b?c=d"));
    expect([head.path, head.authority]).toEqual(["/one?c=d", "kvs"]);
  });

  test("the host name replaces the authority and leaves the path", () => {
    const doc: FilterDoc = { type: "url-rewrite", hostname: "one.example", path: null };
    const head = forward([doc], new PlainRequest("GET", "/a?b", [], "kvs:80"));
    expect([head.path, head.authority]).toEqual(["/a?b", "one.example"]);
  });
});

describe("a filter document is refused when", () => {
  test.each([
    ["its type is unknown", { type: "teleport" }],
    ["it has no type", {}],
    ["it is no object", null],
    ["it has a field of its own", { type: "request-headers", ...nothing, ratio: 1 }],
    [
      "a header value holds a line break",
      { type: "request-headers", ...nothing, set: [{ name: "a", value: "b\r\nc: d" }] },
    ],
    ["a header name is not lower case", { type: "reply-headers", ...nothing, remove: ["X-A"] }],
    [
      "a path holds a query",
      { type: "url-rewrite", hostname: null, path: { replace: "full", value: "/a?b" } },
    ],
    ...['"', "<", ">", "\\", "`", "^", "{", "|", " ", "é", "%zz", "%2f", "/../b"].map(
      (octets): [string, object] => [
        `a path holds ${octets}`,
        {
          type: "url-rewrite",
          hostname: null,
          path: { replace: "prefix", from: "/a", value: `/a${octets}` },
        },
      ],
    ),
    [
      "a full path is empty",
      { type: "url-rewrite", hostname: null, path: { replace: "full", value: "" } },
    ],
  ])("%s", (_, doc) => {
    expect(v.safeParse(filterSchema, doc).success).toBe(false);
  });

  test("and accepted otherwise", () => {
    const docs: FilterDoc[] = [
      {
        type: "request-headers",
        ...nothing,
        set: [
          { name: "x-a", value: "b c" },
          { name: "x-b", value: "" },
        ],
      },
      {
        type: "url-rewrite",
        hostname: "a.b",
        path: { replace: "prefix", from: "/foo", value: "" },
      },
    ];
    for (const doc of docs) expect(v.safeParse(filterSchema, doc).success).toBe(true);
  });
});
