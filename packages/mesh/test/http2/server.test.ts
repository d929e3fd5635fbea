import { PlainFields, PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { expect, test } from "vitest";
import {
  data,
  get,
  goaway,
  type Peer,
  ping,
  pong,
  post,
  preface,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from "./peer.ts";
import { answer, openServer } from "./rig.ts";

const connect = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":path", "/chat"],
  [":authority", "kvs"],
] as const;

test("begins with SETTINGS and its window, and takes theirs", () => {
  const { send, written } = openServer({}, {}, false);
  send(preface, settings());
  expect(written()).toEqual(["SETTINGS", "WINDOW 0 983041", "SETTINGS ACK"]);
});

test("a request and its reply leave in one write, the end with the last octets", () => {
  const { connection, handler, peer, send, written } = openServer();
  handler.onEach = (request) => {
    expect(request.head.path).toBe("/");
    expect(request.length).toBe(0);
    request.onEnd = () => answer(request);
  };
  send(peer.headers(1, get, true), peer.headers(3, get, true));
  expect(handler.requests.map((each) => each.stream.ordinal)).toEqual([1, 2]);
  expect(connection.writes.length).toBe(2);
  expect(written()).toEqual([
    "HEADERS 1 :status=200 content-length=5",
    "DATA 1 END hello",
    "HEADERS 3 :status=200 content-length=5",
    "DATA 3 END hello",
  ]);
});

/** Everything a client may send in one go. */
function conversation(peer: Peer): Buffer {
  const first = peer.headers(1, [...post, ["content-length", "10"]]);
  const block = peer.block(post);
  return Buffer.concat([
    preface,
    settings([4, 100_000], [0x7777, 1]),
    settingsAck,
    first,
    data(1, "hello"),
    ping(),
    Buffer.from([0, 0, 7, 0, 0x9, 0, 0, 0, 1, 1, ...Buffer.from("world"), 0]), // padded, the end
    Buffer.from([0, 0, 3, 0xbb, 0xff, 0, 0, 0, 9, 1, 2, 3]), // of a type that nobody knows
    Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 3]),
    block.subarray(0, 1),
    continuation(3, block.subarray(1)),
    data(3, "abc"),
    peer.headers(3, [["x-sum", "6"]], true),
  ]);
}

function continuation(id: number, rest: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, rest.length, 9, 4, 0, 0, 0, id]), rest]);
}

test("frames may be cut at any octet", () => {
  const whole = conversation(openServer().peer);
  for (let cut = 0; cut <= whole.length; cut++) {
    const fresh = openFresh();
    fresh.connection.deliver(whole.toString("latin1"), cut);
    check(fresh);
  }
  const single = openFresh();
  single.connection.deliver(whole.toString("latin1"), ...whole.keys());
  check(single);
});

function openFresh() {
  return openServer({}, {}, false);
}

function check({ handler, written }: ReturnType<typeof openFresh>): void {
  const [first, second] = handler.requests;
  expect(first).toMatchObject({ body: "helloworld", hasEnded: true, length: 10, failure: null });
  expect(second).toMatchObject({ body: "abc", hasEnded: true, trailers: ["x-sum: 6"] });
  expect(written().slice(-2)).toEqual(["SETTINGS ACK", "PING ACK"]);
}

test("a HEAD, a 204 and a 304 end with their head, whatever is sent", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, [[":method", "HEAD"], ...get.slice(1)], true));
  send(peer.headers(3, get, true), peer.headers(5, get, true));
  const [head, empty, same] = handler.requests;
  head!.stream.sendHead(new PlainReplyHead(200, [["content-length", "7"]]), 7);
  head!.stream.sendBody(Buffer.from("ignored"), 0, 7);
  head!.stream.sendEnd(null);
  answer(empty!, "", 204);
  answer(same!, "", 304);
  expect(written().map((line) => line.replace(/ :status.*/, ""))).toEqual([
    "HEADERS 1",
    "DATA 1 END",
    "HEADERS 3",
    "DATA 3 END",
    "HEADERS 5",
    "DATA 5 END",
  ]);
});

test("interim replies, a streamed body and trailers", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, post));
  const { stream } = handler.requests[0]!;
  stream.sendInterim(new PlainReplyHead(103, [["link", "</a>"]]));
  stream.sendHead(new PlainReplyHead(200), "chunked");
  stream.sendBody(Buffer.from("abc"), 0, 3);
  send(data(1, "", true));
  stream.sendEnd(new PlainFields([["grpc-status", "0"]]));
  expect(written()).toEqual([
    "HEADERS 1 :status=103 link=</a>",
    "HEADERS 1 :status=200",
    "DATA 1 abc",
    "HEADERS 1 END grpc-status=0",
  ]);
});

test("who is answered before the request has ended hears that the rest is not wanted", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, post), data(1, "some"));
  answer(handler.requests[0]!, "no", 403);
  expect(written()).toEqual([
    "HEADERS 1 :status=403 content-length=2",
    "DATA 1 no",
    "DATA 1 END",
    "RST 1 0",
  ]);
  send(data(1, "more of it"), peer.headers(1, [["x-late", "1"]], true));
  expect(written()).toEqual([]);
  expect(handler.requests[0]!.body).toBe("some");
});

test("a client's reset ends its exchange, and no other", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, post), peer.headers(3, post), reset(1, 8));
  const [gone, other] = handler.requests;
  expect(gone!.failure).toEqual({ reason: "client-gone", detail: "reset by the peer: CANCEL" });
  answer(gone!);
  send(data(3, "x", true));
  answer(other!);
  expect(written()).toEqual([
    "HEADERS 3 :status=200 content-length=5",
    "DATA 3 hello",
    "DATA 3 END",
  ]);
});

test("a reply that cannot be finished is reset, and seen not to be whole", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, get, true));
  const { stream } = handler.requests[0]!;
  stream.sendHead(new PlainReplyHead(200), 100);
  stream.abort();
  stream.sendBody(Buffer.from("late"), 0, 4);
  expect(written()).toEqual(["HEADERS 1 :status=200 content-length=100", "RST 1 2"]);
});

test("what is no request is reset or answered, and the connection goes on", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, [...get, ["connection", "close"]], true));
  send(peer.headers(3, [...get.slice(0, 2), [":path", `/${"a".repeat(20_000)}`], get[3]!], true));
  send(peer.headers(5, [[":method", "TRACE"], ...get.slice(1)]));
  expect(handler.refusals.map(({ reason }) => reason)).toEqual([
    "bad-request",
    "target-too-long",
    "unsupported",
  ]);
  expect(
    written().map((line) => line.replace(/(:status=\d+).*/, "$1").replace(/(END).*/, "$1")),
  ).toEqual([
    "RST 1 1",
    "HEADERS 3 :status=414",
    "DATA 3 END",
    "HEADERS 5 :status=501",
    "DATA 5 END",
    "RST 5 0",
  ]);
  send(peer.headers(7, get, true));
  expect(handler.requests.length).toBe(1);
});

test("an extended CONNECT is a wish for a tunnel: its octets wait for the grant, both ends close apart", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, connect), data(1, "early"));
  const request = handler.requests[0]!;
  expect(request).toMatchObject({ length: "tunnel", body: "" });
  expect(request.head).toMatchObject({ method: "GET", upgrade: "websocket", path: "/chat" });
  request.stream.sendHead(new PlainReplyHead(101), "tunnel");
  expect(request.body).toBe("early");
  request.stream.sendBody(Buffer.from("hi"), 0, 2);
  send(data(1, " and late", true));
  expect(request).toMatchObject({ body: "early and late", hasEnded: true });
  request.stream.sendBody(Buffer.from("bye"), 0, 3);
  request.stream.sendEnd(null);
  expect(written()).toEqual(["HEADERS 1 :status=200", "DATA 1 hi", "DATA 1 bye", "DATA 1 END"]);
});

test("of a tunnel that is not granted nothing comes behind the head", () => {
  const { handler, peer, send, written } = openServer();
  send(peer.headers(1, connect), data(1, "early"));
  const request = handler.requests[0]!;
  answer(request, "no", 403);
  send(data(1, "late", true));
  expect(request).toMatchObject({ body: "", hasEnded: false, failure: null });
  expect(written().at(-1)).toBe("RST 1 0");
});

test("drains in two steps: what the client sent before it knew is served", () => {
  const { clock, connection, handler, peer, server, send, written } = openServer();
  send(peer.headers(1, get, true));
  server.drain();
  expect(written()).toEqual(["GOAWAY 2147483647 0", "PING"]);
  send(peer.headers(3, get, true), pong("heddle\0\0"));
  expect(written()).toEqual(["GOAWAY 3 0"]);
  send(peer.headers(5, get, true));
  expect(handler.requests.length).toBe(2);
  answer(handler.requests[0]!);
  expect(connection.hasEnded).toBe(false);
  answer(handler.requests[1]!);
  expect(connection.hasEnded).toBe(true);
  clock.advance(2100);
  expect(connection.isReset).toBe(true);
});

test("a client that does not answer the PING is waited for no longer than a second", () => {
  const { clock, connection, server, written } = openServer();
  server.drain();
  clock.advance(1100);
  expect(written()).toEqual(["GOAWAY 2147483647 0", "PING", "GOAWAY 0 0"]);
  expect(connection.hasEnded).toBe(true);
});

test("a client that goes away ends all its exchanges", () => {
  const { connection, handler, peer, send } = openServer();
  send(peer.headers(1, post), peer.headers(3, get, true), goaway(0));
  connection.deliverEnd();
  expect(handler.requests.map(({ failure }) => failure?.reason)).toEqual([
    "client-gone",
    "client-gone",
  ]);
  expect(handler.closes).toBe(1);
});

test("fields of callers beyond the edge are dropped, OPTIONS that may go no further is answered", () => {
  const { handler, peer, send, written } = openServer({}, { dropFields: ["x-forwarded-for"] });
  const options = [[":method", "OPTIONS"], ...get.slice(1), ["max-forwards", "0"]] as const;
  send(
    peer.headers(1, [...get, ["x-forwarded-for", "10.0.0.1"]], true),
    peer.headers(3, options, true),
  );
  expect(handler.requests.length).toBe(1);
  expect(handler.requests[0]!.head.get("x-forwarded-for")).toBe(null);
  expect(written()).toEqual(["HEADERS 3 END :status=200"]);
});

test("a WINDOW_UPDATE of 0 is an error of a stream that is over, too", () => {
  const { handler, peer, send, written } = openServer();
  handler.onEach = (request) => {
    request.onEnd = () => answer(request);
  };
  send(peer.headers(1, get, true));
  written();
  send(windowUpdate(1, 5), windowUpdate(1, 0));
  expect(written()).toEqual(["RST 1 1"]);
});

test("a thousand requests in one read are begun by turns", () => {
  const { clock, connection, handler, peer, send, written } = openServer();
  handler.onEach = (request) => {
    request.onEnd = () => answer(request, "");
  };
  const ids = Array.from({ length: 1000 }, (_, index) => 2 * index + 1);
  send(...ids.map((id) => peer.headers(id, get, true)));
  expect(handler.requests.length).toBe(128);
  expect(connection.isPaused).toBe(true);
  for (let turn = 0; turn < 8; turn++) clock.advance(0);
  expect(handler.requests.length).toBe(1000);
  expect(connection.isPaused).toBe(false);
  expect(written().length).toBe(1000);
});

test("a client that goes away between turns takes with it what was left", () => {
  const { clock, connection, handler, peer, send } = openServer();
  handler.onEach = (request) => {
    request.onEnd = () => answer(request, "");
  };
  send(...Array.from({ length: 300 }, (_, index) => peer.headers(2 * index + 1, get, true)));
  connection.close({ kind: "reset", detail: "gone" });
  clock.advance(10);
  expect(handler.requests.length).toBe(128);
});
