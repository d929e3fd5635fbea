import { describe, expect, test } from "vitest";
import { kvsDoc } from "../../test/net/recorder-rig.ts";
import {
  attempt,
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../test/support/recorded.ts";
import type { HistoryEvent } from "./event.ts";
import { eventsOf } from "./events.ts";
import type { RecordedExchange } from "./exchange.ts";

/** `e/proxy Send•q 127.0.0.1:8002 for kvs-1/proxy`; an inferred one has `~`. */
const say = ({ kind, endpoint, isInferred, message, address }: HistoryEvent) => {
  const word = `${kind === "send" ? "Send" : "Recv"}•${message.type === "request" ? "q" : "s"}`;
  const place = kind === "send" ? `${address} → ${message.target}` : `at ${address}`;
  const meant = message.targetEndpoint === null ? "" : ` for ${message.targetEndpoint}`;
  return `${isInferred ? "~" : ""}${endpoint} ${word} ${place}${meant}`;
};
const eventsAt = (name: string, exchange: RecordedExchange) => eventsOf(batchOf(name, [exchange]));
const saidAt = (name: string, exchange: RecordedExchange) => eventsAt(name, exchange).map(say);

describe("what a proxy recorded gives the Send and Recv events of", () => {
  test("an outbound exchange: its own four, and two of its process", () => {
    expect(saidAt("e", outboundExchange())).toEqual([
      "~default/e Send•q 127.0.0.1:5001 → 127.0.0.1:8001 for default/e/proxy",
      "default/e/proxy Recv•q at 127.0.0.1:8001",
      "default/e/proxy Send•q 127.0.0.1:5002 → 127.0.0.1:8002 for default/kvs-1/proxy",
      "default/e/proxy Recv•s at 127.0.0.1:5002",
      "default/e/proxy Send•s 127.0.0.1:8001 → 127.0.0.1:5001 for default/e",
      "~default/e Recv•s at 127.0.0.1:5001",
    ]);
  });

  test("an inbound exchange: its own four, and two of its process", () => {
    expect(saidAt("kvs-1", inboundExchange())).toEqual([
      "default/kvs-1/proxy Recv•q at 127.0.0.1:8002",
      "default/kvs-1/proxy Send•q 127.0.0.1:5003 → 127.0.0.1:9001 for default/kvs-1",
      "~default/kvs-1 Recv•q at 127.0.0.1:9001",
      "~default/kvs-1 Send•s 127.0.0.1:9001 → 127.0.0.1:5003 for default/kvs-1/proxy",
      "default/kvs-1/proxy Recv•s at 127.0.0.1:5003",
      "default/kvs-1/proxy Send•s 127.0.0.1:8002 → 127.0.0.1:5002",
    ]);
  });

  test("an upgrade: the request for it and the reply that granted it, and nothing of what followed", () => {
    const granted = outboundExchange({ protocol: "http/1.1", status: 101, endMs: 60_000 });
    expect(saidAt("e", granted)).toEqual(saidAt("e", outboundExchange()));
  });

  test("a connection of octets: none, for nobody knows what was said", () => {
    for (const protocol of ["tcp", "tls"] as const) {
      expect(saidAt("e", outboundExchange({ protocol }))).toEqual([]);
      expect(saidAt("kvs-1", inboundExchange({ protocol }))).toEqual([]);
    }
  });

  test("a gateway's: the caller is outside", () => {
    const said = saidAt("front-0", outboundExchange({ direction: "gateway" }));
    expect(said[0]).toBe(
      "~outside/127.0.0.1:5001 Send•q 127.0.0.1:5001 → 127.0.0.1:8001 for default/front-0/proxy",
    );
    expect(said.at(-1)).toBe("~outside/127.0.0.1:5001 Recv•s at 127.0.0.1:5001");
  });

  test("an egress: whoever answers is outside", () => {
    const exchange = outboundExchange({ direction: "egress", service: "", backend: null });
    const events = eventsAt("e", exchange);
    expect(events.map(say).slice(2, 6)).toEqual([
      "default/e/proxy Send•q 127.0.0.1:5002 → 127.0.0.1:8002",
      "~outside/127.0.0.1:8002 Recv•q at 127.0.0.1:8002",
      "~outside/127.0.0.1:8002 Send•s 127.0.0.1:8002 → 127.0.0.1:5002 for default/e/proxy",
      "default/e/proxy Recv•s at 127.0.0.1:5002",
    ]);
    expect(events.every(({ message }) => message.service === null)).toBe(true);
  });
});

test("both ends give a message one name, and it is theirs alone", () => {
  const sent = eventsAt("e", outboundExchange())[2]!;
  const received = eventsAt("kvs-1", inboundExchange())[0]!;
  expect(received.message.id).toBe(sent.message.id);
  expect(sent.message.id).toBe(`${"aa".repeat(16)}.1.q`);
});

test("a refusal by the proxy goes no further", () => {
  const refused = outboundExchange({
    attempts: [],
    status: 503,
    reason: "slot-away",
    origin: "proxy",
  });
  expect(saidAt("e", refused).map((text) => text.split(" ", 2).join(" "))).toEqual([
    "~default/e Send•q",
    "default/e/proxy Recv•q",
    "default/e/proxy Send•s",
    "~default/e Recv•s",
  ]);
});

test("a caller that was gone received nothing; a process that never answered is not known to have", () => {
  const kindsOf = (name: string, exchange: RecordedExchange) =>
    eventsAt(name, exchange).map(({ kind, endpoint }) => `${kind} ${endpoint}`);
  const gone = outboundExchange({ reason: "client-gone" });
  expect(kindsOf("e", gone)).not.toContain("recv default/e");
  const silent = inboundExchange({
    attempts: [attempt({ endpointUid: "app", replySeq: 0, reason: "request-timeout" })],
    answeredSeq: 0,
    status: 0,
    reason: "client-gone",
  });
  expect(kindsOf("kvs-1", silent)).toEqual([
    "recv default/kvs-1/proxy",
    "send default/kvs-1/proxy",
  ]);
});

test("each attempt with a connection is a message of its own, with the answer it got", () => {
  const exchange = outboundExchange({
    answeredSeq: 6,
    attempts: [
      attempt({ connection: null, sentSeq: 0, replySeq: 0, reason: "connect-refused" }),
      attempt({ connection: "bb", sentSeq: 2, replySeq: 3, reason: "misdirected" }),
      attempt({ connection: "cc", sentSeq: 4, replySeq: 5 }),
    ],
  });
  const hops = eventsAt("e", exchange).filter(({ message }) => /^[bc]/.test(message.id));
  expect(hops.map(({ kind, message }) => `${kind} ${message.id}`)).toEqual([
    "send bb.1.q",
    "recv bb.1.s",
    "send cc.1.q",
    "recv cc.1.s",
  ]);
  expect(hops[1]!.message.content).toMatchObject({
    status: 502,
    reason: "misdirected",
    origin: "proxy",
  });
  expect(hops[3]!.message.content).toMatchObject({ status: 200, reason: null, origin: "app" });
});

test("a path that is rewritten on the way is on each hop as it was there", () => {
  const exchange = outboundExchange({ direction: "gateway", receivedPath: "/kvs/1" });
  const [asked, received, sent] = eventsAt("front-0", exchange);
  expect(asked!.message.content).toMatchObject({ path: "/kvs/1" });
  expect(received!.message.content).toMatchObject({ path: "/kvs/1" });
  expect(sent!.message.content).toMatchObject({ path: "/1" });
});

test("a request is for the service that was asked for, and behind a split for the backend", () => {
  const [asked, , sent] = eventsAt(
    "e",
    outboundExchange({ backend: "shop/kvs-v2", backendPort: 8080 }),
  );
  expect(asked!.message.service).toBe("default/kvs:80");
  expect(sent!.message).toMatchObject({
    service: "shop/kvs-v2:8080",
    targetEndpoint: "shop/kvs-1/proxy",
  });
});

describe("an operation's arguments", () => {
  const exchange = outboundExchange({ operation: operation("7", "a", null) });
  const contentOf = (contracts?: ReadonlyMap<string, typeof kvsDoc>) =>
    eventsOf(batchOf("e", [exchange]), contracts)[0]!.message.content;
  const reversed = {
    ...kvsDoc,
    operations: kvsDoc.operations.map((each) => ({ ...each, takes: each.takes.toReversed() })),
  };

  test("stand in the order of the signature", () => {
    expect(contentOf(new Map([["default/kvs", kvsDoc]]))).toMatchObject({
      operation: {
        name: "put",
        arguments: [{ text: "7" }, { text: "a" }],
        types: ["integer", "opaque"],
      },
    });
    expect(contentOf(new Map([["default/kvs", reversed]]))).toMatchObject({
      operation: { arguments: [{ text: "a" }, { text: "7" }], types: ["opaque", "integer"] },
    });
  });

  test("without a definition: parameters, then the body", () => {
    expect(contentOf()).toMatchObject({
      operation: { name: "put", arguments: [{ text: "7" }, { text: "a" }] },
    });
  });

  test("and what it gave is known only of one that succeeded", () => {
    const answerOf = (changes: Partial<RecordedExchange>) =>
      eventsOf(
        batchOf("e", [outboundExchange({ operation: operation("7", null, "a"), ...changes })]),
        new Map([["default/kvs", kvsDoc]]),
      ).at(-1)!.message.content;
    expect(answerOf({})).toMatchObject({ isOk: true, value: { text: "a" }, valueType: "opaque" });
    expect(answerOf({ status: 404 })).toMatchObject({ isOk: false, value: null });
    expect(answerOf({ reason: "reset" })).toMatchObject({ isOk: false, value: null });
    expect(answerOf({ origin: "proxy" })).toMatchObject({ isOk: false, value: null });
  });
});
