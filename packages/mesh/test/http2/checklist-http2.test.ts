import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeFields, flags, frameTypes } from "../../../../test/conformance/rig/h2-frames.ts";
import { get, openPair, post } from "./checklist-rig.ts";

const protocolError = 1;
const enhanceYourCalm = 11;
const empty = Buffer.alloc(0);

/** The stream is reset as malformed and nothing of it reaches the server, in either version of HTTP. */
function expectMalformed(fields: readonly (readonly [string, string])[], isEnd = true): void {
  for (const up of ["http1", "h2"] as const) {
    const { caller, server } = openPair({ down: "h2", up });
    caller.headers(1, fields, isEnd);
    expect(caller.resetOf(1), JSON.stringify(fields)).toBe(protocolError);
    expect(caller.of(frameTypes.headers)).toEqual([]);
    if (up === "http1") expect(server.connection.output).toBe("");
    else expect(server.of(frameTypes.headers)).toEqual([]);
    // The connection goes on.
    caller.headers(3, get);
    expect(caller.goawayCode()).toBe(null);
  }
}

test("row 37: a reply that is cut off is reset, not ended", () => {
  const { caller, server } = openPair({ down: "h2", up: "http1" });
  caller.headers(1, get);
  server.connection.deliver("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  server.connection.deliverEnd();
  expect(caller.bodyOf(1)).toBe("half");
  expect(caller.resetOf(1)).not.toBe(null);
  expect(caller.resetOf(1)).not.toBe(0);
});

test("row 40: trailers pass through HTTP/2, without names that frame or authenticate", () => {
  const { caller, server } = openPair({ down: "h2", up: "h2" });
  caller.headers(1, get);
  server.headers(1, [[":status", "200"]], false);
  server.data(1, "body", false);
  server.headers(1, [
    ["grpc-status", "0"],
    ["content-length", "4"],
    ["authorization", "me"],
  ]);
  expect(caller.sections().at(-1)).toEqual(["grpc-status: 0"]);
});

test("row 41: of TE only trailers goes into HTTP/2", () => {
  for (const [said, goes] of [
    ["trailers", true],
    ["trailers, deflate", true],
    ["deflate", false],
  ] as const) {
    const { caller, server } = openPair({ down: "http1", up: "h2" });
    caller.connection.deliver(
      `GET / HTTP/1.1\r\nHost: kvs\r\nTE: ${said}\r\nConnection: TE\r\n\r\n`,
    );
    const [section] = server.sections();
    expect(section).toBeDefined();
    expect(section!.filter((line) => line.startsWith("te:"))).toEqual(goes ? ["te: trailers"] : []);
  }
});

test("row 41: any other TE from HTTP/2 is malformed", () => {
  expectMalformed([...get, ["te", "gzip"]]);
  expectMalformed([...get, ["te", "trailers, gzip"]]);
});

test("row 50: fields of a connection are malformed in HTTP/2", () => {
  for (const field of [
    ["connection", "close"],
    ["connection", "x"],
    ["keep-alive", "timeout=5"],
    ["proxy-connection", "keep-alive"],
    ["transfer-encoding", "chunked"],
    ["upgrade", "websocket"],
  ] as const)
    expectMalformed([...get, field]);
});

test("row 50: and so they are in a reply", () => {
  const { caller, server } = openPair({ down: "h2", up: "h2" });
  caller.headers(1, get);
  server.headers(1, [
    [":status", "200"],
    ["connection", "close"],
  ]);
  expect(server.resetOf(1)).toBe(protocolError);
  expect(caller.sections()[0]).toContain(":status: 502");
});

test("row 51: capital letters, blanks at the edges, NUL, CR and LF are malformed", () => {
  for (const field of [
    ["X", "1"],
    ["x ", "1"],
    [" x", "1"],
    ["x\0", "1"],
    ["x\r\n", "1"],
    ["", "1"],
    ["x:y", "1"],
    ["x", " 1"],
    ["x", "1\t"],
    ["x", "1\0"],
    ["x", "1\r\n2"],
    ["x", "1\n2"],
    ["x", "1\r2"],
  ] as const)
    expectMalformed([...get, field]);
});

test("row 52: pseudo-headers come once, first, and are known", () => {
  const [method, scheme, authority, path] = get;
  expectMalformed([method!, scheme!, authority!]);
  expectMalformed([scheme!, authority!, path!]);
  expectMalformed([method!, authority!, path!]);
  expectMalformed([...get, path!]);
  expectMalformed([...get, [":authority", "kvs"]]);
  expectMalformed([method!, scheme!, authority!, ["x", "1"], path!]);
  expectMalformed([...get, [":status", "200"]]);
  expectMalformed([...get, [":smuggled", "1"]]);
  expectMalformed([...get, [":protocol", "websocket"]]);
  expectMalformed([method!, scheme!, authority!, [":path", ""]]);
});

test("row 52: a trailer section has none", () => {
  const { caller, server } = openPair({ down: "h2", up: "h2" });
  caller.headers(1, post, false);
  caller.data(1, "a", false);
  caller.headers(1, [[":path", "/smuggled"]]);
  expect(caller.resetOf(1)).toBe(protocolError);
  expect(
    server.of(frameTypes.headers).every(({ flags: set }) => (set & flags.endStream) === 0),
  ).toBe(true);
});

test("row 53: content-length is the sum of DATA, of a request", () => {
  for (const body of ["hell", "hello!"]) {
    const { caller, server } = openPair({ down: "h2", up: "http1" });
    caller.headers(1, [...post, ["content-length", "5"]], false);
    caller.data(1, body);
    expect(caller.resetOf(1)).toBe(protocolError);
    // The server never gets it whole.
    expect(server.connection.output.split("\r\n\r\n")[1]?.length ?? 0).toBeLessThan(5);
  }
  expectMalformed([...post, ["content-length", "5"]]);
});

test("row 53: and of a reply, which is then not whole for the caller", () => {
  for (const [body, isHalf] of [
    ["hell", true],
    ["hello!", false],
  ] as const) {
    const { caller, server } = openPair({ down: "h2", up: "h2" });
    caller.headers(1, get);
    server.headers(
      1,
      [
        [":status", "200"],
        ["content-length", "5"],
      ],
      false,
    );
    server.data(1, body);
    expect(server.resetOf(1), body).toBe(protocolError);
    expect(caller.resetOf(1), body).not.toBe(null);
    if (isHalf) expect(caller.bodyOf(1).length).toBeLessThan(5);
  }
});

test("row 54: crumbs of cookies are joined for HTTP/1.1, and the authority is its Host", () => {
  const { caller, server } = openPair({ down: "h2", up: "http1" });
  caller.headers(1, [...get, ["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"], ["cookie", "c=3"]]);
  const { output } = server.connection;
  expect(output.match(/^cookie: .*$/gim)).toEqual([
    expect.stringMatching(/^cookie: a=1; b=2; c=3\r?$/i),
  ]);
  expect(output.match(/^host: .*$/gim)).toEqual([expect.stringMatching(/^host: kvs\r?$/i)]);
});

test("row 54: an authority and another Host are malformed", () => {
  expectMalformed([...get, ["host", "evil"]]);
});

test("row 55: credit is given for what was forwarded, and for nothing else", () => {
  const limits = { streamWindowBytes: 65_535, connectionWindowBytes: 65_535 };
  const { caller, server } = openPair({ down: "h2", up: "http1", limits });
  server.connection.isStalled = true;
  caller.headers(1, post, false);
  const credit = () =>
    caller
      .of(frameTypes.windowUpdate, 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  for (let sent = 0; sent < 65_535; sent += 16_383)
    caller.data(1, "x".repeat(Math.min(16_383, 65_535 - sent)), false);
  const before = credit();
  expect(before).toBeLessThan(32_768); // what the first write took before it queued
  server.connection.drain();
  expect(credit()).toBeGreaterThanOrEqual(32_768);
});

test("row 55: a server's reply waits for the window of a caller that takes nothing", () => {
  const { caller, server } = openPair({ down: "h2", up: "http1" });
  caller.headers(1, get);
  server.connection.deliver(
    `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(200_000)}`,
  );
  expect(caller.bodyOf(1).length).toBe(65_535);
  expect(server.connection.isPaused).toBe(true);
  const more = Buffer.alloc(4);
  more.writeUInt32BE(1_000_000);
  caller.send(frameTypes.windowUpdate, 0, 0, more);
  caller.send(frameTypes.windowUpdate, 0, 1, more);
  expect(caller.bodyOf(1).length).toBe(200_000);
  expect(server.connection.isPaused).toBe(false);
});

test("row 56: streams opened and reset at once end the connection (CVE-2023-44487)", () => {
  const { caller, limits } = openPair({ down: "h2", up: "h2" });
  const cancel = Buffer.from([0, 0, 0, 8]);
  for (let id = 1; id < 6000 && caller.goawayCode() === null; id += 2) {
    caller.headers(id, get);
    caller.send(frameTypes.rst, 0, id, cancel);
    if (id < 1000) expect(caller.goawayCode()).toBe(null); // who changes its mind now and then goes on
  }
  expect(caller.goawayCode()).toBe(enhanceYourCalm);
  expect(limits).toEqual(["h2-resets"]);
});

test("row 56: streams that we are made to reset do, too (CVE-2025-8671)", () => {
  const { caller, limits } = openPair({ down: "h2", up: "h2" });
  const nothing = Buffer.alloc(4); // WINDOW_UPDATE of 0: an error of the stream
  for (let id = 1; id < 6000 && caller.goawayCode() === null; id += 2) {
    caller.headers(id, get, false);
    caller.send(frameTypes.windowUpdate, 0, id, nothing);
    if (id < 1000) expect(caller.goawayCode()).toBe(null);
  }
  expect(caller.goawayCode()).toBe(enhanceYourCalm);
  expect(limits).toEqual(["h2-resets"]);
});

test("row 56: a field block without end (CVE-2024-27316)", () => {
  const { caller, limits } = openPair({ down: "h2", up: "h2" });
  caller.send(frameTypes.headers, 0, 1, encodeFields(get));
  const continuation = 9;
  for (let count = 0; count < 1000 && caller.goawayCode() === null; count++)
    caller.send(continuation, 0, 1, encodeFields([["x", "1"]]));
  expect(caller.goawayCode()).toBe(enhanceYourCalm);
  expect(limits).toEqual(["h2-continuations"]);
});

test.each([
  ["PING", "h2-pings", frameTypes.ping, Buffer.alloc(8), 0],
  ["SETTINGS", "h2-settings", frameTypes.settings, empty, 0],
] as const)("row 56: a flood of %s", (_title, limit, type, payload, stream) => {
  const { caller, limits } = openPair({ down: "h2", up: "h2" });
  for (let count = 0; count < 20_000 && caller.goawayCode() === null; count++)
    caller.send(type, 0, stream, payload);
  expect(caller.goawayCode()).toBe(enhanceYourCalm);
  expect(limits).toEqual([limit]);
});

test("row 56: a flood of empty DATA", () => {
  const { caller, limits } = openPair({ down: "h2", up: "h2" });
  caller.headers(1, post, false);
  for (let count = 0; count < 20_000 && caller.goawayCode() === null; count++)
    caller.send(frameTypes.data, 0, 1, empty);
  expect(caller.goawayCode()).toBe(enhanceYourCalm);
  expect(limits).toEqual(["h2-empty-frames"]);
});

test("row 57: draining takes two GOAWAYs, and what is under way finishes", () => {
  const { caller, server, codec, clock } = openPair({ down: "h2", up: "h2" });
  caller.headers(1, get);
  codec.drain();
  const last = () => caller.of(frameTypes.goaway).map(({ payload }) => payload.readUInt32BE(0));
  expect(last()).toEqual([0x7fff_ffff]);
  caller.headers(3, get); // sent before it knew
  clock.advance(1001);
  expect(last()).toEqual([0x7fff_ffff, 3]);
  caller.headers(5, get);
  expect(server.of(frameTypes.headers).map(({ stream }) => stream)).toEqual([1, 3]);
  server.headers(1, [[":status", "200"]]);
  server.headers(3, [[":status", "204"]]);
  expect(caller.sections().map(([status]) => status)).toEqual([":status: 200", ":status: 204"]);
  expect(caller.connection.hasEnded).toBe(true);
});

test("row 58: h2c is by prior knowledge; an Upgrade to it is passed over", () => {
  const { caller, server } = openPair({ down: "http1", up: "http1" });
  caller.connection.deliver(
    "GET / HTTP/1.1\r\nHost: kvs\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
  );
  expect(server.connection.output).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  expect(server.connection.output).not.toMatch(/upgrade|http2-settings/i);
  server.connection.deliver("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  expect(caller.connection.output).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ok$/s);
});

test("row 59: a WebSocket over HTTP/2 is an Upgrade in HTTP/1.1, and its octets pass both ways", () => {
  const { caller, server } = openPair({ down: "h2", up: "http1" });
  const [, ...rest] = get;
  const webSocket = [[":method", "CONNECT"], [":protocol", "websocket"], ...rest] as const;
  caller.headers(1, [...webSocket, ["sec-websocket-version", "13"]], false);
  const { connection } = server;
  expect(connection.output).toMatch(/^GET \/7 HTTP\/1\.1\r\n/);
  expect(connection.output).toMatch(/\r\nconnection: upgrade\r\n/i);
  expect(connection.output).toMatch(/\r\nupgrade: websocket\r\n/i);
  const key = /\r\nsec-websocket-key: (\S+)\r\n/i.exec(connection.output)?.[1];
  expect(key).toBeDefined();
  connection.deliver(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(key!)}\r\n\r\nhello`,
  );
  const [section] = caller.sections();
  expect(section).toContain(":status: 200");
  expect(section!.some((line) => line.startsWith("sec-websocket-accept"))).toBe(false);
  expect(caller.bodyOf(1)).toBe("hello");
  const before = connection.output.length;
  caller.data(1, "back", false);
  expect(connection.output.slice(before)).toBe("back");
});

test("row 59: one that the server does not accept rightly is not granted", () => {
  const { caller, server } = openPair({ down: "h2", up: "http1" });
  const [, ...rest] = get;
  const webSocket = [[":method", "CONNECT"], [":protocol", "websocket"], ...rest] as const;
  caller.headers(1, [...webSocket, ["sec-websocket-version", "13"]], false);
  server.connection.deliver(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
  );
  expect(caller.sections()[0]).toContain(":status: 502");
});

test("row 60: fields that callers must not say of themselves are dropped from HTTP/2, too", () => {
  const dropFields = ["x-forwarded-for", "x-heddle-reason"];
  const { caller, server } = openPair({ down: "h2", up: "h2", dropFields });
  caller.headers(1, [...get, ["x-forwarded-for", "1"], ["a", "1"], ["x-heddle-reason", "x"]]);
  const lines = server
    .sections()[0]!
    .filter((line) => !line.startsWith(":") && !line.startsWith("via"));
  expect(lines).toEqual(["a: 1"]);
});

/** RFC 6455 §4.2.2. */
function accept(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}
