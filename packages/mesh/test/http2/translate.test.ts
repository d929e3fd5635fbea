import type { RequestHead } from "@heddle/mesh/model/head.ts";
import type { BodyLength } from "@heddle/mesh/net/codec.ts";
import { Gather } from "@heddle/mesh/net/gather.ts";
import { frameRequest } from "@heddle/mesh/net/http1/framing.ts";
import { HeadReader } from "@heddle/mesh/net/http1/head-reader.ts";
import { defaultHttp1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { Http1RequestHead } from "@heddle/mesh/net/http1/request-head.ts";
import {
  appendReplyHead,
  appendRequestHead,
  headBytesBound,
} from "@heddle/mesh/net/http1/serialise.ts";
import { readRequestHead } from "@heddle/mesh/net/http2/read-request.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fieldOf,
  fieldsOf,
  get,
  goodReply,
  goodRequest,
  headLimits,
  post,
  webSocket,
} from "./heads.ts";

/** What a server of HTTP/1.1 gets of requests that came over HTTP/2 (H2.CL, H2.TE and their like). */

function write(head: RequestHead, length: BodyLength): string {
  const out = new Gather();
  appendRequestHead(out, head, length, null);
  expect(out.length).toBeLessThanOrEqual(headBytesBound(head));
  return out.bytes.toString("latin1", 0, out.length);
}

/** The head as HTTP/1.1 has it, or null where it was refused. */
function translate(lines: readonly string[], isEnd = true): string[] | null {
  const head = readRequestHead(fieldsOf(lines), isEnd, headLimits);
  return "reason" in head ? null : write(head, head.length).split("\r\n").slice(0, -2);
}

describe("a request of HTTP/2 as HTTP/1.1", () => {
  test("has its Host first, and no pseudo-header field", () => {
    expect(translate([...get, "accept */*", "b 1"])).toEqual([
      "GET / HTTP/1.1",
      "host: kvs",
      "accept: */*",
      "b: 1",
    ]);
  });

  test("has one Host, whatever named it", () => {
    const [method, scheme, , path] = get as [string, string, string, string];
    expect(translate([method, scheme, path, "host kvs:80", "b 1"])).toEqual([
      "GET / HTTP/1.1",
      "host: kvs:80",
      "b: 1",
    ]);
    expect(translate([...get, "host KVS"])).toEqual(["GET / HTTP/1.1", "host: kvs"]);
  });

  test("has its crumbs in one Cookie (RFC 9113 §8.2.3)", () => {
    expect(translate([...get, "cookie a=1", "b 1", "cookie c=2"])).toEqual([
      "GET / HTTP/1.1",
      "host: kvs",
      "cookie: a=1; c=2",
      "b: 1",
    ]);
  });

  test.each([
    [["content-length 5"], false, "content-length: 5"],
    [[], false, "transfer-encoding: chunked"],
    [["content-length 0"], true, "content-length: 0"],
    [[], true, "content-length: 0"],
  ])("POST with %j, stream ended: %s, is framed by %s alone", (lines, isEnd, framing) => {
    const written = translate([...post, ...lines], isEnd)!;
    expect(written.filter((line) => /^(content-length|transfer-encoding)/.test(line))).toEqual([
      framing,
    ]);
  });

  test("GET without a body is not framed", () => {
    expect(translate(get)).toEqual(["GET / HTTP/1.1", "host: kvs"]);
  });

  test("says itself that it takes trailers", () => {
    expect(translate([...get, "te Trailers"])).toEqual([
      "GET / HTTP/1.1",
      "host: kvs",
      "te: trailers",
      "connection: te",
    ]);
  });

  test("an extended CONNECT is an upgrade of GET", () => {
    expect(translate([...webSocket, "sec-websocket-version 13"], false)).toEqual([
      "GET / HTTP/1.1",
      "host: kvs",
      "sec-websocket-version: 13",
      "connection: upgrade",
      "upgrade: websocket",
    ]);
  });

  test("CONNECT has its authority for a target", () => {
    expect(translate([":method CONNECT", ":authority kvs:443"], false)).toEqual([
      "CONNECT kvs:443 HTTP/1.1",
      "host: kvs:443",
    ]);
  });
});

test("a reply of HTTP/2 as HTTP/1.1", () => {
  const out = new Gather();
  const head = goodReply(
    [":status 404", "set-cookie a=1", "set-cookie b=2", "content-length 5"],
    false,
  );
  appendReplyHead(out, head, { framing: 5, lengthField: "drop", closes: false });
  expect(out.bytes.toString("latin1", 0, out.length).split("\r\n")).toEqual([
    "HTTP/1.1 404 Not Found",
    "set-cookie: a=1",
    "set-cookie: b=2",
    "content-length: 5",
    "",
    "",
  ]);
});

describe("what would be more than one request there is none", () => {
  const smuggled = "GET /admin HTTP/1.1\r\nHost: kvs\r\n\r\n";
  test.each([
    [
      "H2.CL: a length that two read differently",
      [...post, "content-length 0", "content-length 5"],
      false,
    ],
    ["H2.CL: a list of lengths", [...post, "content-length 0, 5"], false],
    ["H2.CL: a length without octets", [...post, "content-length 5"], true],
    ["H2.CL: a length with a sign", [...post, "content-length +0"], false],
    ["H2.TE", [...post, "transfer-encoding chunked"], false],
    ["H2.TE in another case", [...post, "Transfer-Encoding chunked"], false],
    ["H2.TE with a colon in its name", [...post, "transfer-encoding: chunked"], false],
    ["H2.TE behind a blank", [...post, "transfer-encoding\t chunked"], false],
    ["H2.TE in a name", [...post, "a:\r\ntransfer-encoding chunked"], false],
    ["H2.TE in a value", [...post, "a b\r\ntransfer-encoding: chunked"], false],
    ["H2.TE behind a bare LF", [...post, "a b\ntransfer-encoding: chunked"], false],
    ["H2.TE behind a bare CR", [...post, "a b\rtransfer-encoding: chunked"], false],
    ["H2.TE in another spelling", [...post, "transfer_encoding chunked"], false],
    ["H2.TE named by connection", [...post, "connection transfer-encoding"], false],
    ["a request in a value", [...get, `a b\r\n\r\n${smuggled}`], true],
    ["a request in a name", [...get, `a\r\n\r\n${smuggled} b`], true],
    [
      "a request in :path",
      [...get.slice(0, 3), `:path / HTTP/1.1\r\nHost: kvs\r\n\r\n${smuggled}`],
      true,
    ],
    ["a version in :path", [...get.slice(0, 3), ":path / HTTP/1.1"], true],
    ["a request in :method", [`:method ${smuggled}GET`, ...get.slice(1)], true],
    ["a target in :method", [":method GET /admin", ...get.slice(1)], true],
    ["a Host in :authority", [...get.slice(0, 2), ":authority kvs\r\nX: 1", ":path /"], true],
    ["a path in :authority", [...get.slice(0, 2), ":authority kvs/admin?", ":path /"], true],
    [
      "a URI in :scheme",
      [":method GET", ":scheme http://kvs/admin?", ":authority kvs", ":path /"],
      true,
    ],
    ["a URI in :path", [...get.slice(0, 3), ":path http://other/"], true],
    ["two paths", [...get, ":path /admin"], true],
    ["two methods", [...get, ":method POST"], true],
    ["another Host", [...get, "host other"], true],
    ["no name", [...get, " b"], true],
    ["a name that is a colon", [...get, ": b"], true],
    ["a name that begins with one", [...get, ":host other"], true],
    ["NUL in a value", [...get, "a b\0c"], true],
    ["upgrade: h2c", [...get, "upgrade h2c", "http2-settings AAA"], true],
    ["h2c by an extended CONNECT", [":method CONNECT", ":protocol h2c", ...get.slice(1)], false],
    ["keep-alive", [...get, "keep-alive timeout=5"], true],
    ["proxy-connection", [...get, "proxy-connection keep-alive"], true],
    ["TE other than trailers", [...get, "te chunked"], true],
    ["CONNECT with a length", [":method CONNECT", ":authority kvs:80", "content-length 5"], false],
    ["PRI", [":method PRI", ":scheme http", ":authority kvs", ":path *"], true],
  ])("%s", (_what, lines, isEnd) => {
    expect(translate(lines, isEnd)).toBe(null);
  });

  test("blanks at the ends of a value are malformed, lest they be read as part of another line", () => {
    for (const value of [" b", "b ", "\tb", "b\t"])
      expect(translate([...get, `a ${value}`])).toBe(null);
  });
});

/** Lines that come near to what the rules are about. */
const trick = fc.constantFrom(
  "\r\n",
  "\n",
  "\r",
  "\0",
  ":",
  " ",
  "\t",
  "_",
  ",",
  "/",
  "a",
  "A",
  "0",
  "5",
  "\xe9",
  "\x7f",
  "#",
  "?",
);
const tricky = (base: string) =>
  fc
    .tuple(fc.constant(base), fc.nat({ max: base.length }), fc.array(trick, { maxLength: 2 }))
    .map(([text, at, tricks]) => text.slice(0, at) + tricks.join("") + text.slice(at));
const lineOf = fc.oneof(
  ...[
    ...get,
    ":method POST",
    ":protocol websocket",
    "host kvs",
    "content-length 5",
    "content-length 0",
    "transfer-encoding chunked",
    "connection close",
    "te trailers",
    "cookie a=b",
    "expect 100-continue",
    "upgrade h2c",
    "x-a b",
  ].map(tricky),
);

test("any field section is refused, or exactly one request to HTTP/1.1 that means the same", () => {
  let passed = 0;
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(lineOf, { maxLength: 4 }),
      fc.boolean(),
      (starts, lines, isEnd) => {
        const all = starts ? [...get, ...lines] : lines;
        const head = readRequestHead(all.map(fieldOf), isEnd, headLimits);
        if ("reason" in head) return;
        passed++;
        const text = write(head, head.length);
        const reader = new HeadReader("request", defaultHttp1Limits, null);
        const bytes = Buffer.from(text, "latin1");
        // The strict reader takes the whole as one head, to its last octet.
        expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
        const read = frameRequest(reader.scanner, reader.copyHead());
        if (!(read instanceof Http1RequestHead)) throw new Error(read.detail);
        expect(read.method).toBe(head.method);
        expect(read.path).toBe(head.path);
        expect(read.authority).toBe(head.authority);
        expect(read.upgrade).toBe(head.upgrade);
        expect(read.shape.length).toBe(head.length);
        expect(read.get("x-a")).toBe(head.get("x-a"));
        expect(read.get("cookie")).toBe(head.get("cookie"));
      },
    ),
    { seed: 9113, numRuns: 4000 },
  );
  expect(passed).toBeGreaterThan(300);
});

test("edits by filters show in HTTP/1.1 as in HTTP/2", () => {
  const head = goodRequest([...get, "a 1", "b 2"]);
  head.path = "/x";
  head.authority = "other";
  head.set("a", "3");
  head.remove("b");
  head.add("c", "4");
  expect(write(head, 0).split("\r\n")).toEqual([
    "GET /x HTTP/1.1",
    "host: other",
    "a: 3",
    "c: 4",
    "",
    "",
  ]);
});
