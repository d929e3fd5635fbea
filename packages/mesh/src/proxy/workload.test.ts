import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../../test/support/documents.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { silentLog } from "../base/log.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { tcp } from "../model/address.ts";
import { documentKey, type PortProtocol } from "../model/document.ts";
import type { Accept } from "../net/transport.ts";
import { bindsItself } from "./listeners.ts";
import { Workload } from "./workload.ts";

/** A proxy of a caller of kvs, whose port speaks `protocol`; its application connects with `connect`. */
function setUp(protocol: PortProtocol) {
  const clock = new VirtualClock();
  const accepts: Accept[] = [];
  const workload = new Workload({
    clock,
    wheel: new DeadlineWheel(clock),
    rng: new SeededRng(1),
    log: silentLog,
    transport: {
      dial: () => {
        throw new Error("nothing is dialled here");
      },
      listen: async ({ at }, accept) => {
        accepts.push(accept);
        return { address: at.kind === "bound" ? tcp("127.0.0.1", 1) : at, close: async () => {} };
      },
    },
    sockets: bindsItself,
    recorder: { record: () => {} },
    resolver: { resolve: async () => [] },
    trust: null,
    want: () => {},
  });
  const listener = { name: "out", address: tcp("127.0.0.1", 15_000) };
  const documents = [
    proxyDoc("u", { outbound: [{ listener, service: "default/kvs", port: 80 }] }),
    serviceDoc("kvs", { ports: [{ name: null, number: 80, protocol, routes: null }] }),
    endpointsDoc("kvs", []),
  ];
  const byKey = new Map(documents.map((document) => [documentKey(document), document]));
  workload.apply({ epoch: "e", revision: 1, endpointsVersion: 1, documents: byKey }, []);
  const connect = () => {
    const connection = new ScriptedConnection();
    connection.events = accepts[0]!(connection);
    return connection;
  };
  return { clock, connect };
}

test("a client of a port that has no server at all is not left to wait for its first word", () => {
  const { clock, connect } = setUp("detect");
  const connection = connect();
  clock.advance(3000);
  expect(connection.isReset).toBe(false); // there may be an endpoint yet
  clock.advance(1500);
  expect(connection.isReset).toBe(true);
});

test("nor is it left without an answer when it speaks HTTP after all", () => {
  const { clock, connect } = setUp("detect");
  const connection = connect();
  clock.advance(3500);
  connection.deliver("GET / HTTP/1.1\r\nHost: kvs\r\n\r\n");
  expect(connection.output).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-heddle-reason: no-endpoint/i);
});

test("where the port is opaque it waits for an endpoint, and is reset", () => {
  const { clock, connect } = setUp("opaque");
  const connection = connect();
  connection.deliver("GET / HTTP/1.1\r\nHost: kvs\r\n\r\n");
  clock.advance(3100);
  connection.settle();
  expect(connection.isReset).toBe(true);
  expect(connection.output).toBe("");
});

test("a client of HTTP may lie idle", () => {
  const { clock, connect } = setUp("http");
  const connection = connect();
  clock.advance(60_000);
  expect(connection.hasEnded).toBe(false);
  clock.advance(20_000);
  expect(connection.hasEnded).toBe(true);
});
