import { PlainFields, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { expect, test } from "vitest";
import { data, goaway, ok, ping, pong, reset, settings, windowUpdate } from "./peer.ts";
import { openClient } from "./rig.ts";

const head = (method = "GET") => new PlainRequestHead({ method, path: "/", authority: "kvs" });
const upgrade = () => {
  const wish = head();
  wish.upgrade = "websocket";
  return wish;
};

test("is open once the server's SETTINGS are here, with as many streams as they say", () => {
  const { client, owned, start, send } = openClient({}, [3, 2]);
  expect(owned.opens).toBe(1);
  expect(client.capacity).toBe(2);
  start();
  start();
  expect(client.capacity).toBe(0);
  expect(client.active).toBe(2);
  send(settings([3, 5]));
  expect(client.capacity).toBe(3);
  expect(owned.capacities).toBe(1);
});

test("a request and its reply, interim replies and trailers", () => {
  const { client, owned, peer, send, start, written } = openClient();
  const { reply, stream } = start();
  stream.sendHead(head("POST"), "chunked");
  stream.sendBody(Buffer.from("abc"), 0, 3);
  stream.sendEnd(new PlainFields([["x-sum", "1"]]));
  expect(written()).toEqual([
    "HEADERS 1 :method=POST :scheme=http :path=/ :authority=kvs via=2 heddle",
    "DATA 1 abc",
    "HEADERS 1 END x-sum=1",
  ]);
  send(peer.headers(1, [[":status", "103"]]), peer.headers(1, ok), data(1, "hello"));
  expect(reply).toMatchObject({ interims: [103], length: "chunked", body: "hello" });
  expect(client.active).toBe(1);
  send(peer.headers(1, [["grpc-status", "0"]], true));
  expect(reply).toMatchObject({ hasEnded: true, trailers: ["grpc-status: 0"], failure: null });
  expect(owned.exchangeEnds).toBe(1);
  expect(client.active).toBe(0);
});

test("replies come in any order, each to its request", () => {
  const { ask, peer, send } = openClient();
  const replies = [ask().reply, ask().reply, ask().reply];
  send(peer.headers(5, ok), peer.headers(1, ok), data(5, "five"), data(1, "one", true));
  send(peer.headers(3, ok, true), data(5, "!", true));
  expect(replies.map(({ body, hasEnded }) => `${body} ${hasEnded}`)).toEqual([
    "one true",
    " true",
    "five! true",
  ]);
});

test.each([
  [
    "a body without end",
    (peer: Peer) => [peer.headers(1, [...ok, ["content-length", "5"]]), data(1, "abc", true)],
  ],
  [
    "a body too long",
    (peer: Peer) => [peer.headers(1, [...ok, ["content-length", "2"]]), data(1, "abc")],
  ],
  ["a body of a HEAD", (peer: Peer) => [peer.headers(1, ok), data(1, "abc", true)]],
  ["DATA before a head", () => [data(1, "abc")]],
  ["no status", (peer: Peer) => [peer.headers(1, [["x", "y"]])]],
  ["101", (peer: Peer) => [peer.headers(1, [[":status", "101"]])]],
])("%s is no reply: the stream ends, the connection goes on", (title, build) => {
  const { client, ask, peer, send, written } = openClient();
  const { reply } = ask(title.includes("HEAD") ? "HEAD" : "GET");
  const other = ask().reply;
  written();
  send(...build(peer));
  expect(reply.failure).toMatchObject({ reason: "bad-response" });
  expect(written()).toEqual(["RST 1 1"]);
  send(peer.headers(3, ok, true));
  expect(other.hasEnded).toBe(true);
  expect(client.capacity).toBeGreaterThan(0);
});

type Peer = ReturnType<typeof openClient>["peer"];

test.each([
  [7, "refused-stream"],
  [8, "reset"],
  [0, "reset"],
  [13, "reset"],
])("RST_STREAM %i before a reply is %s", (code, reason) => {
  const { ask, send } = openClient();
  const { reply } = ask();
  send(reset(1, code));
  expect(reply.failure).toMatchObject({ reason, answered: false, sent: true });
});

test("REFUSED_STREAM behind a head refuses nothing", () => {
  const { ask, peer, send } = openClient();
  const { reply } = ask();
  send(peer.headers(1, ok), reset(1, 7));
  expect(reply.failure).toMatchObject({ reason: "reset", answered: true });
});

test("GOAWAY: what is above its last stream was not processed, the rest finishes, then the end", () => {
  const { client, owned, connection, ask, peer, send, written } = openClient();
  const [first, second] = [ask(), ask()];
  send(goaway(0x7fff_ffff));
  expect(client.capacity).toBe(0);
  expect(client.isClosing).toBe(true);
  expect(second.reply.failure).toBe(null);
  written();
  send(goaway(1));
  expect(owned.capacities).toBe(2);
  expect(second.reply.failure).toMatchObject({ reason: "refused-stream" });
  expect(connection.hasEnded).toBe(false);
  send(peer.headers(1, ok, true));
  expect(first.reply.hasEnded).toBe(true);
  expect(written()).toEqual(["GOAWAY 0 0"]);
  expect(connection.hasEnded).toBe(true);
});

test("close finishes what goes on, and starts nothing more", () => {
  const { client, connection, ask, peer, send } = openClient();
  ask();
  client.close();
  expect(client.capacity).toBe(0);
  expect(connection.hasEnded).toBe(false);
  send(peer.headers(1, ok, true));
  expect(connection.hasEnded).toBe(true);
});

test("giving up is CANCEL, and what still comes is dropped", () => {
  const { client, owned, ask, peer, send, written } = openClient();
  const { reply, stream } = ask();
  written();
  stream.abort();
  expect(written()).toEqual(["RST 1 8"]);
  expect(client.active).toBe(0);
  expect(owned.exchangeEnds).toBe(1);
  send(peer.headers(1, ok), data(1, "late", true));
  expect(reply).toMatchObject({ head: null, body: "", failure: null });
  expect(client.isClosing).toBe(false);
});

test("a reply that ends before its request cancels the rest of it", () => {
  const { peer, send, start, written } = openClient();
  const { reply, stream } = start();
  stream.sendHead(head("POST"), "chunked");
  written();
  send(peer.headers(1, ok, true), reset(1, 0));
  expect(reply).toMatchObject({ hasEnded: true, failure: null });
  expect(written()).toEqual(["RST 1 8"]);
  expect(stream.sendBody(Buffer.from("late"), 0, 4)).toBe(true);
});

test("an upgrade is an extended CONNECT, its grant 101, and both ends close apart", () => {
  const { owned, peer, send, start, written } = openClient({}, [8, 1]);
  const { reply, stream } = start();
  stream.sendHead(upgrade(), "tunnel");
  expect(written()[0]).toMatch(
    /^HEADERS 1 :method=CONNECT :protocol=websocket :scheme=http :path=\//,
  );
  send(peer.headers(1, ok), data(1, "hi"));
  expect(reply).toMatchObject({ head: { status: 101 }, length: "tunnel", body: "hi" });
  stream.sendEnd(null);
  expect(written()).toEqual(["DATA 1 END"]);
  send(data(1, " there", true));
  expect(reply).toMatchObject({ body: "hi there", hasEnded: true });
  expect(owned.exchangeEnds).toBe(1);
});

test("a tunnel that is not granted is a reply like any other, and the stream is ended", () => {
  const { peer, send, start, written } = openClient({}, [8, 1]);
  const { reply, stream } = start();
  stream.sendHead(upgrade(), "tunnel");
  written();
  send(peer.headers(1, [[":status", "403"]]), data(1, "no", true));
  expect(reply).toMatchObject({ head: { status: 403 }, body: "no", hasEnded: true });
  expect(written()).toEqual(["DATA 1 END"]);
});

test("a server that does not take extended CONNECT is not asked", () => {
  const { clock, start, written } = openClient();
  const { reply, stream } = start();
  stream.sendHead(upgrade(), "tunnel");
  clock.advance(1);
  expect(reply.failure).toMatchObject({ reason: "bad-response", sent: false });
  expect(written()).toEqual([]);
});

test("a server that says nothing for ten seconds is asked, and dead three seconds later", () => {
  const { clock, connection, ask, send, written } = openClient();
  const { reply } = ask();
  written();
  clock.advance(10_050);
  expect(written()).toEqual(["PING"]);
  send(pong());
  clock.advance(3050);
  expect(connection.isReset).toBe(false);
  clock.advance(10_050);
  expect(written()).toEqual(["PING"]);
  clock.advance(3050);
  expect(reply.failure).toMatchObject({ reason: "reset", detail: "no answer to a PING" });
  expect(connection.isReset).toBe(true);
});

test("without streams nothing is asked", () => {
  const { clock, ask, peer, send, written } = openClient();
  ask();
  send(peer.headers(1, ok, true));
  written();
  clock.advance(60_000);
  expect(written()).toEqual([]);
});

test("a connection that breaks fails every exchange, and says which were surely not sent", () => {
  const { connection, ask, owned } = openClient();
  const sent = ask();
  connection.isStalled = true;
  const stuck = ask();
  connection.close({ kind: "reset", detail: "broken" });
  expect(sent.reply.failure).toMatchObject({ reason: "reset", sent: true });
  expect(stuck.reply.failure).toMatchObject({ reason: "reset", sent: false, detail: "broken" });
  expect(owned).toMatchObject({ exchangeEnds: 2, closes: 1 });
});

test.each([
  ["ends", (rig: ReturnType<typeof openClient>) => rig.connection.deliverEnd()],
  [
    "breaks",
    (rig: ReturnType<typeof openClient>) => rig.connection.close({ kind: "reset", detail: "" }),
  ],
])("a reply that is here as a whole is handed on though its connection %s", (_, leave) => {
  const rig = openClient();
  const { ask, owned, peer, send } = rig;
  const [whole, part] = [ask(), ask()];
  send(peer.headers(1, ok), data(1, "a"), peer.headers(3, ok), data(3, "b"));
  whole.stream.pauseReply();
  part.stream.pauseReply();
  send(data(1, "ll"), peer.headers(1, [["x-sum", "3"]], true), data(3, "c"));
  leave(rig);
  expect([whole.reply.failure, part.reply.failure?.reason]).toEqual([null, "reset"]);
  whole.stream.resumeReply();
  expect(whole.reply).toMatchObject({ body: "all", hasEnded: true, trailers: ["x-sum: 3"] });
  expect(owned.exchangeEnds).toBe(owned.closes === 1 ? 1 : 2); // what comes after its close nobody is told
});

test("a server that opens streams, or speaks of some that are idle, is wrong", () => {
  for (const build of [
    (peer: Peer) => peer.headers(2, ok),
    (peer: Peer) => peer.headers(7, ok),
    () => windowUpdate(9, 1),
    () => Buffer.from([0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2]),
  ]) {
    const { ask, connection, peer, send, written } = openClient();
    const { reply } = ask();
    written();
    send(build(peer));
    expect(written()).toEqual(["GOAWAY 0 1"]);
    expect(reply.failure?.reason).toBe("reset");
    expect(connection.hasEnded).toBe(true);
  }
});

test("answers a PING at once", () => {
  const { send, written } = openClient();
  send(ping());
  expect(written()).toEqual(["PING ACK"]);
});

test("a connection on which many exchanges were given up takes nothing new, before its server breaks it for that", () => {
  const { client, owned, ask, peer, send } = openClient();
  const others = ask();
  for (let count = 0; count < 250; count++) ask().stream.abort();
  expect(client).toMatchObject({ isClosing: false, active: 1 });
  ask().stream.abort();
  expect(client).toMatchObject({ isClosing: true, capacity: 0 });
  expect(owned.exchangeEnds).toBe(251);
  send(peer.headers(1, ok), data(1, "whole", true));
  expect(others.reply).toMatchObject({ body: "whole", hasEnded: true, failure: null });
});

test("those that end well, and time, make up for exchanges that are given up", () => {
  const { client, ask, peer, send, clock } = openClient();
  for (let count = 0; count < 1000; count++) {
    ask().stream.abort();
    ask();
    send(peer.headers(4 * count + 3, ok, true));
  }
  expect(client.isClosing).toBe(false);
  for (let count = 0; count < 250; count++) ask().stream.abort();
  clock.advance(1000);
  for (let count = 0; count < 8; count++) ask().stream.abort();
  expect(client.isClosing).toBe(false);
});

test("takes so many exchanges that none stalls the others, though the server set no limit", () => {
  expect(openClient().client.capacity).toBe(128);
  expect(openClient({}, [3, 1000]).client.capacity).toBe(128);
});
