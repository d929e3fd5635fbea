import { beforeEach, expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../../test/support/documents.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { silentLog } from "../base/log.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { tcp } from "../model/address.ts";
import { type Document, documentKey } from "../model/document.ts";
import type { Accept } from "../net/transport.ts";
import { bindsItself } from "./listeners.ts";
import { Workload } from "./workload.ts";

/** A caller's proxy that is told of services, and told no more of them. */
const kvs = "default/kvs";
let workload: Workload;
let accepts: Accept[];
let wanted: string[];

beforeEach(() => {
  const clock = new VirtualClock();
  accepts = [];
  wanted = [];
  workload = new Workload({
    clock,
    wheel: new DeadlineWheel(clock),
    rng: new SeededRng(1),
    log: silentLog,
    transport: {
      dial: () => {
        throw new Error("nothing is dialled here");
      },
      listen: async (_options, accept) => {
        accepts.push(accept);
        return { address: tcp("127.0.0.1", 1), close: async () => {} };
      },
    },
    sockets: bindsItself,
    recorder: { record: () => {} },
    resolver: { resolve: async () => [] },
    trust: null,
    want: (service) => wanted.push(service),
  });
});

const listener = { name: "out", address: tcp("127.0.0.1", 15_000) };
const named = proxyDoc("u", { outbound: [{ listener, service: kvs, port: 80 }] });
const whole = [named, serviceDoc("kvs"), endpointsDoc("kvs", [])];
const without = [proxyDoc("u")];

function apply(documents: readonly Document[], refused: readonly string[] = []): void {
  const byKey = new Map(documents.map((document) => [documentKey(document), document]));
  workload.apply(
    { epoch: "e", revision: 1, endpointsVersion: 1, documents: byKey },
    refused.map((document) => ({ document, errors: ["broken"] })),
  );
}

/** A client of kvs's listener asks. */
function ask(): ScriptedConnection {
  const connection = new ScriptedConnection();
  connection.events = accepts.at(-1)!(connection);
  connection.deliver("GET / HTTP/1.1\r\nHost: kvs\r\n\r\n");
  return connection;
}

test("its place and its retry budget are forgotten", () => {
  apply(whole);
  const slot = workload.services.slot(kvs, 80);
  const budget = workload.services.budgetOf(kvs);
  apply(whole);
  expect(workload.services.slot(kvs, 80)).toBe(slot);
  expect(workload.services.budgetOf(kvs)).toBe(budget);
  apply(without);
  apply(whole);
  expect(workload.services.slot(kvs, 80)).not.toBe(slot);
  expect(workload.services.budgetOf(kvs)).not.toBe(budget);
});

test("a service without documents that is named all the same is not gone", () => {
  apply(whole);
  const slot = workload.services.slot(kvs, 80);
  apply([named]);
  expect(workload.services.slot(kvs, 80)).toBe(slot);
});

test("nor is one where the proxy's own document could not be read", () => {
  apply(whole);
  const slot = workload.services.slot(kvs, 80);
  apply(without, ["proxy"]);
  expect(workload.services.slot(kvs, 80)).toBe(slot);
});

test("a connection keeps its place: it serves again when the service is back", () => {
  apply(whole);
  const slot = workload.services.slot(kvs, 80);
  const connection = ask();
  apply(without);
  apply(whole);
  expect(workload.services.slot(kvs, 80)).toBe(slot);
  connection.close(null);
  apply(without);
  apply(whole);
  expect(workload.services.slot(kvs, 80)).not.toBe(slot);
});

test("when it is back and used, its documents are asked for again", () => {
  apply([named]);
  ask();
  ask();
  expect(wanted).toEqual([kvs]);
  apply(without);
  apply([named]);
  ask();
  expect(wanted).toEqual([kvs, kvs]);
});
