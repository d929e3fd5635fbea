import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { describe, expect, test } from "vitest";
import { Rig } from "./harness.ts";

const peer = toSpiffeId("spiffe://mesh.test/ns/default/sa/kvs")!;
const h2 = { protocol: "h2" } as const;
const ask = (rig: Rig, count: number) => Array.from({ length: count }, () => rig.ask(h2).client);

describe("a pool of HTTP/2", () => {
  test("carries many exchanges on one connection, and dials but one for many who wait", () => {
    const rig = new Rig();
    const clients = ask(rig, 50);
    expect(rig.wide).toHaveLength(1);
    rig.wide[0]!.open();
    expect(rig.wide[0]!.active).toBe(50);
    clients.push(...ask(rig, 50));
    expect(rig.wide[0]!.active).toBe(100);
    for (const stream of rig.wide[0]!.streams) stream.reply(200);
    expect(clients.every(({ head }) => head?.status === 200)).toBe(true);
    expect(rig.wide).toHaveLength(1);
    expect(rig.servers).toHaveLength(0);
  });

  test("opens another connection when all that are there are full, and fills the first again", () => {
    const rig = new Rig();
    ask(rig, 2);
    const [first] = rig.wide;
    first!.open(2);
    ask(rig, 1);
    expect(rig.wide).toHaveLength(2);
    expect(first!.active).toBe(2);
    first!.streams[0]!.reply(200); // a place sooner than the dial
    expect(first!.active).toBe(2);
    rig.wide[1]!.open(2);
    ask(rig, 2);
    expect([first!.active, rig.wide[1]!.active]).toEqual([2, 2]);
    expect(rig.wide).toHaveLength(2);
  });

  test("dials as many at a time as those who wait need by what servers let in", () => {
    const rig = new Rig({ limits: { dialsMax: 16 } });
    ask(rig, 1);
    rig.wide[0]!.open(2);
    ask(rig, 6);
    expect(rig.wide).toHaveLength(1 + 3); // five wait
  });

  test("takes a lower limit at its word, and a higher one at once", () => {
    const rig = new Rig();
    ask(rig, 3);
    const [server] = rig.wide;
    server!.open(100);
    server!.allow(2);
    ask(rig, 1);
    expect(server!.active).toBe(3);
    expect(rig.wide).toHaveLength(2);
    server!.allow(4);
    expect(server!.active).toBe(4);
  });

  test("asks no connections of a server that lets nobody in, but waits for its word", () => {
    const rig = new Rig();
    const [client] = ask(rig, 1);
    rig.wide[0]!.open(0);
    rig.clock.advance(1000);
    expect(rig.wide).toHaveLength(1);
    rig.wide[0]!.allow(1);
    expect(rig.wide[0]!.active).toBe(1);
    expect(client!.end).toBe("none");
    const shut = new Rig({ frontend: { budgetOf: null }, limits: { appIdleMs: 60_000 } });
    const [vain] = ask(shut, 1);
    shut.wide[0]!.open(0);
    shut.clock.advance(6000);
    expect(vain!.head!.get("x-heddle-reason")).toBe("queue-full");
    expect(shut.wide).toHaveLength(1);
  });

  test("starts nothing on a connection that its server ends; what goes on there finishes", () => {
    const rig = new Rig();
    const [before] = ask(rig, 1);
    const [old] = rig.wide;
    old!.open();
    old!.goAway();
    ask(rig, 1);
    expect(rig.wide).toHaveLength(2);
    rig.wide[1]!.open();
    expect([old!.active, rig.wide[1]!.active]).toEqual([1, 1]);
    old!.streams[0]!.reply(200);
    expect(before!.head!.status).toBe(200);
    expect(old!.phase).toBe("closed");
  });

  test("closes an idle connection that its server ends", () => {
    const rig = new Rig();
    ask(rig, 1);
    rig.wide[0]!.open().streams[0]!.reply(200);
    rig.wide[0]!.goAway();
    expect(rig.wide[0]!.phase).toBe("closed");
    ask(rig, 1);
    expect(rig.wide).toHaveLength(2);
  });

  test("gives up an exchange without its connection, and its place to the next", () => {
    const rig = new Rig();
    const gone = rig.ask(h2);
    rig.wide[0]!.open(1);
    ask(rig, 1);
    gone.exchange.onRequestFailed("client-gone", "gone");
    expect(rig.wide[0]!.streams.map(({ isAborted }) => isAborted)).toEqual([true, false]);
    expect(rig.wide[0]!.phase).toBe("open");
  });

  test("closes a connection that lies idle, and keeps one that is in use for as long", () => {
    const rig = new Rig({ limits: { appIdleMs: 3000 } });
    ask(rig, 2);
    rig.wide[0]!.open().streams[0]!.reply(200);
    rig.clock.advance(10_000);
    expect(rig.wide[0]!.phase).toBe("open");
    rig.wide[0]!.streams[1]!.reply(200);
    rig.clock.advance(3100);
    expect(rig.wide[0]!.phase).toBe("closed");
  });

  test("is another one than that of HTTP/1.1, and offers what it speaks", () => {
    const rig = new Rig({ identity: peer });
    rig.ask();
    rig.ask(h2);
    expect(rig.offers).toEqual(["http/1.1", "h2"]);
    rig.server.open();
    rig.server.reply(200);
    rig.ask(h2);
    expect(rig.server.phase).toBe("idle");
  });

  test.each(["h2", "http/1.1"] as const)("speaks %s where the process does", (speaks) => {
    const rig = new Rig({ speaks });
    rig.ask();
    rig.ask(h2);
    expect([rig.wide.length, rig.servers.length]).toEqual(speaks === "h2" ? [1, 0] : [0, 2]);
    const peers = new Rig({ speaks, identity: peer });
    peers.ask(h2); // a peer's proxy takes both, and translates
    expect(peers.offers).toEqual(["h2"]);
  });
});

describe("streams that fail", () => {
  test("by GOAWAY above its id are sent again, POST or not, and paid for", () => {
    const rig = new Rig();
    const post = rig.ask({ ...h2, method: "POST" }).client;
    const [old] = rig.wide;
    old!.open();
    old!.goAway(0);
    rig.wide[1]!.open();
    rig.wide[1]!.streams[0]!.reply(200);
    expect(post.head!.status).toBe(200);
    expect(rig.record).toMatchObject({ attempts: 2, replayed: false });
    expect(rig.record.earlier).toMatchObject([{ reason: "refused-stream", ordinal: 1 }]);
  });

  test("by GOAWAY are not sent again without a budget", () => {
    const rig = new Rig({ frontend: { budgetOf: null } });
    const { client } = rig.ask(h2);
    rig.wide[0]!.open();
    rig.wide[0]!.goAway(0);
    expect(client.head!.status).toBe(502);
    expect(rig.record.reason).toBe("refused-stream");
  });

  test("with a connection that lay idle are replayed free of charge, once, on one new connection", () => {
    const rig = new Rig({ frontend: { budgetOf: null } });
    ask(rig, 1);
    rig.wide[0]!.open().streams[0]!.reply(200);
    rig.records.length = 0;
    const [first] = ask(rig, 1);
    const [second] = ask(rig, 1); // the first is on its way there: the connection did not lie idle
    rig.wide[0]!.lose(null);
    expect(second!.head!.status).toBe(502);
    rig.wide[1]!.open().streams[0]!.reply(200);
    expect(first!.head!.status).toBe(200);
    expect(rig.records.at(-1)).toMatchObject({ replayed: true });
  });

  test("together share one new connection", () => {
    const rig = new Rig();
    ask(rig, 20);
    rig.wide[0]!.open().lose(null);
    expect(rig.wide).toHaveLength(2);
    expect(rig.wide[1]!.open().active).toBe(20);
  });
});

test("a connection that has become a tunnel takes no place of those for requests", () => {
  const rig = new Rig({ limits: { connectionsMax: 1, eagerMax: 1, tunnelsMax: 2 } });
  const tunnel = () => {
    const asked = rig.ask({ length: "tunnel", upgrade: "websocket" });
    rig.server.open();
    rig.server.replyHead(101, [], "tunnel");
    return asked.exchange;
  };
  const first = tunnel();
  tunnel();
  expect(rig.servers).toHaveLength(2);
  rig.ask();
  expect(rig.servers).toHaveLength(2); // two tunnels are the most
  first.onRequestFailed("client-gone", "gone");
  expect(rig.servers).toHaveLength(3);
  rig.server.open();
  expect(rig.server.phase).toBe("busy");
});
