import { PlainFields, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { expect, test } from "vitest";
import { openClient } from "./rig.ts";
import { joinChunks } from "./verdicts.ts";

const line = { method: "GET", path: "/a", authority: "kvs" };
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

function ask(rig: ReturnType<typeof openClient>) {
  const { reply, stream } = rig.start();
  stream.sendHead(new PlainRequestHead(line), 0);
  stream.sendEnd(null);
  return { reply, stream };
}

test("carries one exchange after the other", () => {
  const rig = openClient();
  for (let round = 1; round <= 3; round++) {
    const { reply } = ask(rig);
    expect(rig.client.capacity).toBe(0);
    rig.connection.deliver(ok, 30, 45);
    expect(reply).toMatchObject({ body: "hello", hasEnded: true, length: 5 });
    expect(rig.owned.exchangeEnds).toBe(round);
    expect(rig.client.capacity).toBe(1);
  }
  expect(rig.connection.writes[0]).toBe("GET /a HTTP/1.1\r\nhost: kvs\r\nvia: 1.1 heddle\r\n\r\n");
});

test("sends a body in the framing announced, with trailers where it is chunked", () => {
  const rig = openClient();
  const { stream } = rig.start();
  stream.sendHead(new PlainRequestHead({ ...line, method: "POST" }), "chunked");
  const bytes = Buffer.alloc(200_000, 0x61);
  stream.sendBody(bytes, 0, 3);
  stream.sendBody(bytes, 0, bytes.length);
  stream.sendEnd(new PlainFields([["x-sum", "7"]]));
  const { output } = rig.connection;
  expect(joinChunks(output.slice(output.indexOf("\r\n\r\n") + 4))).toBe(
    `${"a".repeat(200_003)}|x-sum: 7\r\n\r\n`,
  );
});

test("says surely not sent only where no octet left the process", () => {
  const unsent = openClient();
  unsent.connection.isStalled = true;
  const first = ask(unsent).reply;
  unsent.connection.close({ kind: "reset", detail: "reset" });
  expect(first.failure).toMatchObject({ reason: "reset", sent: false, answered: false });
  const sent = openClient();
  const second = ask(sent).reply;
  sent.connection.deliverEnd();
  expect(second.failure).toMatchObject({ reason: "reset", sent: true, answered: false });
  const partial = openClient();
  partial.connection.isStalled = true;
  const third = ask(partial).reply;
  partial.connection.queuedBytes -= 1;
  partial.connection.close({ kind: "reset", detail: "reset" });
  expect(third.failure).toMatchObject({ sent: true });
});

test("counts what a reused connection sent before as no part of this exchange", () => {
  const rig = openClient();
  ask(rig);
  rig.connection.deliver(ok);
  rig.connection.isStalled = true;
  const { reply } = ask(rig);
  rig.connection.close({ kind: "reset", detail: "reset" });
  expect(reply.failure).toMatchObject({ sent: false });
});

test("an idle connection that the server closes is not reusable and is closed", () => {
  const rig = openClient();
  rig.connection.deliverEnd();
  expect(rig.client.capacity).toBe(0);
  expect(rig.connection.hasEnded).toBe(true);
  expect(rig.owned.closes).toBe(1);
  expect(rig.clock.nextAtMs()).toBe(null);
});

test("a server that ends behind a whole reply gave a whole reply", () => {
  const rig = openClient();
  const { reply } = ask(rig);
  rig.connection.deliver(ok);
  rig.connection.deliverEnd();
  expect(reply).toMatchObject({ hasEnded: true, failure: null });
  expect(rig.owned.closes).toBe(1);
});

test("a reset amid a body without a length is no end of it", () => {
  const rig = openClient();
  const { reply } = ask(rig);
  rig.connection.deliver("HTTP/1.1 200 OK\r\n\r\nhel");
  rig.connection.close({ kind: "reset", detail: "reset" });
  expect(reply).toMatchObject({ body: "hel", hasEnded: false, failure: { reason: "reset" } });
});

test("a connection that was to close is reset if the server never does", () => {
  const rig = openClient();
  ask(rig);
  rig.connection.deliver("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  expect(rig.connection.hasEnded).toBe(true);
  expect(rig.connection.isReset).toBe(false);
  rig.clock.advance(2000);
  expect(rig.connection.isReset).toBe(true);
});

test("an exchange given up resets its connection and hears nothing more", () => {
  const rig = openClient();
  const { reply, stream } = ask(rig);
  stream.abort();
  expect(rig.connection.isReset).toBe(true);
  rig.connection.settle();
  expect(reply.failure).toBe(null);
  expect(rig.owned.closes).toBe(1);
  stream.abort();
});

test("giving up an exchange that is over leaves the connection alone", () => {
  const rig = openClient();
  const { stream } = ask(rig);
  rig.connection.deliver(ok);
  stream.abort();
  expect(rig.client.capacity).toBe(1);
  expect(rig.connection.isReset).toBe(false);
});

test.each([
  ["a length", ok],
  [
    "chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
  ],
  ["the end of the connection", "HTTP/1.1 200 OK\r\n\r\nhello"],
])("a paused body framed by %s delivers nothing until resumed", (title, input) => {
  for (let cut = 1; cut < input.length; cut++) {
    const rig = openClient();
    const { reply, stream } = ask(rig);
    reply.onBody = () => stream.pauseReply();
    rig.connection.deliver(input, cut);
    if (title === "the end of the connection") rig.connection.deliverEnd();
    for (let round = 0; round < 8 && !reply.hasEnded; round++) {
      stream.resumeReply();
      rig.connection.settle();
    }
    expect(reply).toMatchObject({ body: "hello", hasEnded: true });
    expect(rig.connection.isPaused).toBe(false);
  }
});

test("onWritable follows a queue that emptied, while the request goes on", () => {
  const rig = openClient();
  const { reply, stream } = rig.start();
  rig.connection.isStalled = true;
  stream.sendHead(new PlainRequestHead({ ...line, method: "PUT" }), 3);
  expect(stream.sendBody(Buffer.from("abc"), 0, 3)).toBe(false);
  rig.connection.drain();
  expect(reply.writables).toBe(1);
  stream.sendEnd(null);
});

test("a reply head over its limits is a bad response", () => {
  const rig = openClient();
  const { reply } = ask(rig);
  rig.connection.deliver(`HTTP/1.1 200 OK\r\nX: ${"1".repeat(70_000)}`);
  expect(reply.failure).toMatchObject({ reason: "bad-response", answered: true });
});

test("an idle connection closes when asked, a busy one after its exchange", () => {
  const idle = openClient();
  idle.client.close();
  expect(idle.connection.hasEnded).toBe(true);
  const busy = openClient();
  const { reply } = ask(busy);
  busy.client.close();
  busy.connection.deliver(ok);
  expect(reply.hasEnded).toBe(true);
  expect(busy.client.capacity).toBe(0);
  expect(busy.connection.hasEnded).toBe(true);
});
