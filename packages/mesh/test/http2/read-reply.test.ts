import { readTrailers } from "@heddle/mesh/net/http2/read-trailers.ts";
import { describe, expect, test } from "vitest";
import { fieldsOf, goodReply, linesOf, readReply } from "./heads.ts";

const malformed = (detail: string) => ({ reason: "bad-response", detail });
const head = { method: "HEAD", isUpgrade: false };
const connect = { method: "CONNECT", isUpgrade: false };
const upgrade = { method: "GET", isUpgrade: true };

describe(":status (RFC 9113 §8.3.2)", () => {
  test.each(["200", "599", "299"])("%s", (status) => {
    expect(goodReply([`:status ${status}`])).toMatchObject({ status: Number(status), length: 0 });
  });

  test.each(["", "0", "20", "099", "600", "999", "2000", "+20", "2x0", "200 OK", "\xb2\xb2\xb2"])(
    "%j",
    (status) => {
      expect(readReply([`:status ${status}`])).toEqual(malformed("malformed :status"));
    },
  );

  test.each([
    [[], "no :status"],
    [["a 1"], "no :status"],
    [[":status 200", ":status 200"], ":status behind a field, or twice"],
    [["a 1", ":status 200"], ":status behind a field, or twice"],
    [[":status 200", ":path /"], ":path in a reply"],
    [[":method GET", ":status 200"], ":method in a reply"],
    [[":status 200", ":reason OK"], "a pseudo-header field that nobody has defined"],
    [[":status 200", "Server x"], "a field name that is no token in lower case"],
    [[":status 200", "a b\r\nc: d"], "control characters or blanks at the ends of a"],
    [[":status 200", "connection close"], "connection, which HTTP/2 has no use for"],
    [
      [":status 200", "transfer-encoding chunked"],
      "transfer-encoding, which HTTP/2 has no use for",
    ],
    [[":status 200", "upgrade h2c"], "upgrade, which HTTP/2 has no use for"],
  ])("%j", (lines, detail) => {
    expect(readReply(lines)).toEqual(malformed(detail));
  });

  test("101 is not of this version (RFC 9113 §8.6), not even where an upgrade was asked", () => {
    const fault = malformed("101, which HTTP/2 does not have");
    expect(readReply([":status 101"], false)).toEqual(fault);
    expect(readReply([":status 101"], false, upgrade)).toEqual(fault);
  });

  test("an interim reply does not end the stream", () => {
    expect(goodReply([":status 103", "link </a>"], false)).toMatchObject({
      status: 103,
      length: 0,
    });
    expect(readReply([":status 103"], true)).toEqual(
      malformed("an interim reply that ends the stream"),
    );
  });
});

describe("how long the body is", () => {
  test.each([
    [[":status 200"], false, "chunked"],
    [[":status 200"], true, 0],
    [[":status 200", "content-length 5"], false, 5],
    [[":status 200", "content-length 0"], true, 0],
    [[":status 204"], false, 0],
    [[":status 304", "content-length 5"], true, 0],
    [[":status 103", "content-length 5"], false, 0],
  ])("%j, stream ended: %s: %s", (lines, isEnd, length) => {
    expect(goodReply(lines, isEnd).length).toBe(length);
  });

  test("of a HEAD it is none, whatever is said", () => {
    expect(goodReply([":status 200", "content-length 5"], true, head)).toMatchObject({
      length: 0,
      contentLength: 5,
    });
    expect(goodReply([":status 200"], false, head).length).toBe(0);
  });

  test.each([
    [["content-length 5"], "content-length without a body"],
    [["content-length 5", "content-length 5"], "several content-length fields"],
    [["content-length 05"], "malformed content-length"],
    [["content-length 5, 5"], "malformed content-length"],
  ])("%j", (lines, detail) => {
    expect(readReply([":status 200", ...lines])).toEqual(malformed(detail));
  });
});

describe("tunnels", () => {
  test.each([200, 201, 299])("%i to CONNECT grants it, and a length means nothing", (status) => {
    const reply = goodReply([`:status ${status}`, "content-length 5", "a 1"], false, connect);
    expect(reply).toMatchObject({ status, length: "tunnel" });
    expect(linesOf(reply)).toEqual(["a 1"]);
  });

  test("200 to an extended CONNECT reads as 101, as everywhere in the proxy", () => {
    const reply = goodReply([":status 200", "sec-websocket-protocol chat"], false, upgrade);
    expect(reply).toMatchObject({ status: 101, length: "tunnel" });
    expect(linesOf(reply)).toEqual(["sec-websocket-protocol chat"]);
  });

  test.each([connect, upgrade])("403 grants nothing (%j)", (asked) => {
    expect(goodReply([":status 403", "content-length 5"], false, asked)).toMatchObject({
      status: 403,
      length: 5,
    });
  });
});

test("what belongs to one hop, or to requests, goes no further", () => {
  const lines = [":status 200", "proxy-authenticate Basic", "te trailers", "host kvs", "a 1"];
  expect(linesOf(goodReply(lines))).toEqual(["a 1"]);
});

describe("trailers (RFC 9113 §8.1)", () => {
  const read = (...lines: string[]) => {
    const trailers = readTrailers(fieldsOf(lines));
    return trailers === null || typeof trailers === "string" ? trailers : linesOf(trailers);
  };

  test("pass in order", () => {
    expect(read("grpc-status 0", "grpc-message", "b 1", "a 2", "b 3")).toEqual([
      "grpc-status 0",
      "grpc-message",
      "b 1",
      "a 2",
      "b 3",
    ]);
  });

  test.each([
    [":status 200", ":status in trailers"],
    [":path /", ":path in trailers"],
    [":x 1", "a pseudo-header field that nobody has defined"],
    ["A 1", "a field name that is no token in lower case"],
    ["a 1\n", "control characters or blanks at the ends of a"],
    ["connection close", "connection, which HTTP/2 has no use for"],
    ["transfer-encoding chunked", "transfer-encoding, which HTTP/2 has no use for"],
  ])("%j is malformed", (line, detail) => {
    expect(read("a 1", line)).toBe(detail);
  });

  test.each([
    "content-length 5",
    "host kvs",
    "authorization x",
    "cookie a=b",
    "set-cookie a=b",
    "content-type a/b",
    "x-forwarded-for 1",
    "te trailers",
    "expect 100-continue",
    "via 1.1 x",
    "proxy-authorization x",
  ])("%s is none and goes no further (RFC 9110 §6.5.1)", (line) => {
    expect(read(line)).toBe(null);
    expect(read("a 1", line, "b 2")).toEqual(["a 1", "b 2"]);
  });
});
