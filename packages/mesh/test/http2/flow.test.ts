import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { expect, test } from "vitest";
import type { RecordedRequest } from "../http1/recorders.ts";
import { data, get, post, settings, windowUpdate } from "./peer.ts";
import { openServer, type ServerRig } from "./rig.ts";

const octets = (count: number) => Buffer.alloc(count, 0x61);

/** Streams that each have been asked for a body. */
function openBodies({ handler, peer, send, written }: ServerRig, ...ids: readonly number[]) {
  send(...ids.map((id) => peer.headers(id, get, true)));
  const requests = handler.requests.slice(-ids.length);
  for (const { stream } of requests) stream.sendHead(new PlainReplyHead(200), "chunked");
  written();
  return requests.map((request) => ({
    request,
    give: (count: number) => request.stream.sendBody(octets(count), 0, count),
  }));
}

/** `DATA 1 16384 octets` → octets sent of each stream, in order. */
const sizes = (lines: readonly string[]) =>
  lines.map((line) => {
    const [, id, count = "0"] = /^DATA (\d+)(?: END)?(?: (\d+) octets)?/.exec(line) ?? [];
    return `${id}:${count}`;
  });

test("a body stops at the stream's window and goes on as it opens", () => {
  const rig = openServer();
  rig.send(settings([4, 20_000]));
  const [body] = openBodies(rig, 1);
  expect(body!.give(30_000)).toBe(false);
  expect(sizes(rig.written())).toEqual(["1:16384", "1:3616"]);
  rig.send(windowUpdate(1, 6000));
  expect(sizes(rig.written())).toEqual(["1:6000"]);
  expect(body!.request.writables).toBe(0);
  rig.send(windowUpdate(1, 4000));
  expect(sizes(rig.written())).toEqual(["1:4000"]);
  expect(body!.request.writables).toBe(1);
  rig.send(windowUpdate(1, 50));
  expect(body!.give(50)).toBe(true);
});

test("a smaller INITIAL_WINDOW_SIZE takes windows below zero, and they must come up again", () => {
  const rig = openServer();
  const [body] = openBodies(rig, 1);
  expect(body!.give(60_000)).toBe(true);
  rig.written();
  rig.send(settings([4, 10_000])); // 65535 - 60000 = 5535 left; now -50000
  expect(body!.give(100)).toBe(false);
  rig.send(windowUpdate(1, 50_000));
  expect(rig.written()).toEqual(["SETTINGS ACK"]);
  rig.send(windowUpdate(1, 60));
  expect(sizes(rig.written())).toEqual(["1:60"]);
  rig.send(settings([4, 10_040]));
  expect(rig.written()).toEqual(["SETTINGS ACK", `DATA 1 ${"a".repeat(40)}`]);
});

test("the connection's window is one for all, and shared in turn", () => {
  const rig = openServer();
  rig.send(settings([4, 1_000_000]));
  const bodies = openBodies(rig, 1, 3, 5);
  expect(bodies[0]!.give(65_535)).toBe(true);
  rig.written();
  for (const body of bodies) expect(body.give(40_000)).toBe(false);
  expect(rig.written()).toEqual([]);
  rig.send(windowUpdate(0, 3 * 16_384));
  expect(sizes(rig.written())).toEqual(["1:16384", "3:16384", "5:16384"]);
  rig.send(windowUpdate(0, 20_000));
  expect(sizes(rig.written())).toEqual(["1:16384", "3:3616"]);
  rig.send(windowUpdate(0, 100_000));
  expect(rig.written().map((line) => line.slice(0, 6))).toEqual([
    "DATA 5",
    "DATA 1",
    "DATA 3",
    "DATA 5",
    "DATA 3",
  ]);
  expect(bodies.map(({ request }) => request.writables)).toEqual([1, 1, 1]);
});

test("a stream without a window stands in nobody's way", () => {
  const rig = openServer();
  const [stalled, ...others] = openBodies(rig, 1, 3, 5);
  rig.send(windowUpdate(0, 1_000_000));
  expect(stalled!.give(70_000)).toBe(false);
  for (const other of others) expect(other.give(60_000)).toBe(true);
  expect(rig.written().join()).toContain("DATA 5");
});

test("while the kernel takes nothing bodies wait, and go on in turn", () => {
  const rig = openServer();
  rig.send(settings([4, 1_000_000]), windowUpdate(0, 1_000_000));
  const bodies = openBodies(rig, 1, 3);
  rig.connection.isStalled = true;
  bodies[0]!.give(20_000);
  rig.written();
  for (const { give } of bodies) expect(give(20_000)).toBe(false);
  expect(rig.written()).toEqual([]);
  rig.connection.drain();
  expect(sizes(rig.written())).toEqual(["1:16384", "3:16384", "1:3616", "3:3616"]);
  expect(bodies.map(({ request }) => request.writables)).toEqual([1, 1]);
});

test("trailers and the end wait for the octets before them", () => {
  const rig = openServer();
  rig.send(settings([4, 10]));
  const [body] = openBodies(rig, 1);
  body!.give(15);
  body!.request.stream.sendEnd(null);
  expect(rig.written()).toEqual(["DATA 1 aaaaaaaaaa"]);
  rig.send(windowUpdate(1, 100));
  expect(rig.written()).toEqual(["DATA 1 END aaaaa"]);
});

test("a stream that is reset gives the connection what it held", () => {
  const rig = openServer({
    streamWindowBytes: 262_144,
    heldBytesMax: 0,
    connectionWindowBytes: 262_144,
  });
  rig.send(rig.peer.headers(1, post), rig.peer.headers(3, post));
  const [paused] = rig.handler.requests;
  paused!.stream.pauseRequest();
  for (let count = 0; count < 15; count++) rig.send(data(1, octets(16_384)));
  expect(rig.written()).toEqual([]);
  paused!.stream.abort();
  expect(rig.written()).toEqual(["RST 1 2", `WINDOW 0 ${15 * 16_384}`]);
});

test("credit is given back only for what was passed on", () => {
  const rig = openServer({ streamWindowBytes: 262_144 });
  rig.send(rig.peer.headers(1, post));
  const request = rig.handler.requests[0]!;
  request.onBody = () => request.stream.pauseRequest();
  rig.written();
  for (let count = 0; count < 16; count++) rig.send(data(1, octets(16_384)));
  expect(request.body.length).toBe(16_384);
  expect(rig.written().filter((line) => line.startsWith("WINDOW 1"))).toEqual([]);
  rig.send(data(1, "x"));
  expect(rig.written()).toEqual(["RST 1 3"]);
  expect(request.failure?.reason).toBe("bad-request");
});

test("what was held is handed on when resumed, in order, and its credit given back", () => {
  const rig = openServer({ streamWindowBytes: 262_144 });
  rig.send(rig.peer.headers(1, post));
  const request = rig.handler.requests[0]!;
  request.stream.pauseRequest();
  for (let count = 0; count < 10; count++) rig.send(data(1, Buffer.alloc(16_384, 97 + count)));
  rig.send(data(1, "end", true));
  expect(request).toMatchObject({ body: "", hasEnded: false });
  rig.written();
  request.stream.resumeRequest();
  expect(request.body).toBe(
    [..."abcdefghij"]
      .map((c) => c.repeat(16_384))
      .join("")
      .concat("end"),
  );
  expect(request.hasEnded).toBe(true);
});

test("single octets that wait are put together, in either direction", () => {
  const rig = openServer();
  rig.send(rig.peer.headers(1, post));
  const request = rig.handler.requests[0]!;
  request.stream.pauseRequest();
  for (let count = 0; count < 8192; count++) rig.send(data(1, "x"));
  let pieces = 0;
  request.onBody = () => void pieces++;
  request.stream.resumeRequest();
  expect(request.body).toBe("x".repeat(8192));
  expect(pieces).toBe(2);
  rig.send(settings([4, 0]));
  const [body] = openBodies(rig, 3);
  for (let count = 0; count < 8192; count++) body!.give(1);
  rig.send(windowUpdate(3, 8192));
  expect(sizes(rig.written())).toEqual(["3:4096", "3:4096"]);
});

test("the window of a stream grows for a reader that keeps up, and for no other", () => {
  const windows = (act: (request: RecordedRequest) => void) => {
    const rig = openServer();
    rig.send(rig.peer.headers(1, post));
    act(rig.handler.requests[0]!);
    const lines: string[] = [];
    for (let count = 0; count < 32; count++) {
      rig.send(data(1, octets(16_384)));
      lines.push(...rig.written().filter((line) => line.startsWith("WINDOW 1")));
    }
    return lines.map((line) => Number(line.split(" ").at(-1)) / 1024);
  };
  expect(windows(() => {})).toEqual([32 + 64, 64 + 128, 128, 128, 128]);
  const rests = (request: RecordedRequest) => {
    request.onBody = () => {
      request.stream.pauseRequest();
      request.stream.resumeRequest();
    };
  };
  expect(windows(rests)).toEqual(Array.from({ length: 16 }, () => 32));
});

test.each([
  ["at first", 65_536, 4],
  ["grown", 262_144, 16],
])(
  "as many streams as may be open, whose windows are full, %s, do not stall the others",
  (_size, streamWindowBytes, frames) => {
    const rig = openServer({ streamWindowBytes });
    for (let index = 0; index < 127; index++) {
      const id = 2 * index + 1;
      rig.send(rig.peer.headers(id, post));
      rig.handler.requests[index]!.stream.pauseRequest();
      for (let count = 0; count < frames; count++) rig.send(data(id, octets(16_384)));
    }
    rig.send(rig.peer.headers(301, post), data(301, "free", true));
    expect(rig.handler.requests.at(-1)).toMatchObject({ body: "free", hasEnded: true });
    expect(rig.connection.hasEnded).toBe(false);
  },
);

test.each([
  ["of the connection", (rig: ServerRig) => rig.send(windowUpdate(0, 0x7fff_ffff)), "GOAWAY 1 3"],
  ["of a stream", (rig: ServerRig) => rig.send(windowUpdate(1, 0x7fff_ffff)), "RST 1 3"],
  [
    "of all streams by SETTINGS",
    (rig: ServerRig) => rig.send(windowUpdate(1, 0x7fff_0000), settings([4, 0x1_ffff])),
    "GOAWAY 1 3",
  ],
  [
    "that cannot be, in SETTINGS",
    (rig: ServerRig) => rig.send(settings([4, 0x8000_0000])),
    "GOAWAY 1 3",
  ],
  ["of nothing, of a stream", (rig: ServerRig) => rig.send(windowUpdate(1, 0)), "RST 1 1"],
  ["of nothing, of the connection", (rig: ServerRig) => rig.send(windowUpdate(0, 0)), "GOAWAY 1 1"],
])("a window %s is an error", (_title, act, expected) => {
  const rig = openServer();
  openBodies(rig, 1);
  act(rig);
  expect(rig.written().at(-1)).toBe(expected);
});

test("more than the connection's window is an error of the connection", () => {
  const rig = openServer({ streamWindowBytes: 4_000_000, heldBytesMax: 0 });
  rig.send(rig.peer.headers(1, post));
  rig.handler.requests[0]!.stream.pauseRequest();
  for (let count = 0; count < 64; count++) rig.send(data(1, octets(16_384)));
  expect(rig.connection.hasEnded).toBe(false);
  rig.send(data(1, "x"));
  expect(rig.written().at(-1)).toBe("GOAWAY 1 3");
});
