import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { expect, test } from "vitest";
import {
  data,
  frameBytes,
  get,
  ok,
  ping,
  post,
  preface,
  reset,
  settings,
  windowUpdate,
} from "./peer.ts";
import { answer, openClient, openServer, type ServerRig } from "./rig.ts";

const calm = 11;

function expectCalm(rig: ServerRig, limit: string): void {
  expect(rig.met).toEqual([limit]);
  expect(rig.written().at(-1)).toMatch(new RegExp(`^GOAWAY \\d+ ${calm}$`));
  expect(rig.connection.hasEnded).toBe(true);
}

/** Does `act` with growing ids until the connection ends; how often it took. */
function until(rig: ServerRig, act: (id: number) => void, most = 50_000): number {
  for (let count = 0; count < most; count++) {
    if (rig.connection.hasEnded) return count;
    act(2 * count + 1);
  }
  return most;
}

test("rapid reset: streams opened and reset (CVE-2023-44487)", () => {
  const rig = openServer();
  const { peer, send, handler } = rig;
  const count = until(rig, (id) => send(peer.headers(id, get, true), reset(id, 8)));
  expect(count).toBe(1001);
  expectCalm(rig, "h2-resets");
  expect(handler.requests.every(({ failure }) => failure?.reason === "client-gone")).toBe(true);
});

test("streams that end well pay for those that are reset", () => {
  const rig = openServer();
  const { peer, send, handler } = rig;
  handler.onEach = (request) => {
    if (request.stream.ordinal % 2 === 0) request.onEnd = () => answer(request, "");
  };
  const act = (id: number) => {
    send(peer.headers(id, get, true));
    if (((id + 1) / 2) % 2 === 1) send(reset(id, 8));
  };
  expect(until(rig, act, 5000)).toBe(5000);
  expect(rig.met).toEqual([]);
});

test.each([
  ["a window of nothing", (id: number) => windowUpdate(id, 0)],
  ["a window too large", (id: number) => windowUpdate(id, 0x7fff_ffff)],
  [
    "a stream that depends on itself",
    (id: number) => frameBytes(2, 0, id, `\0\0${String.fromCharCode(id >> 8, id & 0xff)}\0`),
  ],
  ["DATA behind the end", (id: number) => data(id, "x")],
])("made you reset: streams that we reset for %s (CVE-2025-8671)", (_title, build) => {
  const rig = openServer();
  const { peer, send } = rig;
  const count = until(rig, (id) => send(peer.headers(id, get, true), build(id)));
  expect(count).toBe(1001);
  expectCalm(rig, "h2-resets");
});

test("requests that are none, and streams beyond the limit, are counted alike", () => {
  const rig = openServer();
  expect(until(rig, (id) => rig.send(rig.peer.headers(id, [...get, ["te", "gzip"]], true)))).toBe(
    1001,
  );
  expectCalm(rig, "h2-resets");
});

test("a block without end (CVE-2024-27316), by frames and by octets", () => {
  for (const [size, most] of [
    [0, 40],
    [1, 40],
    [16_384, 10],
  ] as const) {
    const rig = openServer();
    rig.send(frameBytes(1, 0, 1, "\x82"));
    const count = until(rig, () => rig.send(frameBytes(9, 0, 1, "\0".repeat(size))), 1000);
    expect(count).toBeLessThan(most);
    expectCalm(rig, "h2-continuations");
  }
});

test("SETTINGS, PINGs and frames that bring nothing", () => {
  const floods: readonly (readonly [Buffer, string, number])[] = [
    [settings(), "h2-settings", 100],
    [ping(), "h2-pings", 1001],
    [windowUpdate(0, 1), "h2-empty-frames", 10_001],
    [frameBytes(2, 0, 7, "\0\0\0\0\0"), "h2-empty-frames", 10_001],
    [frameBytes(0xbb, 0, 0, "x"), "h2-empty-frames", 10_001],
  ];
  for (const [frame, limit, most] of floods) {
    const rig = openServer();
    expect(until(rig, () => rig.send(frame))).toBe(most);
    expectCalm(rig, limit);
  }
});

test("DATA without octets, padded or not", () => {
  for (const frame of [data(1, ""), frameBytes(0, 8, 1, "\x01\0")]) {
    const rig = openServer();
    rig.send(rig.peer.headers(1, post));
    expect(until(rig, () => rig.send(frame))).toBe(10_001);
    expectCalm(rig, "h2-empty-frames");
  }
});

test("what comes with time is forgiven, what comes with work too", () => {
  const rig = openServer({ idleTimeoutMs: 1e9 });
  for (let round = 0; round < 30; round++) {
    for (let count = 0; count < 90; count++) rig.send(ping());
    rig.clock.advance(10_000);
  }
  expect(rig.met).toEqual([]);
  const busy = openServer({ idleTimeoutMs: 1e9 });
  busy.send(
    settings([4, 0x7fff_ffff]),
    windowUpdate(0, 0x7fff_0000),
    busy.peer.headers(1, get, true),
  );
  const { stream } = busy.handler.requests[0]!;
  stream.sendHead(new PlainReplyHead(200), "chunked");
  for (let count = 0; count < 5000; count++) {
    stream.sendBody(Buffer.from("x"), 0, 1);
    busy.send(ping(), windowUpdate(1, 1)); // as a client does that measures its bandwidth
  }
  expect(busy.met).toEqual([]);
});

test("a section that is large once decoded, small as it comes, is answered 431 and costs nobody else", () => {
  const rig = openServer();
  const { send, written, handler } = rig;
  const small = "\x82\x86\x84\x01\x03kvs";
  const large = `\x40\x01x\x7f\xd1\x0e${"a".repeat(2000)}`; // into the table, to be named by one octet
  send(frameBytes(1, 5, 1, small + large), frameBytes(1, 5, 3, small + "\xbe".repeat(60)));
  send(frameBytes(1, 5, 5, `${small}\xbe`));
  expect(rig.met).toEqual(["h2-header-list"]);
  expect(handler.refusals).toMatchObject([{ reason: "head-too-large" }]);
  expect(written()[0]).toMatch(/^HEADERS 3 :status=431/);
  expect(handler.requests.map(({ stream }) => stream.ordinal)).toEqual([1, 3]);
});

test("an HPACK table larger than was allowed ends the connection", () => {
  const rig = openServer();
  rig.send(frameBytes(1, 4, 1, "\x3f\xff\xff\x7f"));
  expect(rig.met).toEqual(["h2-table"]);
  expect(rig.written().at(-1)).toMatch(/^GOAWAY \d+ 9$/);
});

test("more streams than were allowed are refused as not processed", () => {
  const rig = openServer({ streamsMax: 2 });
  const { peer, send, written, handler } = rig;
  send(peer.headers(1, get, true), peer.headers(3, get, true), peer.headers(5, get, true));
  expect(written()).toEqual(["RST 5 7"]);
  expect(rig.met).toEqual(["h2-streams"]);
  answer(handler.requests[0]!);
  send(peer.headers(7, get, true));
  expect(handler.requests.length).toBe(3);
});

test("answers that nobody reads: new streams are refused, then the connection is reset", () => {
  const rig = openServer({ queuedBytesMax: 10_000, pingsMax: 1e6, resetsMax: 1e6 });
  const { peer, send, handler, connection } = rig;
  connection.isStalled = true;
  handler.onEach = (request) => {
    request.onEnd = () => answer(request, "a".repeat(500));
  };
  let id = 1;
  while (!rig.met.includes("h2-queued")) {
    send(peer.headers(id, get, true));
    id += 2;
  }
  const served = handler.requests.length;
  expect(connection.queuedBytes).toBeGreaterThan(10_000);
  for (let count = 0; count < 5000 && !connection.isReset; count++) send(ping());
  expect(handler.requests.length).toBe(served);
  expect(connection.isReset).toBe(true);
  expect(connection.queuedBytes).toBeLessThan(21_000);
});

test("a client that takes nothing of its bodies is reset after five minutes; one that takes a little is not", () => {
  const rig = openServer();
  const { peer, send, written, handler, clock } = rig;
  send(settings([4, 10]), peer.headers(1, get, true), peer.headers(3, get, true));
  for (const { stream } of handler.requests) {
    stream.sendHead(new PlainReplyHead(200), "chunked");
    stream.sendBody(Buffer.alloc(5000), 0, 5000);
  }
  written();
  for (let minute = 0; minute < 8; minute++) {
    send(windowUpdate(3, 1));
    clock.advance(60_000);
  }
  expect(rig.met).toEqual(["h2-zero-window"]);
  expect(written().filter((line) => line.startsWith("RST"))).toEqual(["RST 1 11"]);
  expect(handler.requests[0]!.failure?.reason).toBe("client-slow");
  expect(handler.requests[1]!.failure).toBe(null);
});

test("a body that was announced and does not come is answered 408; one without end may take its time", () => {
  const rig = openServer();
  const { peer, send, written, handler, clock } = rig;
  send(peer.headers(1, [...post, ["content-length", "10"]]), data(1, "abc"), peer.headers(3, post));
  clock.advance(75_000);
  clock.advance(75_000);
  expect(rig.met).toEqual(["h2-slow-body"]);
  expect(written()[0]).toMatch(/^HEADERS 1 :status=408/);
  expect(handler.requests[0]!.failure?.reason).toBe("client-slow");
  expect(handler.requests[1]!.failure).toBe(null);
  expect(handler.requests[1]!.looks).toBe(2);
});

test("a body that we do not take is not slow", () => {
  const rig = openServer();
  rig.send(rig.peer.headers(1, [...post, ["content-length", "10"]]));
  rig.handler.requests[0]!.stream.pauseRequest();
  for (let minute = 0; minute < 10; minute++) rig.clock.advance(60_000);
  expect(rig.met).toEqual([]);
});

test("a head that does not arrive in time ends the connection", () => {
  for (const start of [
    frameBytes(1, 0, 1, "\x82"),
    Buffer.from([0, 0, 5]),
    Buffer.from([0, 0, 9, 1, 4, 0, 0, 0, 1, 0x82]),
  ]) {
    const rig = openServer();
    rig.send(start);
    rig.clock.advance(9900);
    expect(rig.met).toEqual([]);
    rig.clock.advance(200);
    expectCalm(rig, "h2-slow-head");
  }
});

test("a client that sends its preface and no SETTINGS, or does not answer ours", () => {
  const silent = openServer({}, {}, false);
  silent.send(preface);
  silent.clock.advance(10_100);
  expectCalm(silent, "h2-slow-head");
  const rude = openServer({}, {}, false);
  rude.send(preface, settings());
  rude.clock.advance(10_100);
  expect(rude.written().at(-1)).toBe("GOAWAY 0 4");
});

test("a connection without streams is ended in good order", () => {
  const rig = openServer();
  rig.clock.advance(75_100);
  expect(rig.met).toEqual(["h2-idle"]);
  rig.clock.advance(1100);
  expect(rig.written()).toEqual(["GOAWAY 2147483647 0", "PING", "GOAWAY 0 0"]);
  expect(rig.connection.hasEnded).toBe(true);
});

test("an upstream server is held to the same: interim replies, blocks, PINGs", () => {
  const interim = openClient();
  const { reply } = interim.ask();
  for (let count = 0; count < 33; count++)
    interim.send(interim.peer.headers(1, [[":status", "102"]]));
  expect(reply.failure?.reason).toBe("bad-response");
  const flood = openClient();
  const asked = flood.ask();
  for (let count = 0; count < 1100; count++) flood.send(ping());
  expect(flood.met).toEqual(["h2-pings"]);
  expect(asked.reply.failure?.reason).toBe("reset");
  const large = openClient();
  const huge = large.ask();
  large.send(
    large.peer.headers(1, [...ok, ...Array.from({ length: 120 }, () => ["x-a", "b"] as const)]),
  );
  expect(huge.reply.failure?.reason).toBe("bad-response");
  expect(large.met).toEqual(["h2-header-list"]);
});
