import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { EndpointWaiter } from "@heddle/mesh/upstream/backend.ts";
import { describe, expect, test } from "vitest";
import { Rig, sendBody } from "./harness.ts";

const peer = toSpiffeId("spiffe://heddle.local/ns/default/sa/kvs");
const refused = { kind: "refused", detail: "nobody listens" } as const;

describe("a request and its reply", () => {
  test("pass through, and one record says so", () => {
    const rig = new Rig();
    const { client } = rig.ask({ path: "/7?x=1" });
    rig.server.open();
    expect(rig.server.head?.path).toBe("/7?x=1");
    expect(rig.server.hasEnded).toBe(true);
    rig.clock.advance(12);
    rig.server.replyHead(200);
    rig.server.replyBody("ab");
    rig.server.replyBody("cd");
    rig.clock.advance(3);
    rig.server.replyEnd();
    expect([client.head?.status, client.body, client.end]).toEqual([200, "abcd", "whole"]);
    expect(rig.record).toMatchObject({
      status: 200,
      reason: null,
      origin: "app",
      attempts: 1,
      replyBytes: 4,
      endpointName: "e0",
      headMs: 12,
      endMs: 15,
    });
  });

  test("pass through on a connection that is used again", () => {
    const rig = new Rig();
    const server = rig.warm();
    rig.ask({ path: "/8" });
    expect(rig.servers).toHaveLength(1);
    expect(server.head?.path).toBe("/8");
    server.reply(204);
    expect(rig.record.status).toBe(204);
  });

  test("a body waits, paused, for the connection and then follows whole", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask({ method: "POST", length: "chunked" });
    expect(client.isRequestPaused).toBe(true);
    sendBody(exchange, "what the codec had already");
    rig.server.open();
    expect(client.isRequestPaused).toBe(false);
    sendBody(exchange, ", and more");
    exchange.onRequestEnd(null);
    expect(rig.server.body).toBe("what the codec had already, and more");
    rig.server.reply(201);
    expect(rig.record).toMatchObject({ status: 201, requestBytes: 36 });
  });

  test("rest while the other side takes nothing, in both directions", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask({ method: "POST", length: "chunked" });
    rig.server.open();
    rig.server.isWritable = false;
    sendBody(exchange, "a");
    expect(client.isRequestPaused).toBe(true);
    exchange.onServerWritable();
    expect(client.isRequestPaused).toBe(false);
    exchange.onRequestEnd(null);
    rig.server.replyHead(200);
    client.isWritable = false;
    rig.server.replyBody("b");
    expect(rig.server.isReplyPaused).toBe(true);
    exchange.onWritable();
    expect(rig.server.isReplyPaused).toBe(false);
  });

  test("interim replies pass, any number", () => {
    const rig = new Rig();
    const { client } = rig.ask();
    rig.server.open();
    rig.server.interim(100);
    rig.server.interim(103);
    rig.server.reply(200);
    expect(client.interims).toEqual([100, 103]);
  });

  test("an answer before the request's end goes to the client, and the connection is let go", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask({ method: "POST", length: 1000 });
    rig.server.open();
    sendBody(exchange, "part");
    rig.server.reply(413);
    expect([client.head?.status, client.end]).toEqual([413, "whole"]);
    expect(rig.server.phase).toBe("closed");
    sendBody(exchange, "nobody reads this");
    exchange.onRequestEnd(null);
    expect(rig.record.status).toBe(413);
  });

  test("a client that goes takes the request with it", () => {
    const rig = new Rig();
    const { exchange } = rig.ask();
    rig.server.open();
    exchange.onRequestFailed("client-gone", "closed");
    expect(rig.server.phase).toBe("closed");
    expect(rig.record).toMatchObject({ status: 0, reason: "client-gone" });
    rig.clock.advance(10_000);
    expect(rig.records).toHaveLength(1);
  });

  test("a client that goes while its connection is opened leaves it to the next", () => {
    const rig = new Rig();
    const { exchange } = rig.ask();
    exchange.onRequestFailed("client-gone", "closed");
    rig.server.open();
    rig.ask({ path: "/next" });
    expect(rig.servers).toHaveLength(1);
    expect(rig.server.head?.path).toBe("/next");
  });

  test("a drain closes the client's connection after the reply", () => {
    const rig = new Rig();
    const { client } = rig.ask();
    rig.server.open();
    rig.context.drain();
    rig.server.reply(200);
    expect(client.closes).toBe(true);
  });
});

describe("many at once", () => {
  test("dial no more than the limit at a time, and share what comes", () => {
    const rig = new Rig({ limits: { dialsMax: 2 } });
    const asked = Array.from({ length: 6 }, (_, index) => rig.ask({ path: `/${index}` }));
    expect(rig.servers).toHaveLength(2);
    rig.servers[0]!.open();
    expect(rig.servers).toHaveLength(3);
    for (let round = 0; round < 6; round++) rig.servers[0]!.reply(200); // one connection serves all
    expect(asked.map(({ client }) => client.head?.status)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  test("beyond the usual number of connections only the patient get another", () => {
    const rig = new Rig({ limits: { eagerMax: 1 } });
    rig.ask();
    rig.server.open();
    const { client } = rig.ask({ path: "/patient" });
    rig.clock.advance(990);
    expect(rig.servers).toHaveLength(1);
    rig.clock.advance(20);
    expect(rig.servers).toHaveLength(2);
    rig.server.open();
    rig.server.reply(200);
    expect(client.head?.status).toBe(200);
  });

  test("a burst's connections close after a while but for a few", () => {
    const limits = { idleKept: 2, surplusIdleMs: 5000, appIdleMs: 60_000 };
    const rig = new Rig({ endpoints: 1, limits });
    for (let count = 0; count < 5; count++) rig.ask();
    for (const server of rig.servers) server.open();
    for (const server of rig.servers) server.reply(200);
    const idle = () => rig.servers.filter(({ phase }) => phase === "idle").length;
    expect(rig.servers).toHaveLength(5);
    rig.clock.advance(4900);
    expect(idle()).toBe(5);
    rig.clock.advance(200);
    expect(idle()).toBe(2);
    rig.clock.advance(50_000);
    expect(idle()).toBe(2);
    rig.clock.advance(10_000);
    expect(idle()).toBe(0);
  });

  test("a dial that fails beside living connections fails one request and no more", () => {
    const rig = new Rig({ limits: { dialsMax: 1 }, frontend: { budgetOf: null } });
    const first = rig.ask();
    rig.server.open();
    const second = rig.ask();
    const third = rig.ask();
    rig.clock.advance(1001);
    expect(second.client.head?.status).toBe(504);
    expect(third.client.head).toBeNull();
    rig.servers[0]!.reply(200);
    rig.servers[0]!.reply(200);
    expect([first.client.head?.status, third.client.head?.status]).toEqual([200, 200]);
  });

  test("who waits for an endpoint that is away goes elsewhere at once", () => {
    const rig = new Rig({ endpoints: 1, limits: { dialsMax: 1 }, frontend: { budgetOf: null } });
    const asked = [rig.ask(), rig.ask(), rig.ask()];
    rig.server.lose(refused);
    expect(asked.map(({ client }) => client.head?.status)).toEqual([502, 502, 502]);
  });
});

describe("time", () => {
  test("a request over its limit is answered 504, and its attempt is given up", () => {
    const rig = new Rig({ requestTimeoutMs: 500 });
    const { client } = rig.ask();
    rig.server.open();
    rig.clock.advance(499);
    expect(client.head).toBeNull();
    rig.clock.advance(2);
    expect(client.head?.status).toBe(504);
    expect(rig.server.phase).toBe("closed");
    expect(rig.record).toMatchObject({ reason: "request-timeout", origin: "proxy" });
  });

  test("a reply that outlasts the limit is cut, so that nobody takes it for whole", () => {
    const rig = new Rig({ requestTimeoutMs: 500 });
    const { client } = rig.ask();
    rig.server.open();
    rig.server.replyHead(200);
    rig.server.replyBody("part");
    rig.clock.advance(501);
    expect([client.body, client.end]).toEqual(["part", "cut"]);
    expect(rig.record).toMatchObject({ status: 200, reason: "request-timeout" });
  });

  test("a request of which nothing moves for an hour is answered 504, though it had no limit", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask({ method: "POST", length: "chunked" });
    rig.server.open();
    sendBody(exchange, "a");
    exchange.onStillOpen();
    rig.clock.advance(3_599_999);
    sendBody(exchange, "b"); // something moves
    exchange.onStillOpen();
    rig.clock.advance(3_599_999);
    exchange.onStillOpen();
    expect(client.end).toBe("none");
    rig.clock.advance(1);
    exchange.onStillOpen();
    expect(client.head?.status).toBe(504);
    expect(rig.record.reason).toBe("request-timeout");
    expect(rig.server.phase).toBe("closed");
  });

  test("a reply of which nothing moves for an hour is cut", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask();
    rig.server.open();
    rig.server.replyHead(200);
    rig.server.replyBody("part");
    exchange.onStillOpen();
    rig.clock.advance(3_600_000);
    exchange.onStillOpen();
    expect([client.body, client.end]).toEqual(["part", "cut"]);
    expect(rig.record.reason).toBe("request-timeout");
  });

  test("a connection not open within its limit is a connect-timeout", () => {
    const rig = new Rig({ endpoints: 1, frontend: { budgetOf: null } });
    const { client } = rig.ask();
    rig.clock.advance(1001);
    expect(client.head?.status).toBe(504);
    expect(rig.record.reason).toBe("connect-timeout");
  });
});

describe("what was surely not processed", () => {
  test("goes to another endpoint, whatever its method", () => {
    const rig = new Rig({ endpoints: 2 });
    const { client, exchange } = rig.ask({ method: "POST", length: 3 });
    sendBody(exchange, "abc");
    exchange.onRequestEnd(null);
    const first = rig.server;
    first.lose(refused);
    expect(rig.server.address).not.toEqual(first.address);
    rig.server.open();
    expect(rig.server.body).toBe("abc");
    rig.server.reply(201);
    expect(client.head?.status).toBe(201);
    expect(rig.record.attempts).toBe(2);
  });

  test("is the answer once the budget is spent", () => {
    const rig = new Rig({ endpoints: 2 });
    while (rig.budget.spend(0));
    const { client } = rig.ask();
    rig.server.lose(refused);
    expect(client.head?.status).toBe(502);
    expect(rig.record).toMatchObject({ reason: "connect-refused", attempts: 1 });
    expect(client.head?.get("x-heddle-reason")).toBe("connect-refused");
  });

  test("waits for an endpoint when all are away, and fails at once after 3 s without any", () => {
    const rig = new Rig({ endpoints: 1 });
    const { client } = rig.ask();
    rig.server.lose(refused);
    expect(client.head).toBeNull();
    for (let ms = 0; ms < 3100; ms += 10) {
      rig.clock.advance(10);
      if (rig.server.phase === "dialling") rig.server.lose(refused); // the probes
    }
    expect(client.head?.status).toBe(503);
    expect(rig.record.reason).toBe("no-endpoint");
    const next = rig.ask();
    expect(next.client.head?.status).toBe(503);
  });

  test("for documents is counted, and not taken for the endpoint's latency", () => {
    const rig = new Rig();
    const server = rig.warm();
    const waiters: EndpointWaiter[] = [];
    const pending = { wait: (waiter: EndpointWaiter) => waiters.push(waiter), cancel: () => {} };
    Object.assign(rig.frontend, { pending });
    rig.ask();
    rig.clock.advance(1500);
    waiters[0]!.onEndpoint();
    rig.clock.advance(5);
    server.reply(200);
    expect(rig.record).toMatchObject({ queueMs: 1500, status: 200 });
    const { target } = rig.backend.spec.members[0]!;
    expect(target.loadMs(rig.clock.monotonicMs())).toBeLessThan(50);
  });

  test("goes on as soon as a probe reaches the endpoint", () => {
    const rig = new Rig({ endpoints: 1 });
    const { client } = rig.ask();
    rig.server.lose(refused);
    rig.clock.advance(200);
    rig.server.open(); // the probe
    rig.server.reply(200);
    expect(client.head?.status).toBe(200);
    expect(rig.record.queueMs).toBeGreaterThan(0);
  });

  test("said by a peer's proxy, is tried elsewhere; the peer's connection stays good", () => {
    const rig = new Rig({ endpoints: 2, identity: peer });
    const { client } = rig.ask({ method: "POST" });
    const first = rig.server;
    first.open();
    first.replyHead(502, [["x-heddle-reason", "connect-refused"]], 12);
    first.replyBody("not running\n");
    first.replyEnd();
    expect(first.phase).toBe("idle");
    rig.server.open();
    rig.server.reply(201);
    expect(client.head?.status).toBe(201);
    expect(rig.record).toMatchObject({ attempts: 2, reason: null });
    expect(rig.server.address).not.toEqual(first.address);
  });

  test("said by an application, is nothing but a field that is removed", () => {
    const rig = new Rig({ endpoints: 2 });
    const { client } = rig.ask();
    rig.server.open();
    rig.server.replyHead(502, [["x-heddle-reason", "connect-refused"]]);
    rig.server.replyEnd();
    expect(client.head?.get("x-heddle-reason")).toBeNull();
    expect(rig.record).toMatchObject({ status: 502, origin: "app", attempts: 1 });
  });

  test("a peer's answer that is final keeps its reason", () => {
    const rig = new Rig({ endpoints: 2, identity: peer });
    rig.ask();
    rig.server.open();
    rig.server.replyHead(403, [["x-heddle-reason", "denied"]]);
    rig.server.replyEnd();
    expect(rig.record).toMatchObject({ status: 403, origin: "proxy", reason: "denied" });
  });
});

describe("the idle race", () => {
  test("a GET on a connection that dies without an answer is replayed once, on a new connection", () => {
    const rig = new Rig();
    const old = rig.warm();
    const { client } = rig.ask();
    old.fail();
    expect(rig.server).not.toBe(old);
    rig.server.open();
    rig.server.reply(200, "ok");
    expect(client.body).toBe("ok");
    expect(rig.record).toMatchObject({ replayed: true, attempts: 2 });
  });

  test("a PUT is replayed with its body", () => {
    const rig = new Rig();
    const old = rig.warm();
    const { exchange } = rig.ask({ method: "PUT", length: 6 });
    sendBody(exchange, "abc");
    sendBody(exchange, "def");
    exchange.onRequestEnd(null);
    old.fail();
    rig.server.open();
    expect([rig.server.body, rig.server.hasEnded]).toEqual(["abcdef", true]);
  });

  test("a body longer than the buffer is not replayed", () => {
    const rig = new Rig();
    const old = rig.warm();
    const { client, exchange } = rig.ask({ method: "PUT", length: 100_000 });
    sendBody(exchange, "x".repeat(40_000));
    sendBody(exchange, "x".repeat(40_000));
    old.fail();
    expect(client.head?.status).toBe(502);
    expect(rig.record).toMatchObject({ reason: "reset", replayed: false });
  });

  test("a POST is never sent twice", () => {
    const rig = new Rig({ endpoints: 2 });
    rig.warm();
    const old = rig.warm();
    const { client } = rig.ask({ method: "POST" });
    const busy = rig.servers.find((server) => server.phase === "busy")!;
    expect(busy).toBeDefined();
    busy.fail();
    expect(client.head?.status).toBe(502);
    expect(old).toBeDefined();
    expect(rig.record.attempts).toBe(1);
  });

  test("a POST of which nothing was sent is", () => {
    const rig = new Rig();
    const old = rig.warm();
    const { exchange } = rig.ask({ method: "POST", length: 3 });
    sendBody(exchange, "abc");
    exchange.onRequestEnd(null);
    old.fail({ sent: false });
    rig.server.open();
    expect(rig.server.body).toBe("abc");
  });
});

describe("an attempt that died before the client saw anything", () => {
  test("is made again for a GET, at the same endpoint, on the budget", () => {
    const rig = new Rig();
    const { client } = rig.ask();
    rig.server.open();
    rig.server.fail();
    rig.server.open();
    rig.server.reply(200, "ok");
    expect(client.body).toBe("ok");
    expect(rig.record).toMatchObject({ replayed: false, attempts: 2, endpointUid: "e0" });
  });

  test("is made again for a GET of whose reply only a piece had come", () => {
    const rig = new Rig();
    const old = rig.warm();
    const { client } = rig.ask();
    old.fail({ answered: true });
    rig.server.open();
    rig.server.reply(200, "ok");
    expect(client.body).toBe("ok");
  });

  test("is the answer once the budget is spent", () => {
    const rig = new Rig();
    while (rig.budget.spend(0));
    const { client } = rig.ask();
    rig.server.open();
    rig.server.fail();
    expect(client.head?.status).toBe(502);
    expect(rig.record.reason).toBe("reset");
  });

  test("is the answer for a POST", () => {
    const rig = new Rig();
    const { client } = rig.ask({ method: "POST" });
    rig.server.open();
    rig.server.fail();
    expect(client.head?.status).toBe(502);
    expect(rig.record.attempts).toBe(1);
  });
});

describe("a reply that breaks off", () => {
  test("breaks off for the client too", () => {
    const rig = new Rig();
    const { client } = rig.ask();
    rig.server.open();
    rig.server.replyHead(200);
    rig.server.replyBody("part");
    rig.server.fail();
    expect([client.body, client.end]).toEqual(["part", "cut"]);
    expect(rig.record).toMatchObject({ status: 200, reason: "reset" });
  });

  test("is a 502 when nothing of it could be read", () => {
    const rig = new Rig();
    const { client } = rig.ask();
    rig.server.open();
    rig.server.fail({ reason: "bad-response", answered: true });
    expect(client.head?.status).toBe(502);
    expect(rig.record.reason).toBe("bad-response");
  });
});

describe("replies of our own", () => {
  test("give gRPC its status in a reply without a body", () => {
    const rig = new Rig({ endpoints: 0 });
    rig.clock.advance(3001);
    const edit = (head: { set(name: string, value: string): void }) =>
      head.set("content-type", "application/grpc+proto");
    Object.assign(rig.frontend, { edit });
    const { client } = rig.ask({ method: "POST" });
    expect(client.head?.status).toBe(200);
    expect(client.head?.get("grpc-status")).toBe("14");
    expect(client.body).toBe("");
    expect(rig.record).toMatchObject({ reason: "no-endpoint", origin: "proxy" });
  });

  test("tell callers outside the mesh the reason and no details", () => {
    const rig = new Rig({ endpoints: 0, frontend: { isEdge: true } });
    rig.clock.advance(3001);
    const { client } = rig.ask();
    expect(client.body).toBe("no-endpoint\n");
  });

  test("refuse beyond the queue's limit", () => {
    const rig = new Rig({ endpoints: 0, queueMax: 2 });
    const asked = [rig.ask(), rig.ask(), rig.ask()];
    expect(asked.map(({ client }) => client.head?.status)).toEqual([undefined, undefined, 503]);
    expect(rig.record.reason).toBe("queue-full");
  });

  test("refuse who waits too long for a connection, and who is one too many", () => {
    const limits = { connectionsMax: 1, waitingMax: 1 };
    const rig = new Rig({ limits, frontend: { budgetOf: null } });
    rig.ask();
    rig.server.open();
    const waiting = rig.ask();
    const tooMany = rig.ask();
    expect(tooMany.client.head?.status).toBe(503);
    rig.clock.advance(5001);
    expect(waiting.client.head?.status).toBe(503);
    expect(rig.records.map(({ reason }) => reason)).toEqual(["queue-full", "queue-full"]);
  });
});
