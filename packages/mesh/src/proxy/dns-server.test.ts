import { describe, expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { tcp } from "../model/address.ts";
import type { ProxyDoc } from "../model/document.ts";
import type { DatagramEvents, DatagramPeer, Datagrams } from "../net/datagrams.ts";
import type { Transport } from "../net/transport.ts";
import {
  DnsForwarder,
  forwardAttemptsMax,
  forwardsMax,
  forwardTimeoutMs,
} from "./dns-forwarder.ts";
import {
  DnsServer,
  dnsConnectionsMax,
  dnsIdleMs,
  dnsQuestionsMax,
  dnsQueuedBytesMax,
} from "./dns-server.ts";

const listener = { name: "tcp", address: tcp("127.0.0.1", 1) };
const doc: ProxyDoc = {
  kind: "proxy",
  workload: { uid: "u", name: "a-0", namespace: "default", identity: null },
  clusterDomain: "cluster.local",
  inbound: null,
  outbound: [],
  forwardProxy: null,
  gateway: [],
  capture: {
    datagrams: "udp",
    listener,
    services: [
      { service: "default/kvs", address: "127.130.1.2", ports: [{ name: null, number: 80 }] },
    ],
  },
};
const asker: DatagramPeer = { host: "127.0.0.1", port: 5000 };
const hexId = (message: Buffer) => message.readUInt16BE(0);
const code = (message: Buffer) => message[3]! & 15;

function question(name: string, id = 7): Buffer {
  const labels = name.split(".").map((label) => `${String.fromCharCode(label.length)}${label}`);
  const text = `\0\0\x01\0\0\x01\0\0\0\0\0\0${labels.join("")}\0\0\x01\0\x01`;
  const bytes = Buffer.from(text, "latin1");
  bytes.writeUInt16BE(id, 0);
  return bytes;
}

/** What a nameserver answers: the question as it was asked, and that it is an answer. */
function answerTo(asked: Buffer, marker = 0x80): Buffer {
  const answer = Buffer.from(asked);
  answer[2] = marker;
  return answer;
}

interface Outgoing {
  readonly host: string;
  readonly sent: Buffer[];
  readonly events: DatagramEvents;
  isClosed: boolean;
}

/** A server whose clients, and whose nameservers, are the test. */
function open(nameservers: readonly string[] = ["10.0.0.1", "10.0.0.2"]) {
  const clock = new VirtualClock();
  const outgoing: Outgoing[] = [];
  const replies: { readonly bytes: Buffer; readonly to: DatagramPeer }[] = [];
  const dialled: ScriptedConnection[] = [];
  const datagrams: Datagrams = {
    open: () => ({
      send: (bytes, to) => replies.push({ bytes: Buffer.from(bytes), to }),
      close: () => undefined,
    }),
    connect: (host, _port, events) => {
      const one: Outgoing = { host, sent: [], events, isClosed: false };
      outgoing.push(one);
      return {
        send: (bytes) => one.sent.push(Buffer.from(bytes)),
        close: () => {
          one.isClosed = true;
        },
      };
    },
  };
  const transport = {
    dial: (_options: unknown, events: ScriptedConnection["events"]) => {
      const connection = new ScriptedConnection();
      connection.events = events;
      dialled.push(connection);
      return connection;
    },
  } as unknown as Transport;
  const rng = new SeededRng(1);
  const forwarder = new DnsForwarder({
    clock,
    rng,
    transport,
    datagrams,
    nameservers: () => nameservers,
  });
  const server = new DnsServer({ clock, datagrams, forwarder });
  server.listen({ port: 1, handle: { fd: -1, close: () => undefined }, close: () => undefined });
  const ask = (bytes: Buffer) => server.onDatagram(bytes, asker);
  const connect = () => {
    const connection = new ScriptedConnection();
    connection.events = server.accept(connection);
    return connection;
  };
  return { clock, server, outgoing, replies, dialled, ask, connect };
}

/** As it goes over TCP. */
function framed(message: Buffer): string {
  return (
    String.fromCharCode(message.length >> 8, message.length & 255) + message.toString("latin1")
  );
}

describe("over UDP", () => {
  test("a service's name is answered to who asked, by us alone", () => {
    const { server, ask, replies, outgoing } = open();
    server.apply(doc);
    ask(question("kvs"));
    expect(replies).toHaveLength(1);
    expect(replies[0]!.to).toEqual(asker);
    expect([...replies[0]!.bytes.subarray(-4)]).toEqual([127, 130, 1, 2]);
    expect(outgoing).toEqual([]);
  });

  test("before the first document it is a failure, never: no such name", () => {
    const { ask, replies, outgoing } = open();
    ask(question("kvs"));
    ask(question("example.com"));
    expect(replies.map(({ bytes }) => code(bytes))).toEqual([2, 2]);
    expect(outgoing).toEqual([]);
  });

  test("another name is asked of the host's nameserver in the asker's words, and answered in its", () => {
    const { server, ask, replies, outgoing } = open();
    server.apply(doc);
    ask(question("example.com", 77));
    const [asked] = outgoing;
    expect(asked!.host).toBe("10.0.0.1");
    expect(asked!.sent[0]!.subarray(2)).toEqual(question("example.com").subarray(2));
    expect(hexId(asked!.sent[0]!)).not.toBe(77);
    asked!.events.onDatagram(answerTo(asked!.sent[0]!), { host: "10.0.0.1", port: 53 });
    expect(hexId(replies[0]!.bytes)).toBe(77);
    expect(asked!.isClosed).toBe(true);
  });

  test("what does not answer this very question is no answer", () => {
    const { server, ask, replies, outgoing } = open();
    server.apply(doc);
    ask(question("example.com"));
    const { sent, events } = outgoing[0]!;
    const from = { host: "10.0.0.1", port: 53 };
    const otherId = answerTo(sent[0]!);
    otherId.writeUInt16BE(hexId(sent[0]!) ^ 1, 0);
    const otherName = answerTo(question("exbmple.com"));
    otherName.writeUInt16BE(hexId(sent[0]!), 0);
    for (const wrong of [otherId, otherName, sent[0]!, sent[0]!.subarray(0, 20), Buffer.alloc(0)]) {
      events.onDatagram(wrong, from);
    }
    expect(replies).toEqual([]);
    events.onDatagram(answerTo(sent[0]!), from);
    expect(replies).toHaveLength(1);
  });

  test("a nameserver that is silent or gone is followed by the next; in the end it is a failure", () => {
    const { clock, server, ask, replies, outgoing } = open();
    server.apply(doc);
    ask(question("example.com"));
    clock.advance(forwardTimeoutMs);
    outgoing[1]!.events.onFailure("refused");
    expect(outgoing.map(({ host }) => host)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.1"]);
    clock.advance(2 * forwardTimeoutMs);
    expect(outgoing).toHaveLength(forwardAttemptsMax);
    expect(outgoing.every(({ isClosed }) => isClosed)).toBe(true);
    expect(replies.map(({ bytes }) => code(bytes))).toEqual([2]);
    expect(clock.nextAtMs()).toBeNull();
  });

  test("questions under way have a limit, and room again when they are answered", () => {
    const { server, ask, replies, outgoing } = open();
    server.apply(doc);
    for (let count = 0; count < forwardsMax; count++) ask(question(`n${count}.example.com`));
    expect(replies).toEqual([]);
    ask(question("one-more.example.com"));
    expect(replies.map(({ bytes }) => code(bytes))).toEqual([2]);
    ask(question("kvs"));
    expect(replies).toHaveLength(2);
    const { sent, events } = outgoing[0]!;
    events.onDatagram(answerTo(sent[0]!), asker);
    ask(question("again.example.com"));
    expect(outgoing).toHaveLength(forwardsMax + 1);
  });

  test("what is not a question is refused, and what may be an answer is not answered", () => {
    const { server, ask, replies } = open();
    server.apply(doc);
    ask(question("kvs").subarray(0, 14));
    ask(answerTo(question("kvs")));
    ask(Buffer.from("?"));
    expect(replies.map(({ bytes }) => code(bytes))).toEqual([1]);
  });
});

describe("over TCP", () => {
  test("questions come in any pieces, and several on one connection", () => {
    const { server, connect } = open();
    server.apply(doc);
    const connection = connect();
    const text = framed(question("kvs", 1)) + framed(question("kvs", 2));
    connection.deliver(text, 1, 2, 10, 25, 26);
    expect(connection.writes.map((each) => each.charCodeAt(3))).toEqual([1, 2]);
    expect(connection.writes[0]!.charCodeAt(1)).toBe(connection.writes[0]!.length - 2);
  });

  test("another name is asked over TCP, too; who has said all it asks is answered and let go", () => {
    const { server, connect, dialled } = open();
    server.apply(doc);
    const connection = connect();
    connection.deliver(framed(question("example.com", 9)));
    connection.deliverEnd();
    expect(connection.hasEnded).toBe(false);
    const [upstream] = dialled;
    upstream!.events!.onOpen();
    const asked = Buffer.from(upstream!.output.slice(2), "latin1");
    upstream!.deliver(framed(answerTo(asked)), 3);
    expect(connection.output.charCodeAt(3)).toBe(9);
    expect(connection.hasEnded).toBe(true);
    expect(upstream!.isReset).toBe(true);
  });

  test("who asks and does not take the answers is let go", () => {
    const { server, connect } = open();
    server.apply(doc);
    const connection = connect();
    connection.isStalled = true;
    for (let id = 0; id < dnsQueuedBytesMax / 30; id++)
      connection.deliver(framed(question("kvs", id)));
    expect(connection.isReset).toBe(true);
    expect(connection.queuedBytes).toBeLessThan(dnsQueuedBytesMax + 200);
  });

  test("connections and their questions have limits, and idle ones end", () => {
    const { clock, server, connect } = open();
    server.apply(doc);
    const greedy = connect();
    const questions = Array.from({ length: dnsQuestionsMax + 1 }, (_, id) =>
      question("a.test", id),
    );
    greedy.deliver(questions.map(framed).join(""));
    expect(greedy.isReset).toBe(true);
    greedy.settle();
    const all = Array.from({ length: dnsConnectionsMax }, connect);
    expect(connect().events).toBeNull();
    clock.advance(dnsIdleMs);
    expect(all.every(({ isReset }) => isReset)).toBe(true);
    for (const one of all) one.settle();
    expect(connect().events).not.toBeNull();
  });
});
