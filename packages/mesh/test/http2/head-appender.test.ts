import { AssertionError } from "@heddle/mesh/base/assert.ts";
import type { ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type { BodyLength } from "@heddle/mesh/net/codec.ts";
import { frameReply, frameRequest, type ReplyShape } from "@heddle/mesh/net/http1/framing.ts";
import { HeadReader } from "@heddle/mesh/net/http1/head-reader.ts";
import { defaultHttp1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { Http1RequestHead } from "@heddle/mesh/net/http1/request-head.ts";
import { HeadAppender } from "@heddle/mesh/net/http2/head-appender.ts";
import { PlainFields, PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { describe, expect, test } from "vitest";
import { appended, get, goodReply, goodRequest, webSocket } from "./heads.ts";

function http1(...lines: string[]): Http1RequestHead {
  const reader = new HeadReader("request", defaultHttp1Limits, null);
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
  const head = frameRequest(reader.scanner, reader.copyHead());
  if (!(head instanceof Http1RequestHead)) throw new Error(head.detail);
  return head;
}

function http1Reply(...lines: string[]): ReplyHead {
  const reader = new HeadReader("reply", defaultHttp1Limits, null);
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
  return (frameReply(reader.scanner, reader.copyHead(), "GET") as ReplyShape).head;
}

const send = (head: RequestHead, length: BodyLength = 0, via: string | null = null) =>
  appended((encoder, out) => new HeadAppender(via).request(encoder, out, head, length));

const answer = (head: ReplyHead, length: number | null | "kept" = null) =>
  appended((encoder, out) => new HeadAppender("1.1 x").reply(encoder, out, head, length));

describe("requests of HTTP/2", () => {
  test("pass as they came, crumbs too", () => {
    const lines = [
      ...get,
      "b 1",
      "cookie aaaaaaaaaaaaaaaaaaaa=1",
      "cookie b=2",
      "te trailers",
      "b 3",
    ];
    expect(send(goodRequest(lines))).toEqual([
      ":method GET",
      ":scheme http",
      ":path /",
      ":authority kvs",
      ...lines.slice(4),
    ]);
  });

  test("host becomes :authority", () => {
    const lines = [":method GET", ":scheme https", ":path /", "a 1", "host kvs"];
    expect(send(goodRequest(lines))).toEqual([
      ":method GET",
      ":scheme https",
      ":path /",
      ":authority kvs",
      "a 1",
    ]);
  });

  test("an upgrade is an extended CONNECT again", () => {
    expect(send(goodRequest([...webSocket, "sec-websocket-version 13"], false), "tunnel")).toEqual([
      ":method CONNECT",
      ":protocol websocket",
      ":scheme http",
      ":path /",
      ":authority kvs",
      "sec-websocket-version 13",
    ]);
  });

  test("CONNECT has neither :scheme nor :path", () => {
    expect(send(goodRequest([":method CONNECT", ":authority kvs:80"], false), "tunnel")).toEqual([
      ":method CONNECT",
      ":authority kvs:80",
    ]);
  });

  test("edits show", () => {
    const head = goodRequest([...get, "a 1", "b 2"]);
    head.method = "PUT";
    head.path = "/b";
    head.authority = "other";
    head.set("a", "3");
    head.remove("b");
    expect(send(head)).toEqual([
      ":method PUT",
      ":scheme http",
      ":path /b",
      ":authority other",
      "a 3",
    ]);
  });

  test("what a filter may not put there stays behind, or is our bug", () => {
    const head = goodRequest(get);
    head.set("connection", "close");
    head.set("transfer-encoding", "chunked");
    head.set("proxy-authorization", "x");
    expect(send(head)).toHaveLength(4);
    const bad = (edit: (head: RequestHead) => void) => {
      const edited = goodRequest(get);
      edit(edited);
      expect(() => send(edited)).toThrow(AssertionError);
    };
    bad((each) => each.set("a", "b\r\nc: d"));
    bad((each) => each.set("A", "b"));
    bad((each) => {
      each.path = "/ HTTP/1.1";
    });
    bad((each) => {
      each.path = "/a#b";
    });
    bad((each) => {
      each.method = "G T";
    });
    bad((each) => {
      each.authority = "kvs/";
    });
  });
});

test("a rewrite may put into a path what no client may", () => {
  const head = goodRequest(get);
  head.path = "/<a>";
  expect(send(head)[2]).toBe(":path /<a>");
});

describe("requests of HTTP/1.1", () => {
  test("names in lower case, Host is :authority, what is of one hop stays behind", () => {
    const head = http1(
      "PUT /a?b HTTP/1.1",
      "Host: kvs:80",
      "X-One: 1",
      "Connection: close, x-named, keep-alive",
      "Keep-Alive: timeout=5",
      "X-Named: 2",
      "Proxy-Connection: x",
      "Proxy-Authorization: x",
      "TE: gzip",
      "Upgrade: h2c",
      "HTTP2-Settings: AAA",
      "X-One: 3",
    );
    expect(send(head)).toEqual([
      ":method PUT",
      ":scheme http",
      ":path /a?b",
      ":authority kvs:80",
      "x-one 1",
      "http2-settings AAA",
      "x-one 3",
    ]);
  });

  test.each([
    [
      "GET http://other:81/x HTTP/1.1",
      [":method GET", ":scheme http", ":path /x", ":authority other:81"],
    ],
    ["GET https://other HTTP/1.1", [":method GET", ":scheme https", ":path /", ":authority other"]],
    ["OPTIONS * HTTP/1.1", [":method OPTIONS", ":scheme http", ":path *", ":authority kvs"]],
    [
      "OPTIONS http://kvs HTTP/1.1",
      [":method OPTIONS", ":scheme http", ":path *", ":authority kvs"],
    ],
    ["CONNECT kvs:443 HTTP/1.1", [":method CONNECT", ":authority kvs:443"]],
  ])("%s", (line, fields) => {
    expect(send(http1(line, "Host: kvs"), line.startsWith("CONNECT") ? "tunnel" : 0)).toEqual(
      fields,
    );
  });

  test("TE that names trailers is te: trailers", () => {
    expect(
      send(http1("GET / HTTP/1.1", "Host: kvs", "Connection: te", "TE: gzip, trailers")),
    ).toContain("te trailers");
  });

  test("chunks are not said; a length is if the body has it", () => {
    const chunked = http1("POST / HTTP/1.1", "Host: kvs", "Transfer-Encoding: chunked");
    expect(send(chunked, "chunked")).toHaveLength(4);
    const sized = () => http1("POST / HTTP/1.1", "Host: kvs", "Content-Length: 5");
    expect(send(sized(), 5)).toContain("content-length 5");
    expect(send(sized(), "chunked")).toHaveLength(4);
    expect(send(sized(), 7).slice(4)).toEqual(["content-length 7"]);
  });

  test("edits show", () => {
    const head = http1("GET / HTTP/1.1", "Host: kvs", "A: 1", "B: 2", "A: 3");
    head.set("a", "4");
    head.remove("b");
    head.add("c", "5");
    head.authority = "other";
    expect(send(head).slice(3)).toEqual([":authority other", "a 4", "c 5"]);
  });

  test("an upgrade is an extended CONNECT for the protocol liked best, without the handshake of HTTP/1.1", () => {
    const head = http1(
      "GET /chat HTTP/1.1",
      "Host: kvs",
      "Sec-WebSocket-Key: x",
      "Sec-WebSocket-Version: 13",
    );
    head.upgrade = "websocket, other";
    expect(send(head, "tunnel")).toEqual([
      ":method CONNECT",
      ":protocol websocket",
      ":scheme http",
      ":path /chat",
      ":authority kvs",
      "sec-websocket-version 13",
    ]);
  });

  test("what must not be guessed is never indexed", () => {
    const head = http1("GET / HTTP/1.1", "Host: kvs", "Authorization: Bearer 1", "Cookie: id=1");
    expect(send(head).slice(4)).toEqual(["!authorization Bearer 1", "!cookie id=1"]);
  });
});

describe("via (RFC 9110 §7.6.3)", () => {
  const via = (lines: string[]) =>
    send(goodRequest([...get, ...lines]), 0, "1.1 x").filter((line) => line.startsWith("via"));

  test.each([
    [[], ["via 1.1 x"]],
    [["via 1.1 y"], ["via 1.1 y", "via 1.1 x"]],
    [["via 1.1 x"], ["via 1.1 x"]],
    [["via 1.1 y, 1.1 x"], ["via 1.1 y, 1.1 x"]],
    [
      ["via 1.1 x", "via 1.1 y"],
      ["via 1.1 x", "via 1.1 y", "via 1.1 x"],
    ],
  ])("behind %j", (lines, wanted) => {
    expect(via(lines)).toEqual(wanted);
  });

  test("of HTTP/1.1 likewise, and none where none is wanted", () => {
    const head = () => http1("GET / HTTP/1.1", "Host: kvs", "Via: 1.1 x");
    expect(send(head(), 0, "1.1 x").slice(4)).toEqual(["via 1.1 x"]);
    expect(send(head(), 0, "1.1 z").slice(4)).toEqual(["via 1.1 x", "via 1.1 z"]);
    expect(send(goodRequest(get), 0, null)).toHaveLength(4);
  });
});

describe("replies", () => {
  test("of HTTP/2", () => {
    const head = goodReply([":status 404", "a 1", "content-length 5"], false);
    expect(answer(head, 5)).toEqual([":status 404", "a 1", "content-length 5"]);
    expect(answer(head, null)).toEqual([":status 404", "a 1"]);
    expect(answer(head, 7)).toEqual([":status 404", "a 1", "content-length 7"]);
    expect(answer(head, "kept")).toEqual([":status 404", "a 1", "content-length 5"]);
    head.status = 500;
    expect(answer(head, 0)).toEqual([":status 500", "a 1", "content-length 0"]);
  });

  test.each([103, 204])("%i says no length (RFC 9110 §8.6)", (status) => {
    const head = goodReply([`:status ${status}`, "content-length 5", "a 1"], false);
    for (const length of ["kept", 5, 0, null] as const) {
      expect(answer(head, length)).toEqual([`:status ${status}`, "a 1"]);
    }
  });

  test("of HTTP/1.1, without what is of one hop", () => {
    const head = http1Reply(
      "HTTP/1.1 200 Fine",
      "Server: a",
      "Connection: close, x-named",
      "X-Named: 1",
      "Transfer-Encoding: chunked",
      "Set-Cookie: a=1",
      "Set-Cookie: b=2",
      "Proxy-Authenticate: Basic",
    );
    expect(answer(head)).toEqual([":status 200", "server a", "set-cookie a=1", "set-cookie b=2"]);
  });

  test("made by the proxy", () => {
    const head = new PlainReplyHead(503, [["retry-after", "1"]]);
    expect(answer(head, 12)).toEqual([":status 503", "retry-after 1", "content-length 12"]);
  });

  test("101 is 200 to an extended CONNECT, without the handshake of HTTP/1.1", () => {
    const head = http1Reply(
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: upgrade",
      "Sec-WebSocket-Accept: x",
      "Sec-WebSocket-Protocol: chat",
    );
    expect(answer(head)).toEqual([":status 200", "sec-websocket-protocol chat"]);
    const own = goodReply([":status 200", "a 1"], false, { method: "GET", isUpgrade: true });
    expect(answer(own)).toEqual([":status 200", "a 1"]);
  });

  test("trailers", () => {
    const trailers = new PlainFields([
      ["grpc-status", "0"],
      ["connection", "close"],
    ]);
    expect(
      appended((encoder, out) => new HeadAppender(null).trailers(encoder, out, trailers)),
    ).toEqual(["grpc-status 0"]);
  });
});

test("a request made by the proxy", () => {
  const line = { method: "GET", path: "/ready", authority: "kvs:80" };
  expect(send(new PlainRequestHead(line, [["user-agent", "probe"]]))).toEqual([
    ":method GET",
    ":scheme http",
    ":path /ready",
    ":authority kvs:80",
    "user-agent probe",
  ]);
  const bad = new PlainRequestHead({ ...line, path: "/a b" });
  expect(() => send(bad)).toThrow(AssertionError);
});
