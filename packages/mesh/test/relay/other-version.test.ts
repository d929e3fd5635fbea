import { spokenVersionMs } from "@heddle/mesh/upstream/spoken-version.ts";
import { describe, expect, test } from "vitest";
import { type AskedLine, Rig, type RigOptions, sendBody } from "./harness.ts";

const misfit = "an HTTP/2 frame";
const post: AskedLine = { method: "POST", length: "chunked" };

/** A caller of HTTP/2 whose first dial is answered by octets that are no HTTP/2. */
function asked(line: AskedLine = {}, options: RigOptions = {}) {
  const rig = new Rig(options);
  const { client, exchange } = rig.ask({ protocol: "h2", ...line });
  const [wide] = rig.wide;
  wide!.misfit = "no HTTP/2";
  wide!.lose(null);
  return { rig, client, exchange };
}

/** A caller of HTTP/1.1 whose request is answered by a frame of HTTP/2. */
function framed(line: AskedLine = post, options: RigOptions = {}) {
  const rig = new Rig(options);
  const { client, exchange } = rig.ask(line);
  rig.server.open();
  if (line.length !== undefined) sendBody(exchange, "half");
  rig.server.misfit = misfit;
  rig.server.fail({ reason: "bad-response", answered: true, detail: misfit });
  return { rig, client, exchange };
}

describe("a process that answers in another version of HTTP", () => {
  test("is asked in that one, at no cost of the budget", () => {
    const { rig, client } = asked({}, { frontend: { budgetOf: null } });
    rig.server.open();
    rig.server.reply(200, "yes");
    expect([client.head!.status, client.body]).toEqual([200, "yes"]);
    expect(rig.backend.pick(0, -1, null)!.isAway).toBe(false);
    expect(rig.record).toMatchObject({ attempts: 2, reason: null });
  });

  test("gets a POST whole, though half of it was sent", () => {
    const { rig, client, exchange } = framed();
    sendBody(exchange, " whole");
    exchange.onRequestEnd(null);
    const [stream] = rig.wide[0]!.open().streams;
    expect([stream!.body, stream!.hasEnded]).toEqual(["half whole", true]);
    stream!.reply(200);
    expect(client.head!.status).toBe(200);
  });

  test("does not get one that cannot be sent again, and is remembered all the same", () => {
    const rig = new Rig();
    const { client, exchange } = rig.ask(post);
    rig.server.open();
    sendBody(exchange, "x".repeat(65_537));
    rig.server.misfit = misfit;
    rig.server.fail({ reason: "bad-response", answered: true, detail: misfit });
    expect(client.head!.status).toBe(502);
    expect(rig.record).toMatchObject({ reason: "bad-response", attempts: 1, detail: misfit });
    rig.ask();
    expect([rig.wide.length, rig.servers.length]).toEqual([1, 1]);
  });

  test("that fails in both is not asked a third time, and its operator is told what to declare", () => {
    const { rig, client } = asked();
    rig.server.open();
    rig.server.misfit = misfit;
    rig.server.fail({ reason: "bad-response", answered: true, detail: misfit });
    expect(client.head!.status).toBe(502);
    expect(rig.record.detail).toBe(
      `it speaks no HTTP/2, and in HTTP/1.1: ${misfit}; declare what the port speaks (appProtocol)`,
    );
    expect([rig.wide.length, rig.servers.length]).toEqual([1, 1]);
  });

  test("that is declared is asked as declared", () => {
    const { rig, client } = asked({}, { speaks: "h2", frontend: { budgetOf: null } });
    expect(client.head!.status).toBe(502);
    expect(rig.servers).toHaveLength(0);
  });
});

for (const speaks of [null, "h2"] as const) {
  test(`a probe that is answered in another version brings the endpoint back (declared: ${speaks})`, () => {
    const rig = new Rig({ speaks });
    const isAway = () => rig.backend.pick(rig.clock.monotonicMs(), -1, null) === null;
    rig.ask({ protocol: "h2" });
    rig.wide[0]!.lose({ kind: "refused", detail: "refused" });
    expect(isAway()).toBe(true);
    while (rig.wide.length < 2) rig.clock.advance(10);
    rig.wide[1]!.misfit = "no HTTP/2";
    rig.wide[1]!.lose(null);
    expect(isAway()).toBe(false);
  });
}

test("a reset after the request has gone out shows nothing", () => {
  const rig = new Rig();
  const { client } = rig.ask(post);
  rig.server.open();
  rig.server.fail({ reason: "reset" });
  expect(client.head!.status).toBe(502);
  expect(rig.wide).toHaveLength(0);
});

describe("a server that closes before a word in HTTP/2", () => {
  const closed = (rig: Rig) => {
    const wide = rig.wide.at(-1)!;
    wide.isUnheard = true;
    wide.lose(null);
  };

  test("twice is asked in HTTP/1.1", () => {
    const rig = new Rig();
    rig.ask({ protocol: "h2", method: "POST" });
    closed(rig);
    expect(rig.servers).toHaveLength(0);
    closed(rig);
    expect(rig.servers).toHaveLength(1);
    expect(rig.backend.pick(0, -1, null)!.isAway).toBe(false);
  });

  test("once had lost a connection: the second is used, and nothing is learnt", () => {
    const rig = new Rig();
    const { client } = rig.ask({ protocol: "h2", method: "POST" });
    closed(rig);
    rig.wide[1]!.open().streams[0]!.reply(200);
    expect(client.head!.status).toBe(200);
    expect([rig.wide.length, rig.servers.length]).toEqual([2, 0]);
    expect(rig.record).toMatchObject({ attempts: 1, reason: null });
  });

  test("of two that were dialled at a time teaches nothing: both may have been lost at once", () => {
    const rig = new Rig();
    for (let asked = 0; asked < 101; asked++) rig.ask({ protocol: "h2" });
    expect(rig.wide).toHaveLength(2);
    for (const wide of [...rig.wide]) {
      wide.isUnheard = true;
      wide.lose(null);
    }
    expect(rig.servers).toHaveLength(0);
    rig.wide.at(-1)!.open();
    expect(rig.wide.flatMap(({ streams }) => streams)).toHaveLength(100);
  });

  test("where it has spoken HTTP/2 before, is about to end: it is away", () => {
    const rig = new Rig();
    rig.ask({ protocol: "h2" });
    const [first] = rig.wide;
    first!.open().streams[0]!.reply(200);
    first!.lose(null);
    rig.ask({ protocol: "h2" });
    closed(rig);
    expect(rig.servers).toHaveLength(0);
    expect(rig.backend.pick(rig.clock.monotonicMs(), -1, null)).toBeNull();
  });
});

describe("what was found is forgotten", () => {
  const learnt = () => {
    const { rig } = asked();
    rig.server.open();
    rig.server.reply(200);
    rig.ask({ protocol: "h2" });
    expect(rig.wide).toHaveLength(1); // still known
    rig.server.reply(200);
    return rig;
  };

  test("with the last connection", () => {
    const rig = learnt();
    rig.server.lose(null);
    rig.ask({ protocol: "h2" });
    expect(rig.wide).toHaveLength(2);
  });

  test("after a minute of use", () => {
    const rig = learnt();
    for (let ms = 0; ms < spokenVersionMs; ms += 1000) {
      rig.clock.advance(1000);
      rig.ask();
      rig.server.reply(200);
    }
    rig.ask({ protocol: "h2" });
    expect(rig.wide).toHaveLength(2);
  });
});
