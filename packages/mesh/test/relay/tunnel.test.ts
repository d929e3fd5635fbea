import { describe, expect, test } from "vitest";
import { type AskedLine, Rig, type RigOptions, sendBody } from "./harness.ts";

const upgrade: AskedLine = { length: "tunnel", upgrade: "websocket" };
const connect: AskedLine = { length: "tunnel", method: "CONNECT", path: "" };

function opened(line = upgrade, options: RigOptions = {}) {
  const rig = new Rig(options);
  const asked = rig.ask(line);
  const { server } = rig;
  server.open();
  server.replyHead(line.method === "CONNECT" ? 200 : 101, [], "tunnel");
  return { rig, server, ...asked };
}

describe("a tunnel", () => {
  test.each([
    ["an upgrade", upgrade, 101],
    ["CONNECT", connect, 200],
  ])("by %s carries octets and both ends, and is recorded once, at its end", (_, line, status) => {
    const { rig, server, client, exchange } = opened(line);
    expect([client.head!.status, client.length]).toEqual([status, "tunnel"]);
    expect(client.isRequestPaused).toBe(false); // as it was while the connection was awaited
    sendBody(exchange, "hello");
    server.replyBody("hi");
    exchange.onRequestEnd(null);
    expect(server.hasEnded).toBe(true);
    server.replyBody(" there");
    expect(rig.records).toHaveLength(0);
    server.replyEnd();
    expect([server.body, client.body, client.end]).toEqual(["hello", "hi there", "whole"]);
    expect(rig.record).toMatchObject({ status, reason: null, requestBytes: 5, replyBytes: 8 });
    expect(rig.context.inFlight).toBe(0);
  });

  test("outlasts its server's end until its client has ended, too", () => {
    const { rig, server, client, exchange } = opened();
    server.replyEnd();
    sendBody(exchange, "more");
    expect([server.body, client.end, rig.records.length]).toEqual(["more", "whole", 0]);
    exchange.onRequestEnd(null);
    expect(rig.record.reason).toBeNull();
  });

  test("is asked for again where nothing was processed, and of another endpoint", () => {
    const rig = new Rig({ endpoints: 2 });
    const { client } = rig.ask(upgrade);
    rig.server.lose({ kind: "refused", detail: "" });
    rig.server.open();
    rig.server.fail({ sent: false });
    rig.server.open();
    rig.server.replyHead(101, [], "tunnel");
    expect(client.head!.status).toBe(101);
  });

  test("once granted is never asked for again", () => {
    const { rig, server, client } = opened();
    server.fail();
    expect(client.end).toBe("cut");
    expect(rig.record).toMatchObject({ status: 101, reason: "reset", attempts: 1 });
  });

  test("has no request's time limit, but those of opaque connections", () => {
    const { rig, client, server } = opened(upgrade, { requestTimeoutMs: 1000 });
    rig.context.tunnelLimits = { idleMs: 60_000, lifetimeMs: 100_000, drainQuietMs: 2000 };
    rig.clock.advance(50_000);
    expect(client.end).toBe("none");
    server.replyBody("x");
    const lasting = opened(upgrade, { requestTimeoutMs: 1000 });
    lasting.rig.clock.advance(3_600_100);
    expect(lasting.client.end).toBe("cut");
    expect(lasting.rig.record.reason).toBe("request-timeout");
    const young = new Rig();
    young.context.tunnelLimits = { idleMs: 60_000, lifetimeMs: 5000, drainQuietMs: 2000 };
    const asked = young.ask(upgrade);
    young.server.open();
    young.server.replyHead(101, [], "tunnel");
    for (let second = 0; second < 6; second++) {
      sendBody(asked.exchange, "x");
      young.clock.advance(1000);
      if (young.records.length > 0) break;
    }
    expect(young.record.detail).toBe("it has lasted 5000 ms");
  });

  test("ends in good order as the proxy ends, once nothing moves", () => {
    const { rig, server, client, exchange } = opened();
    rig.context.drain();
    rig.clock.advance(1500);
    sendBody(exchange, "x");
    rig.clock.advance(1500);
    expect(client.end).toBe("none");
    rig.clock.advance(2000);
    expect([client.end, server.hasEnded]).toEqual(["whole", true]);
    exchange.onRequestEnd(null);
    server.replyEnd();
    expect(rig.record).toMatchObject({
      reason: null,
      detail: "the proxy ends, and nothing moved",
    });
  });

  test("whose ends do not part as the proxy ends is cut", () => {
    const { rig, client } = opened();
    rig.context.drain();
    rig.clock.advance(5000);
    expect(client.end).toBe("cut");
    expect(rig.context.inFlight).toBe(0);
  });

  test("rests a side while the other takes nothing", () => {
    const { server, client, exchange } = opened();
    server.isWritable = false;
    sendBody(exchange, "x");
    expect(client.isRequestPaused).toBe(true);
    server.sink!.onWritable();
    expect(client.isRequestPaused).toBe(false);
    client.isWritable = false;
    server.replyBody("y");
    expect(server.isReplyPaused).toBe(true);
    exchange.onWritable();
    expect(server.isReplyPaused).toBe(false);
  });
});

test("a tunnel that is refused is an exchange like any other", () => {
  const rig = new Rig();
  const { client } = rig.ask(upgrade);
  rig.server.open();
  rig.server.replyHead(403, [], 2);
  rig.server.replyBody("no");
  rig.server.replyEnd();
  expect([client.head!.status, client.body, client.end]).toEqual([403, "no", "whole"]);
  expect(rig.record).toMatchObject({ status: 403, reason: null });
  expect(rig.context.tunnels.size).toBe(0);
});

test("a wish that a filter takes back leaves a request without a body", () => {
  const edit = (head: { upgrade: string | null }) => {
    head.upgrade = null;
  };
  const rig = new Rig({ frontend: { edit } });
  const { client } = rig.ask(upgrade);
  rig.server.open();
  expect(rig.server.hasEnded).toBe(true);
  rig.server.reply(200, "plain");
  expect(client.body).toBe("plain");
});

describe("a body of an announced length", () => {
  const watched = (length: number | "chunked", protocol: "h2" | "http/1.1" = "http/1.1") => {
    const rig = new Rig();
    const limits: string[] = [];
    rig.context.onLimit = (limit) => limits.push(limit);
    const asked = rig.ask({ method: "POST", length, protocol });
    if (protocol === "h2") rig.wide[0]!.open();
    else rig.server.open();
    const minute = (octets: number) => {
      sendBody(asked.exchange, "x".repeat(octets));
      rig.clock.advance(60_000);
      asked.exchange.onStillOpen();
    };
    return { rig, limits, minute, ...asked };
  };

  test.each([
    ["http/1.1", "h1-body"],
    ["h2", "h2-slow-body"],
  ] as const)("that trickles in over %s is refused and counted", (protocol, limit) => {
    const { rig, limits, minute, client } = watched(100_000, protocol);
    minute(10);
    minute(10);
    expect(client.head!.status).toBe(408);
    expect(limits).toEqual([limit]);
    expect(rig.record).toMatchObject({ reason: "client-slow", status: 408 });
  });

  test("is waited for while it comes, or while it is we who rest it", () => {
    const { rig, minute, client } = watched(100_000);
    for (let round = 0; round < 5; round++) minute(7000);
    rig.server.isWritable = false;
    minute(1);
    minute(0);
    rig.server.isWritable = true;
    rig.server.sink!.onWritable();
    minute(7000);
    expect(client.head).toBeNull();
  });

  test("may trickle once its reply has begun; and one that ends when it ends may, always", () => {
    const answered = watched(100_000);
    answered.rig.server.replyHead(200);
    for (let round = 0; round < 3; round++) answered.minute(1);
    expect(answered.client.end).toBe("none");
    const streaming = watched("chunked");
    for (let round = 0; round < 3; round++) streaming.minute(1);
    expect(streaming.client.head).toBeNull();
  });
});
