import { describe, expect, test } from "vitest";
import { get, goodRequest, linesOf, post, readRequest, webSocket } from "./heads.ts";

const without = (name: string) => get.filter((line) => !line.startsWith(name));
const malformed = (detail: string) => ({ reason: "bad-request", detail });

describe("pseudo-header fields (RFC 9113 §8.3)", () => {
  test("make the request line", () => {
    expect(
      goodRequest([":path /a?b=c", ":method PUT", ":authority kvs:80", ":scheme https"]),
    ).toMatchObject({
      method: "PUT",
      path: "/a?b=c",
      authority: "kvs:80",
      scheme: "https",
      upgrade: null,
      length: 0,
    });
  });

  test.each([":method", ":scheme", ":path"])("no %s", (name) => {
    expect(readRequest(without(name))).toEqual(malformed(`no ${name}`));
  });

  test.each(get)("%s twice", (line) => {
    expect(readRequest([...get, line])).toEqual(malformed(`${line.split(" ")[0]} twice`));
  });

  test.each([":method POST", ":scheme https", ":authority other", ":path /other"])(
    "%s beside another value",
    (line) => {
      expect(readRequest([...get, line])).toEqual(malformed(`${line.split(" ")[0]} twice`));
    },
  );

  test.each(get)("%s behind a field", (line) => {
    const others = get.filter((each) => each !== line);
    expect(readRequest([...others, "a 1", line])).toEqual(
      malformed(`${line.split(" ")[0]} behind a field`),
    );
  });

  test.each([":test 1", ":", ":Method GET", ":PATH /", ":host kvs", ":version HTTP/1.1"])(
    "%s is nobody's",
    (line) => {
      expect(readRequest([...get, line])).toEqual(
        malformed("a pseudo-header field that nobody has defined"),
      );
    },
  );

  test(":status is a reply's", () => {
    expect(readRequest([...get, ":status 200"])).toEqual(malformed(":status in a request"));
  });

  test.each([
    ":method",
    ":method G T",
    ":method GET /x",
    ":method G\r\nT",
    ":method GET\r\nHost: evil",
    ":method G\0T",
    ":method G:T",
    ":method GÉT",
    ":scheme",
    ":scheme ftp",
    ":scheme HTTP",
    ":scheme http://evil/",
    ":scheme https://kvs/?x=",
    ":scheme http\r\n",
    ":path",
    ":path x",
    ":path http://evil/",
    ":path /a b",
    ":path /a\tb",
    ":path / HTTP/1.1\r\nHost: evil",
    ":path /\r\nX: 1",
    ":path /a\0b",
    ":path /a#b",
    ":path /a?b#c",
    ":path /a?b c",
    ":path /\x7f",
    ":path /\xe9",
    ":path /a\\b",
    ':path /"',
    ":path /<",
    ":path **",
    ":path ?a",
    ":authority",
    ":authority kvs/evil",
    ":authority user@kvs",
    ":authority kvs:",
    ":authority kvs:http",
    ":authority kvs:65536",
    ":authority kvs:080000",
    ":authority kvs,evil",
    ":authority kvs evil",
    ":authority kvs\r\nX: 1",
    ":authority kvs%00",
    ":authority [::1",
    ":authority [1]",
    ":authority :80",
    ":authority k\xe9",
  ])("%j is malformed", (line) => {
    const name = line.split(" ")[0]!;
    expect(readRequest([...without(name), line])).toEqual(malformed(`malformed ${name}`));
  });

  test.each([
    "kvs",
    "kvs.svc.local:8080",
    "127.0.0.1:1",
    "[::1]",
    "[fe80::1.2.3.4]:65535",
    "A_b~c-d",
  ])(":authority %s", (authority) => {
    expect(goodRequest([...without(":authority"), `:authority ${authority}`]).authority).toBe(
      authority,
    );
  });

  test(":path * is for OPTIONS alone", () => {
    expect(readRequest([...without(":path"), ":path *"])).toEqual(
      malformed(":path * without OPTIONS"),
    );
    expect(goodRequest([":method OPTIONS", ":scheme http", ":authority kvs", ":path *"]).path).toBe(
      "*",
    );
  });

  test("a target too long is answered with its own reason", () => {
    const path = (count: number) => [...without(":path"), `:path /${"a".repeat(count - 1)}`];
    expect(goodRequest(path(16_384)).path).toHaveLength(16_384);
    expect(readRequest(path(16_385))).toMatchObject({ reason: "target-too-long" });
  });

  test("a method too long is malformed", () => {
    const method = (count: number) => [`:method ${"A".repeat(count)}`, ...get.slice(1)];
    expect(goodRequest(method(32)).method).toHaveLength(32);
    expect(readRequest(method(33))).toEqual(malformed("a method too long"));
  });

  test("TRACE is not forwarded", () => {
    expect(readRequest([":method TRACE", ...get.slice(1)])).toMatchObject({
      reason: "unsupported",
    });
  });
});

describe(":authority and host (RFC 9113 §8.3.1)", () => {
  test("host stands in where :authority is not there", () => {
    const head = goodRequest([...without(":authority"), "host kvs:80", "a 1"]);
    expect(head.authority).toBe("kvs:80");
    expect(linesOf(head)).toEqual(["host kvs:80", "a 1"]);
  });

  test("both may be there if they are one", () => {
    const head = goodRequest([...get, "host KVS"]);
    expect(linesOf(head)).toEqual(["host kvs"]);
  });

  test.each([
    [[...get, "host other"], "a host that is not :authority"],
    [[...get, "host kvs:80"], "a host that is not :authority"],
    [[...get, "host kvs", "host kvs"], "several host fields"],
    [[...without(":authority"), "host kvs", "host other"], "several host fields"],
    [[...get, "host"], "malformed host"],
    [[...get, "host kvs, other"], "malformed host"],
    [[...get, "host kvs/x"], "malformed host"],
    [without(":authority"), "neither :authority nor host"],
  ])("%j", (lines, detail) => {
    expect(readRequest(lines)).toEqual(malformed(detail));
  });
});

describe("fields (RFC 9113 §8.2)", () => {
  test.each([
    "Content-Type text/plain",
    "X-a 1",
    "aB 1",
    "a: 1",
    "a:b 1",
    "a\tb 1",
    "a\r\nb 1",
    "a\nb 1",
    "a\rb 1",
    "a\0b 1",
    "a\x7fb 1",
    "a\xe9b 1",
    "a(b) 1",
    "a\xa0b 1",
    "transfer-encoding\xa0 chunked",
    "transfer-encoding: chunked",
  ])("name of %j is no token in lower case", (line) => {
    const head = readRequest([...get, line]);
    expect(head).toEqual(malformed("a field name that is no token in lower case"));
  });

  test("a name of nothing is no name", () => {
    expect(readRequest([...get, ""])).toEqual(
      malformed("a field name that is no token in lower case"),
    );
  });

  test.each([
    "a\0",
    "a\rb",
    "a\nb",
    "a\r\nb: c",
    "a\r\n\r\nGET / HTTP/1.1",
    "\x01",
    "\x1f",
    "a\x7f",
    " a",
    "a ",
    "\ta",
    "a\t",
    " ",
    "\x0b",
    "\x0c",
  ])("value %j", (value) => {
    expect(readRequest([...get, `a ${value}`])).toEqual(
      malformed("control characters or blanks at the ends of a"),
    );
  });

  test.each(["", "a b", "a\tb", "\xe9\xff", "\x80", ", ;=\"'"])("value %j passes", (value) => {
    expect(goodRequest([...get, `a ${value}`]).get("a")).toBe(value);
  });

  test.each([
    "connection close",
    "connection keep-alive",
    "connection",
    "keep-alive timeout=5",
    "proxy-connection keep-alive",
    "transfer-encoding chunked",
    "transfer-encoding identity",
    "transfer-encoding",
    "upgrade h2c",
    "upgrade websocket",
  ])("%s is of another version", (line) => {
    expect(readRequest([...get, line])).toEqual(
      malformed(`${line.split(" ")[0]}, which HTTP/2 has no use for`),
    );
  });

  test.each(["te gzip", "te trailers, deflate", "te chunked", "te", "te trailers;q=1"])(
    "%s",
    (line) => {
      expect(readRequest([...get, line])).toEqual(malformed("te other than trailers"));
    },
  );

  test("te trailers passes", () => {
    expect(goodRequest([...get, "te trailers"]).get("te")).toBe("trailers");
  });

  test("proxy-authorization goes no further", () => {
    expect(linesOf(goodRequest([...get, "proxy-authorization Basic eA==", "a 1"]))).toEqual([
      "host kvs",
      "a 1",
    ]);
  });

  test.each(["content_length 5", "transfer_encoding chunked", "transfer-encoding_ chunked"])(
    "%s looks like what frames",
    (line) => {
      const name = line.split(" ")[0]!;
      const isAlias = !name.endsWith("_");
      const read = readRequest([...get, line]);
      if (isAlias) expect(read).toEqual(malformed(`${name}, which looks like a field that frames`));
      else expect(read).toMatchObject({ length: 0 });
    },
  );

  test("order is kept, equal names too", () => {
    expect(linesOf(goodRequest([...get, "b 1", "a 2", "b 3"]))).toEqual([
      "host kvs",
      "b 1",
      "a 2",
      "b 3",
    ]);
  });

  test("the list that came is not the head's", () => {
    const head = goodRequest([...get, "a 1"]);
    head.remove("a");
    expect(linesOf(goodRequest([...get, "a 1"]))).toEqual(["host kvs", "a 1"]);
  });
});

describe("content-length (RFC 9113 §8.1.1)", () => {
  test.each([
    "",
    "+5",
    "-5",
    "-0",
    "0x5",
    "1_0",
    "05",
    "00",
    "5Z",
    "1e0",
    "5.0",
    "5 5",
    "5, 5",
    "5,6",
    "5;",
    "9007199254740992",
    "18446744073709551616",
    "99999999999999999999999",
    "\xb2",
  ])("%j is malformed", (value) => {
    expect(readRequest([...post, `content-length ${value}`], false)).toEqual(
      malformed("malformed content-length"),
    );
  });

  test.each([
    ["5", "5"],
    ["5", "6"],
    ["0", "0"],
  ])("%s and %s are one too many", (first, second) => {
    const lines = [...post, `content-length ${first}`, `content-length ${second}`];
    expect(readRequest(lines, false)).toEqual(malformed("several content-length fields"));
  });

  test("more than 0 needs a body", () => {
    expect(readRequest([...post, "content-length 5"])).toEqual(
      malformed("content-length without a body"),
    );
  });

  test.each([
    [["content-length 5"], false, 5],
    [["content-length 0"], false, 0],
    [["content-length 0"], true, 0],
    [["content-length 9007199254740991"], false, Number.MAX_SAFE_INTEGER],
    [[], false, "chunked"],
    [[], true, 0],
  ])("%j, stream ended: %s: %s", (lines, isEnd, length) => {
    expect(goodRequest([...post, ...lines], isEnd).length).toBe(length);
  });
});

describe("expect (RFC 9110 §10.1.1)", () => {
  test("100-continue passes where there is a body", () => {
    expect(goodRequest([...post, "expect 100-Continue"], false).get("expect")).toBe("100-Continue");
  });

  test.each([
    [[...post, "expect 100-continue"], true],
    [[...post, "expect 100-continue", "content-length 0"], false],
    [[...webSocket, "expect 100-continue"], false],
  ])("%j is void without one", (lines, isEnd) => {
    expect(goodRequest(lines, isEnd).get("expect")).toBe(null);
  });

  test.each([["expect 200-ok"], ["expect"], ["expect 100-continue", "expect 100-continue"]])(
    "%j is another",
    (...lines) => {
      expect(readRequest([...post, ...lines], false)).toMatchObject({ reason: "bad-expectation" });
    },
  );
});

describe("CONNECT (RFC 9113 §8.5) and extended CONNECT (RFC 8441)", () => {
  const connect = [":method CONNECT", ":authority kvs:80"];

  test.each([true, false])("asks for a tunnel; stream ended: %s", (isEnd) => {
    expect(goodRequest(connect, isEnd)).toMatchObject({
      method: "CONNECT",
      authority: "kvs:80",
      path: "",
      upgrade: null,
      length: "tunnel",
    });
  });

  test.each([
    [[...connect, ":scheme http"], "CONNECT with :scheme or :path"],
    [[...connect, ":path /"], "CONNECT with :scheme or :path"],
    [[":method CONNECT", ":authority kvs"], "CONNECT without host:port"],
    [[":method CONNECT", ":authority [::1]"], "CONNECT without host:port"],
    [[":method CONNECT"], "neither :authority nor host"],
    [[...connect, "content-length 0"], "CONNECT with content-length"],
    [[...webSocket, "content-length 5"], "CONNECT with content-length"],
    [[...get, ":protocol websocket"], ":protocol without CONNECT"],
    [[...webSocket, ":protocol websocket"], ":protocol twice"],
    [[...webSocket, ":protocol other"], ":protocol twice"],
    [webSocket.filter((line) => !line.startsWith(":scheme")), "no :scheme"],
    [webSocket.filter((line) => !line.startsWith(":path")), "no :path"],
    [
      [...webSocket.filter((line) => !line.startsWith(":path")), ":path *"],
      ":path * without OPTIONS",
    ],
    [[...connect, ":protocol websocket"], "no :scheme"],
  ])("%j", (lines, detail) => {
    expect(readRequest(lines, false)).toEqual(malformed(detail));
  });

  test.each([
    "h2c",
    "h2",
    "H3",
    "HTTP/2.0",
    "TLS/1.0",
    "tls",
    "",
    "a b",
    "web\r\nsocket",
    "a/b/c",
    "a, b",
  ])(":protocol %j", (protocol) => {
    const lines = [":method CONNECT", `:protocol ${protocol}`, ...get.slice(1)];
    expect(readRequest(lines, false)).toEqual(malformed("malformed :protocol"));
  });

  test.each(["websocket", "connect-udp", "x/1.0"])("%s reads as an upgrade of GET", (protocol) => {
    const lines = [":method CONNECT", `:protocol ${protocol}`, ...get.slice(1), "a 1"];
    const head = goodRequest(lines, false);
    expect(head).toMatchObject({ method: "GET", path: "/", upgrade: protocol, length: "tunnel" });
    expect(linesOf(head)).toEqual(["host kvs", "a 1"]);
  });
});
