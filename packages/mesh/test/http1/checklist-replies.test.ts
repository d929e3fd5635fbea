import { expect, test } from "vitest";
import { openClient, openRelay } from "./rig.ts";
import { cutsOf, expectBadReply, get, head, joinChunks, post } from "./verdicts.ts";

/** The intermediary's checklist, as far as it speaks of replies. Row numbers are those of the list. */

/** What the caller gets when the server answers `request` with `reply`, wherever the reply is cut. */
function expectReply(reply: string, expected: string, request = get(), ends = false): void {
  for (const cut of cutsOf(reply)) {
    const { down, up } = openRelay();
    down.deliver(request);
    up.deliver(reply, cut);
    if (ends) up.deliverEnd();
    const bodyAt = expected.indexOf("\r\n\r\n") + 4;
    if (!/transfer-encoding: chunked/.test(expected)) expect(down.output).toBe(expected);
    else {
      expect(down.output.slice(0, bodyAt)).toBe(expected.slice(0, bodyAt));
      expect(joinChunks(down.output.slice(bodyAt))).toBe(joinChunks(expected.slice(bodyAt)));
    }
  }
}

const ok = (...fields: string[]) => head("HTTP/1.1 200 OK", ...fields);

test("row 1, 5, 6, 38: a reply framed in two ways, or badly, is a bad response", () => {
  expectBadReply(`${ok("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`);
  expectBadReply(`${ok("Content-Length: 5", "Content-Length: 5")}hello`);
  expectBadReply(`${ok("Content-Length: 5, 5")}hello`);
  expectBadReply(`${ok("Content-Length: +5")}hello`);
  expectBadReply(`${ok("Transfer-Encoding: gzip, chunked")}0\r\n\r\n`);
  expectBadReply(`${ok("Transfer-Encoding: identity")}hello`);
});

test("row 4: Transfer-Encoding in an HTTP/1.0 reply is a bad response", () => {
  expectBadReply(head("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"));
});

test("row 9 to 15: a reply head outside the grammar is a bad response", () => {
  expectBadReply("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n");
  expectBadReply("HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n");
  for (const field of [
    "X: a\rb",
    "X: a\r\n b",
    "X : a",
    "X: \0",
    "X",
    ": a",
    "X\x80: a",
    " X: a",
  ]) {
    expectBadReply(ok("Content-Length: 0", field));
  }
});

test.each([
  ["HTTP/1.1 2000 OK"],
  ["HTTP/1.1 20 OK"],
  ["HTTP/1.1 099 OK"],
  ["HTTP/1.1 600 OK"],
  ["HTTP/1.1  200 OK"],
  ["HTTP/1.1 2x0 OK"],
  ["HTTP/2.0 200 OK"],
  ["HTTP/1.10 200 OK"],
  ["ICY 200 OK"],
  ["HTTP/1.1 200 O\0K"],
  ["\r\nHTTP/1.1 200 OK"],
])("row 38: %j is a bad response", (line) => expectBadReply(head(line, "Content-Length: 0")));

test("row 21: says its own version, with the reason phrase of the server", () => {
  expectReply(
    `${head("HTTP/1.0 200 Very Fine", "Content-Length: 2")}ab`,
    "HTTP/1.1 200 Very Fine\r\nContent-Length: 2\r\n\r\nab",
  );
  expectReply(
    head("HTTP/1.1 299", "Content-Length: 0"),
    "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
  );
});

test("row 23: fields of the server's hop are dropped", () => {
  expectReply(
    ok(
      "A: 1",
      "Connection: keep-alive, x-y",
      "Keep-Alive: timeout=5",
      "X-Y: 1",
      "Upgrade: h2c",
      "Proxy-Authenticate: Basic",
      "Content-Length: 0",
    ),
    "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 0\r\n\r\n",
  );
});

test("row 27, 28: fields keep order and spelling, Set-Cookie is not joined, nothing is invented", () => {
  const fields = ["Set-Cookie: a=1, b", "x: 1", "set-cookie: c=2", "X: 2", "Content-Length: 0"];
  expectReply(ok(...fields), `HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\n\r\n`);
});

test("row 29: interim replies pass, as many as there may be", () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const interims = `HTTP/1.1 100 Continue\r\n\r\n${hints}${hints}`;
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  expectReply(interims + final, interims + final);
  expectReply(
    `HTTP/1.1 102 Wait\r\nContent-Length: 7\r\n\r\n${final}`,
    `HTTP/1.1 102 Wait\r\n\r\n${final}`,
  );
});

test("row 29: an interim reply that says close, or comes in HTTP/1.0, is a bad response", () => {
  expectBadReply(head("HTTP/1.0 100 Continue") + ok("Content-Length: 0"));
  expectBadReply(head("HTTP/1.1 100 Continue", "Connection: close") + ok("Content-Length: 0"));
});

test("row 29: a flood of interim replies is a bad response", () => {
  const { down, up } = openRelay();
  down.deliver(get());
  up.deliver("HTTP/1.1 100 Continue\r\n\r\n".repeat(40));
  expect(down.output.match(/ 100 Continue/g)?.length).toBe(32);
  expect(down.output).toContain("HTTP/1.1 502 ");
  expect(up.isReset).toBe(true);
});

test("row 30: an HTTP/1.0 client gets no interim reply", () => {
  expectReply(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: close\r\n\r\n",
    head("GET / HTTP/1.0"),
  );
});

test("row 32: a final reply before the request has ended is the last on both connections", () => {
  const { down, up, client } = openRelay();
  down.deliver(`${post("Content-Length: 10")}hello`);
  up.deliver("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  expect(down.output).toBe("HTTP/1.1 401 No\r\nContent-Length: 0\r\nconnection: close\r\n\r\n");
  expect(down.hasEnded).toBe(true);
  expect(up.isReset).toBe(true);
  expect(client.capacity).toBe(0);
  down.deliver(`world${get()}`);
  expect(up.output.match(/HTTP\/1\.1/g)?.length).toBe(1);
});

test("row 33, 34: a 101 that nobody asked for is a bad response; a tunnel is octets, whatever its head says", () => {
  expectBadReply(
    head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: upgrade"),
  );
  const { down, up } = openRelay();
  down.deliver(head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80"));
  up.deliver(`${ok("Content-Length: 0", "Transfer-Encoding: x")}HTTP/1.1 200 OK\r\n\r\n`);
  expect(down.output).toBe("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
});

test("row 35: HEAD, 204 and 304 have no body, whatever their fields say", () => {
  const next = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";
  const exchange = (request: string, reply: string) => {
    const { down, up, client } = openRelay();
    down.deliver(request);
    up.deliver(reply);
    expect(client.capacity).toBe(1);
    down.deliver(get());
    up.deliver(next);
    return down.output.slice(0, -next.length);
  };
  expect(exchange(head("HEAD / HTTP/1.1", "Host: kvs"), ok("Content-Length: 9"))).toBe(
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
  );
  expect(exchange(head("HEAD / HTTP/1.1", "Host: kvs"), ok("Transfer-Encoding: chunked"))).toBe(
    "HTTP/1.1 200 OK\r\n\r\n",
  );
  expect(exchange(get(), head("HTTP/1.1 304 Not Modified", "Content-Length: 9"))).toBe(
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
  );
  expect(exchange(get(), head("HTTP/1.1 204 No Content", "Content-Length: 9"))).toBe(
    "HTTP/1.1 204 No Content\r\n\r\n",
  );
});

test("row 36: a body that ends with the connection is chunked for 1.1 and closed for 1.0", () => {
  expectReply(
    `${ok()}hello world`,
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
    get(),
    true,
  );
  expectReply(
    `${ok()}hello world`,
    "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello world",
    head("GET / HTTP/1.0"),
    true,
  );
  expectReply(
    `${ok("Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`,
    "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
    head("GET / HTTP/1.0"),
  );
});

test("row 37: a truncated body looks truncated", () => {
  for (const reply of [
    `${ok("Content-Length: 10")}hello`,
    `${ok("Transfer-Encoding: chunked")}5\r\nhello\r\n`,
    `${ok("Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n`,
  ]) {
    const { down, up } = openRelay();
    down.deliver(get());
    up.deliver(reply);
    up.deliverEnd();
    expect(down.isReset).toBe(true);
    expect(down.output).not.toContain("\r\n0\r\n");
  }
  const client = openClient();
  const { reply, stream } = client.start();
  stream.sendHead({ ...plain }, 0);
  stream.sendEnd(null);
  client.connection.deliver(`${ok("Content-Length: 10")}hello`);
  client.connection.deliverEnd();
  expect(reply.failure).toMatchObject({ reason: "reset", sent: true, answered: true });
});

test("row 38: bad chunks amid a reply end it visibly", () => {
  const { down, up, client } = openRelay();
  down.deliver(get());
  up.deliver(`${ok("Transfer-Encoding: chunked")}5\r\nhelloX\r\n`);
  expect(down.isReset).toBe(true);
  expect(up.isReset).toBe(true);
  expect(client.capacity).toBe(0);
});

test("row 39: octets behind a reply make its connection useless", () => {
  const smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!";
  for (const reply of [
    `${ok("Content-Length: 1")}a${smuggled}`,
    ok("Content-Length: 0") + smuggled,
    `${ok("Transfer-Encoding: chunked")}0\r\n\r\n${smuggled}`,
  ]) {
    for (const cut of cutsOf(reply)) {
      const { down, up, client } = openRelay();
      down.deliver(get());
      up.deliver(reply, cut);
      expect(client.capacity).toBe(0);
      expect(up.isReset, `cut at ${cut}`).toBe(true);
      expect(down.output).not.toContain("evil");
    }
  }
});

test("row 39: octets before any request make the connection useless", () => {
  const { connection, client, owned } = openClient();
  connection.deliver("HTTP/1.1 408 Too Slow\r\n\r\n");
  expect(client.capacity).toBe(0);
  expect(owned.closes).toBe(1);
});

test("row 40: trailers of a reply pass, without those that must not", () => {
  expectReply(
    `${ok("Transfer-Encoding: chunked", "Trailer: grpc-status")}1\r\na\r\n0\r\nGrpc-Status: 0\r\nSet-Cookie: a\r\n\r\n`,
    "HTTP/1.1 200 OK\r\nTrailer: grpc-status\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\ngrpc-status: 0\r\n\r\n",
  );
});

test("row 43, 46: a server that says close, or speaks HTTP/1.0, is not asked again; its idle limit is learned", () => {
  for (const [reply, isReusable, timeoutMs] of [
    [ok("Content-Length: 0"), true, null],
    [ok("Content-Length: 0", "Connection: close"), false, null],
    [ok("Content-Length: 0", "Connection: x, Close"), false, null],
    [head("HTTP/1.0 200 OK", "Content-Length: 0"), false, null],
    [ok("Content-Length: 0", "Keep-Alive: timeout=5, max=100"), true, 5000],
    [ok("Content-Length: 0", "Keep-Alive: max=1,timeout = 30"), true, 30_000],
    [ok("Content-Length: 0", "Keep-Alive: xtimeout=30"), true, null],
  ] as const) {
    const { down, up, client } = openRelay();
    down.deliver(get());
    up.deliver(reply);
    expect(client.capacity).toBe(isReusable ? 1 : 0);
    expect(client.keepAliveTimeoutMs).toBe(timeoutMs);
    expect(down.hasEnded).toBe(false);
    expect(up.hasEnded).toBe(!isReusable);
  }
});

const plain = {
  method: "GET",
  path: "/",
  authority: "kvs",
  upgrade: null,
  get: () => null,
  set() {},
  add() {},
  remove() {},
  each() {},
};
