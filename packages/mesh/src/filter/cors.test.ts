import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { PlainRequest, pairsOf } from "../../test/support/plain-head.ts";
import type { CorsDoc, FilterDoc } from "../model/document.ts";
import { PlainReplyHead } from "../net/plain-head.ts";
import { compileFilters, filterSchema, runReplyFilters, runRequestFilters } from "./index.ts";

// The cases of Gateway API's httproute-cors, and what Fetch §3.3 says beyond them.
const doc: CorsDoc = {
  type: "cors",
  allowOrigins: ["https://www.foo.com", "https://*.bar.com"],
  allowMethods: ["GET", "OPTIONS"],
  allowHeaders: ["x-header-1", "x-header-2"],
  exposeHeaders: ["x-header-3", "x-header-4"],
  allowCredentials: true,
  maxAgeS: 3600,
};
const open: CorsDoc = {
  ...doc,
  allowOrigins: ["*"],
  allowMethods: ["*"],
  allowHeaders: ["*"],
  exposeHeaders: ["*"],
  allowCredentials: false,
};

const preflightOf = (origin: string, method = "GET", headers: string | null = "x-header-1") =>
  new PlainRequest("OPTIONS", "/", [
    ["origin", origin],
    ["access-control-request-method", method],
    ...(headers === null ? [] : ([["access-control-request-headers", headers]] as const)),
  ]);

function preflight(doc: CorsDoc, head: PlainRequest) {
  const reply = runRequestFilters(compileFilters([doc])!.request!, head, { port: 80 });
  return reply === null ? null : { status: reply.status, ...Object.fromEntries(reply.fields) };
}

/** Fields of the reply to an ordinary request. */
function answer(
  docs: readonly FilterDoc[],
  origin: string | null,
  given: [string, string][] = [],
): [string, string][] {
  const chain = compileFilters(docs)!;
  const head = new PlainRequest("GET", "/", origin === null ? [] : [["origin", origin]]);
  expect(runRequestFilters(chain.request!, head, { port: 80 })).toBeNull();
  const reply = new PlainReplyHead(200, given);
  runReplyFilters(chain.reply!, reply, head);
  return pairsOf(reply);
}

const vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

describe("a preflight is answered by the proxy", () => {
  test.each(["https://www.foo.com", "https://www.bar.com", "https://xpto.www.bar.com"])(
    "with all that is allowed to %s",
    (origin) => {
      expect(preflight(doc, preflightOf(origin))).toEqual({
        status: 204,
        vary,
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, OPTIONS",
        "access-control-allow-headers": "x-header-1, x-header-2",
        "access-control-expose-headers": "x-header-3, x-header-4",
        "access-control-max-age": "3600",
      });
    },
  );

  test.each([
    "https://foobar.com",
    "http://www.foo.com",
    "https://www.foo.com:8443",
    "https://bar.com",
    "https://xbar.com",
    "null",
    "https://www.foo.com.evil.example",
  ])("with nothing to %s", (origin) => {
    expect(preflight(doc, preflightOf(origin))).toEqual({ status: 204, vary });
  });

  test("wildcards without credentials are said as they are", () => {
    expect(preflight(open, preflightOf("https://foobar.com:12345", "PUT"))).toEqual({
      status: 204,
      vary,
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "*",
      "access-control-allow-headers": "*",
      "access-control-expose-headers": "*",
      "access-control-max-age": "3600",
    });
  });

  test("wildcards with credentials are never said: what was asked for is", () => {
    const both = { ...open, allowCredentials: true };
    expect(preflight(both, preflightOf("https://a.b", "PUT", "x-1, x-2"))).toEqual({
      status: 204,
      vary,
      "access-control-allow-origin": "https://a.b",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "x-1, x-2",
      "access-control-max-age": "3600",
    });
    const none = preflight(both, preflightOf("https://a.b", "PUT", null));
    expect(none).not.toHaveProperty("access-control-allow-headers");
  });

  test("an OPTIONS that asks for no method is none, nor is one without origin", () => {
    expect(
      preflight(doc, new PlainRequest("OPTIONS", "/", [["origin", "https://a.b"]])),
    ).toBeNull();
    const field = ["access-control-request-method", "GET"] as const;
    expect(preflight(doc, new PlainRequest("OPTIONS", "/", [field]))).toBeNull();
  });
});

describe("the reply to any other request", () => {
  test("names the origin that is allowed, and what scripts may read", () => {
    expect(answer([doc], "https://www.foo.com")).toEqual([
      ["vary", "Origin"],
      ["access-control-allow-origin", "https://www.foo.com"],
      ["access-control-allow-credentials", "true"],
      ["access-control-expose-headers", "x-header-3, x-header-4"],
    ]);
    expect(answer([open], "https://a.b")).toEqual([
      ["access-control-allow-origin", "*"],
      ["access-control-expose-headers", "*"],
    ]);
  });

  test.each(["https://foobar.com", null])("says nothing to %s, but that it might", (origin) => {
    expect(answer([doc], origin)).toEqual([["vary", "Origin"]]);
  });

  test("the filter's word replaces the process's, and Vary is said once", () => {
    const given: [string, string][] = [
      ["access-control-allow-origin", "*"],
      ["vary", "accept, ORIGIN"],
    ];
    expect(answer([doc], "https://www.bar.com", given).slice(0, 2)).toEqual([
      ["access-control-allow-origin", "https://www.bar.com"],
      ["vary", "accept, ORIGIN"],
    ]);
  });

  test("an Origin that a later filter drops was seen all the same", () => {
    const drop: FilterDoc = { type: "request-headers", set: [], add: [], remove: ["origin"] };
    const name = "access-control-allow-origin";
    expect(new Map(answer([doc, drop], "https://www.foo.com")).get(name)).toBe(
      "https://www.foo.com",
    );
    expect(new Map(answer([drop, doc], "https://www.foo.com")).get(name)).toBeUndefined();
  });
});

test.each([
  ["https://a.b:*", "https://a.b:8443", true],
  ["https://a.b:*", "https://a.b", true],
  ["http://a.b:80", "http://a.b", true],
  ["https://A.b", "https://a.B", true],
  ["https://*", "https://a.b.c", true],
  ["https://*", "http://a.b.c", false],
  ["https://*:8443", "https://a.b:8443", true],
  ["https://*.b", "https://.b", false],
  ["https://a.b", "https://a.b/", false],
  ["https://a.b", "https://x@a.b", false],
])("of %s is %s: %s", (pattern, origin, isAllowed) => {
  const fields = answer([{ ...doc, allowOrigins: [pattern] }], origin);
  expect(new Map(fields).has("access-control-allow-origin")).toBe(isAllowed);
});

test.each([
  ["* beside another", { allowOrigins: ["*", "https://a.b"] }],
  ["an origin with a path", { allowOrigins: ["https://a.b/"] }],
  ["an origin without scheme", { allowOrigins: ["a.b"] }],
  ["a star inside a host", { allowOrigins: ["https://a.*.b"] }],
  ["a name with a line break", { exposeHeaders: ["a\r\nb: c"] }],
  ["* beside other methods", { allowMethods: ["*", "GET"] }],
])("%s is refused", (_, wrong) => {
  expect(v.safeParse(filterSchema, doc).success).toBe(true);
  expect(v.safeParse(filterSchema, open).success).toBe(true);
  expect(v.safeParse(filterSchema, { ...doc, ...wrong }).success).toBe(false);
});
