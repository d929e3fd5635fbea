import { defaultHttp1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { expect, test } from "vitest";
import { openRelay, openServer } from "./rig.ts";
import { expectBodyRefused, expectForwarded, expectRefused, get, head, post } from "./verdicts.ts";

/** The intermediary's checklist, as far as it speaks of requests. Row numbers are those of the list. */
const via = "via: 1.1 heddle\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

test("row 1: Content-Length with Transfer-Encoding is refused and the connection closes", () => {
  expectRefused(
    `${post("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`,
    "bad-request",
  );
});

test("row 2: a Transfer-Encoding that does not end in chunked is refused", () => {
  expectRefused(post("Transfer-Encoding: chunked, gzip"), "bad-request");
});

test("row 3: an unknown transfer coding is not implemented", () => {
  expectRefused(post("Transfer-Encoding: cow, chunked"), "unsupported");
});

test("row 4: Transfer-Encoding in HTTP/1.0 is refused", () => {
  expectRefused(head("POST / HTTP/1.0", "Transfer-Encoding: chunked"), "bad-request");
});

test("row 5: more than one Content-Length is refused, alike or not", () => {
  expectRefused(`${post("Content-Length: 1", "Content-Length: 1")}a`, "bad-request");
  expectRefused(`${post("Content-Length: 1", "Content-Length: 2")}ab`, "bad-request");
});

test("row 6: Content-Length is digits, without overflow", () => {
  expectRefused(post("Content-Length: 99999999999999999999"), "bad-request");
  expectRefused(post("Content-Length: 0x10"), "bad-request");
});

test("row 7: a chunk size is hexadecimal and bounded", () => {
  expectBodyRefused(`${post("Transfer-Encoding: chunked")}fffffffffffffffff\r\n`);
  expectBodyRefused(`${post("Transfer-Encoding: chunked")}xyz\r\n`);
});

test("row 8: chunk extensions are dropped, and bounded", () => {
  const chunked = post("Transfer-Encoding: chunked");
  const forwarded = `POST / HTTP/1.1\r\nHost: kvs\r\nvia: 1.1 heddle\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n`;
  expectForwarded(`${chunked}1;x=y\r\na\r\n`, forwarded);
  expectForwarded(`${chunked}1;${"x".repeat(1000)}\r\na\r\n`, forwarded);
  expectBodyRefused(`${chunked}1;${"x".repeat(1100)}\r\na\r\n`);
});

test("row 9: a bare LF ends no line", () => {
  expectRefused("GET / HTTP/1.1\r\nHost: kvs\n\r\n", "bad-request");
  expectRefused("GET / HTTP/1.1\nHost: kvs\r\n\r\n", "bad-request");
});

test("row 10: a bare CR is refused", () => {
  expectRefused(get("X: a\rb"), "bad-request");
});

test("row 11: a folded line is refused", () => {
  expectRefused(get("X: a\r\n b"), "bad-request");
});

test("row 12: a space before the colon is refused", () => {
  expectRefused(get("X : a"), "bad-request");
});

test("row 13: a space before the first field is refused", () => {
  expectRefused("GET / HTTP/1.1\r\n X: 1\r\nHost: kvs\r\n\r\n", "bad-request");
});

test("row 14: CR, LF and NUL in a value are refused", () => {
  for (const octet of ["\r", "\n", "\0"]) expectRefused(get(`X: a${octet}b`), "bad-request");
});

test("row 15: names are tokens", () => {
  for (const octet of '"(),/:;<=>?@[\\]{} \t\x00\x1f\x7f\x80\xff') {
    if (octet !== ":") expectRefused(get(`X${octet}Y: 1`), "bad-request");
  }
  expectForwarded(
    get("!#$%&'*+-.^_`|~9aZ: 1"),
    `GET / HTTP/1.1\r\nHost: kvs\r\n!#$%&'*+-.^_\`|~9aZ: 1\r\n${via}`,
  );
});

test("row 16: no Host, several or a bad one are refused", () => {
  expectRefused(head("GET / HTTP/1.1"), "bad-request");
  expectRefused(get("Host: kvs"), "bad-request");
  expectRefused(head("GET / HTTP/1.1", "Host: a b"), "bad-request");
});

test("row 16: an empty Host and an IPv6 literal are taken; HTTP/1.0 may leave Host out", () => {
  expectForwarded(head("GET / HTTP/1.1", "Host:"), `GET / HTTP/1.1\r\nHost:\r\n${via}`);
  expectForwarded(
    head("GET / HTTP/1.1", "Host: [::1]:80"),
    `GET / HTTP/1.1\r\nHost: [::1]:80\r\n${via}`,
  );
  expectForwarded(head("GET /a HTTP/1.0"), `GET /a HTTP/1.1\r\nhost: \r\n${via}`);
});

test("row 17: absolute-form wins and Host is rewritten", () => {
  const { handler, connection } = openServer();
  connection.deliver(head("GET http://KVS.example:81/a?b HTTP/1.1", "Host: other"));
  const { head: request } = handler.requests[0]!;
  expect(request.authority).toBe("KVS.example:81");
  expect(request.path).toBe("/a?b");
  expectForwarded(
    head("GET http://kvs:81/a?b HTTP/1.1", "A: 1", "Host: other", "B: 2"),
    `GET /a?b HTTP/1.1\r\nA: 1\r\nHost: kvs:81\r\nB: 2\r\n${via}`,
  );
  expectForwarded(
    head("GET https://kvs?b HTTP/1.1", "Host: kvs"),
    `GET /?b HTTP/1.1\r\nHost: kvs\r\n${via}`,
  );
});

test("row 18: asterisk-form is for OPTIONS, authority-form for CONNECT", () => {
  const options = `OPTIONS * HTTP/1.1\r\nHost: kvs\r\n${via}`;
  expectForwarded(head("OPTIONS * HTTP/1.1", "Host: kvs"), options);
  expectForwarded(head("OPTIONS http://kvs HTTP/1.1", "Host: x"), options);
  expectRefused(head("GET * HTTP/1.1", "Host: kvs"), "bad-request");
  expectRefused(head("GET kvs:80 HTTP/1.1", "Host: kvs"), "bad-request");
  for (const target of ["kvs", "/", "http://kvs/", "kvs:", "*", "me@kvs:80"]) {
    expectRefused(head(`CONNECT ${target} HTTP/1.1`, "Host: kvs"), "bad-request");
  }
  const { handler, connection } = openServer();
  connection.deliver(head("CONNECT kvs:80 HTTP/1.1", "Host: kvs"));
  expect(handler.requests[0]!.head).toMatchObject({
    method: "CONNECT",
    path: "",
    authority: "kvs:80",
    targetForm: "authority",
  });
});

test("row 19: 8000 octets of request line are taken, more than the limits are 414 and 431", () => {
  const target = `/${"a".repeat(15_000)}`;
  expectForwarded(
    head(`GET ${target} HTTP/1.1`, "Host: kvs"),
    `GET ${target} HTTP/1.1\r\nHost: kvs\r\n${via}`,
  );
  expectRefused(head(`GET /${"a".repeat(16_384)} HTTP/1.1`, "Host: kvs"), "target-too-long");
  expectRefused(get(...Array.from({ length: 100 }, () => "X: 1")), "head-too-large");
  expectRefused(get(`X: ${"1".repeat(defaultHttp1Limits.headBytesMax)}`), "head-too-large");
});

test("row 19: the limits hold also where the head never ends", () => {
  const endless = openServer();
  endless.connection.deliver(`GET / HTTP/1.1\r\nX: ${"1".repeat(70_000)}`);
  expect(endless.connection.output).toMatch(/^HTTP\/1\.1 431 /);
  const dripping = openServer();
  for (let sent = 0; sent < 16_500; sent += 100) {
    dripping.connection.deliver(sent === 0 ? `GET /${"a".repeat(95)}` : "a".repeat(100));
  }
  expect(dripping.connection.output).toBe("");
  for (let sent = 16_500; sent < 62_000; sent += 100) dripping.connection.deliver("a".repeat(100));
  expect(dripping.connection.output).toMatch(/^HTTP\/1\.1 414 /);
});

test("row 20: a space in the target is refused, not repaired", () => {
  expectRefused(head("GET /a b HTTP/1.1", "Host: kvs"), "bad-request");
});

test("row 21: sends its own version, refuses an unknown major with 505", () => {
  expectForwarded(head("GET / HTTP/1.0", "Host: kvs"), `GET / HTTP/1.1\r\nHost: kvs\r\n${via}`);
  expectRefused(head("GET / HTTP/3.0", "Host: kvs"), "bad-version");
});

test("row 22: one empty line before the request line is skipped, no more", () => {
  expectForwarded(`\r\n${get()}`, `GET / HTTP/1.1\r\nHost: kvs\r\n${via}`);
  expectRefused(`\r\n\r\n${get()}`, "bad-request");
});

test("row 23: fields of this hop are dropped, and those that Connection names", () => {
  expectForwarded(
    get(
      "A: 1",
      "Connection: close, x-one , Keep-Alive",
      "X-One: 1",
      "Keep-Alive: timeout=5",
      "B: 2",
      "Proxy-Connection: keep-alive",
      "Proxy-Authorization: Basic eA==",
      "TE: gzip",
      "Upgrade: websocket",
      "X-ONE: 2",
      "Connection: X-Two",
      "x-two: 3",
      "Trailer: x-sum",
    ),
    `GET / HTTP/1.1\r\nHost: kvs\r\nA: 1\r\nB: 2\r\nTrailer: x-sum\r\n${via}`,
  );
});

test("row 23: TE: trailers is said anew for this hop", () => {
  expectForwarded(
    get("TE: trailers, deflate;q=0.5", "Connection: TE"),
    "GET / HTTP/1.1\r\nHost: kvs\r\nvia: 1.1 heddle\r\nte: trailers\r\nconnection: te\r\n\r\n",
  );
});

test("row 24: Connection does not strip fields meant for all", () => {
  const kept = [
    "Authorization: Bearer x",
    "X-Forwarded-For: 10.0.0.1",
    "Traceparent: 00-1-1-01",
    "X-Request-Id: 1",
    "Content-Type: text/plain",
    "Cookie: a=b",
  ];
  const named =
    "Connection: host, authorization, x-forwarded-for, traceparent, x-request-id, content-type, cookie, content-length";
  expectForwarded(
    `${post(...kept, named, "Content-Length: 2")}ab`,
    `POST / HTTP/1.1\r\nHost: kvs\r\n${kept.join("\r\n")}\r\nContent-Length: 2\r\n${via}ab`,
  );
  expectRefused(get(`Connection: ${"a,".repeat(100)}`), "bad-request");
});

test("row 25: Via is added once", () => {
  expectForwarded(
    get("Via: 1.0 fred, 1.1 heddle"),
    "GET / HTTP/1.1\r\nHost: kvs\r\nVia: 1.0 fred, 1.1 heddle\r\n\r\n",
  );
  expectForwarded(
    get("Via: 1.1 heddle, 1.0 fred"),
    `GET / HTTP/1.1\r\nHost: kvs\r\nVia: 1.1 heddle, 1.0 fred\r\n${via}`,
  );
});

test("row 26: Max-Forwards is counted down on OPTIONS, TRACE is refused", () => {
  expectForwarded(
    head("OPTIONS * HTTP/1.1", "Host: kvs", "Max-Forwards: 3"),
    `OPTIONS * HTTP/1.1\r\nHost: kvs\r\nMax-Forwards: 2\r\n${via}`,
  );
  expectForwarded(
    get("Max-Forwards: 0"),
    `GET / HTTP/1.1\r\nHost: kvs\r\nMax-Forwards: 0\r\n${via}`,
  );
  expectRefused(head("TRACE / HTTP/1.1", "Host: kvs"), "unsupported");
  const { down, up } = openRelay();
  down.deliver(head("OPTIONS * HTTP/1.1", "Host: kvs", "Max-Forwards: 0"));
  expect(down.output).toBe("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  expect(up.output).toBe("");
});

test("row 27: unknown fields pass, in their order and spelling", () => {
  const fields = ["b: 2", "A:  1 ", "b:", "X-UnKnown: \t x", "a: 3"];
  expectForwarded(
    get(...fields),
    `GET / HTTP/1.1\r\nHost: kvs\r\n${fields.join("\r\n")}\r\n${via}`,
  );
});

test("row 31: Expect: 100-continue passes on, any other is refused", () => {
  expectForwarded(
    post("Expect: 100-Continue", "Content-Length: 2"),
    `POST / HTTP/1.1\r\nHost: kvs\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n${via}`,
  );
  expectRefused(post("Expect: 200-ok", "Content-Length: 2"), "bad-expectation");
  expectRefused(post("Expect: y 100-continue", "Content-Length: 2"), "bad-expectation");
  expectRefused(
    post("Expect: 100-continue", "Expect: 100-continue", "Content-Length: 2"),
    "bad-expectation",
  );
});

test("row 31: an expectation without a body, or in HTTP/1.0, is void", () => {
  expectForwarded(get("Expect: 100-continue"), `GET / HTTP/1.1\r\nHost: kvs\r\n${via}`);
  expectForwarded(
    head("POST / HTTP/1.0", "Host: kvs", "Expect: 100-continue", "Content-Length: 2"),
    "POST / HTTP/1.1\r\nHost: kvs\r\nvia: 1.1 heddle\r\ncontent-length: 2\r\n\r\n",
  );
});

test("row 33: Upgrade is for this hop and is not passed on", () => {
  expectForwarded(
    get("Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
    `GET / HTTP/1.1\r\nHost: kvs\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n${via}`,
  );
});

test("row 40: trailers pass apart, without names that route or authenticate", () => {
  const chunked = post("Transfer-Encoding: chunked", "Trailer: x-sum");
  const bad = "Host: evil\r\nAuthorization: x\r\nTE: x\r\nX-Forwarded-For: 1\r\n";
  expectForwarded(
    `${chunked}1\r\na\r\n0\r\n${bad}X-Sum: 7\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: kvs\r\nTrailer: x-sum\r\nvia: 1.1 heddle\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n`,
  );
});

test("row 42: pipelined requests are answered one after the other, in order", () => {
  const both = head("GET /1 HTTP/1.1", "Host: kvs") + head("GET /2 HTTP/1.1", "Host: kvs");
  for (let cut = 0; cut < both.length; cut++) {
    const { down, up } = openRelay();
    down.deliver(both, cut);
    expect(up.output).toContain("GET /1 ");
    expect(up.output).not.toContain("GET /2 ");
    up.deliver("HTTP/1.1 200 One\r\nContent-Length: 1\r\n\r\na");
    down.settle();
    expect(up.output).toContain("GET /2 ");
    up.deliver("HTTP/1.1 200 Two\r\nContent-Length: 1\r\n\r\nb");
    expect(down.output).toBe(
      "HTTP/1.1 200 One\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 Two\r\nContent-Length: 1\r\n\r\nb",
    );
  }
});

test("row 43: Connection: close is the last exchange; what follows is dropped", () => {
  const { down, up } = openRelay();
  down.deliver(get("Connection: close") + get());
  up.deliver(ok);
  expect(down.output).toBe("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: close\r\n\r\n");
  expect(down.hasEnded).toBe(true);
  down.deliver(get());
  expect(up.output.match(/GET/g)?.length).toBe(1);
  expect(down.isClosed).toBe(false);
});

test("row 44: an HTTP/1.0 client's keep-alive is not kept", () => {
  const { down, up } = openRelay();
  down.deliver(head("GET / HTTP/1.0", "Connection: keep-alive"));
  expect(up.output).not.toMatch(/connection/i);
  up.deliver(ok);
  expect(down.output).toContain("connection: close\r\n");
  expect(down.hasEnded).toBe(true);
});

test("row 47: a head that does not arrive in time is 408", () => {
  const { connection, clock, handler } = openServer();
  connection.deliver("GET / HTTP/1.1\r\nHost:");
  clock.advance(5_000);
  connection.deliver(" kvs");
  clock.advance(5_001);
  expect(connection.output).toMatch(/^HTTP\/1\.1 408 .*x-heddle-reason: client-slow\r\n/s);
  expect(handler.refusals[0]!.reason).toBe("client-slow");
  expect(connection.hasEnded).toBe(true);
});

test("row 48: bodies and their codings are not touched", () => {
  const fields = ["Cache-Control: no-transform", "Content-Encoding: gzip", "Content-Length: 3"];
  expectForwarded(
    `${post(...fields)}\x1f\x8b\0`,
    `POST / HTTP/1.1\r\nHost: kvs\r\n${fields.join("\r\n")}\r\n${via}\x1f\x8b\0`,
  );
});

test("row 49: path and query pass octet by octet", () => {
  const target = "/a%2Fb/../%7e//c;d?x=%20&y=+#".slice(0, -1);
  expectForwarded(
    head(`GET ${target} HTTP/1.1`, "Host: kvs"),
    `GET ${target} HTTP/1.1\r\nHost: kvs\r\n${via}`,
  );
});

test("row 60: fields that callers must not say of themselves are dropped at the trust edge", () => {
  const dropFields = ["x-forwarded-for", "x-heddle-reason"];
  const { down, up } = openRelay({ dropFields });
  down.deliver(get("X-Forwarded-For: 1", "X-Heddle-Reason: x", "A: 1", "x-forwarded-for: 2"));
  expect(up.output).toBe(`GET / HTTP/1.1\r\nHost: kvs\r\nA: 1\r\n${via}`);
});
