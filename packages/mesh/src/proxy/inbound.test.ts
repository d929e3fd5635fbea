import { expect, test } from "vitest";
import { proxyDoc } from "../../test/support/documents.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { tcp } from "../model/address.ts";
import { formatServerName } from "../model/server-name.ts";
import { Http1Client } from "../net/http1/client.ts";
import { Http1Context } from "../net/http1/context.ts";
import { SimulatedNetwork } from "../net/simulated/network.ts";
import { defaultUpstreamLimits } from "../upstream/context.ts";
import { Upstream } from "../upstream/upstream.ts";
import { Admissions } from "./admissions.ts";
import { ContractReaders } from "./contract-readers.ts";
import { InboundTable } from "./inbound.ts";

function setUp() {
  const clock = new VirtualClock();
  const rng = new SeededRng(1);
  const http1 = new Http1Context({ clock });
  const upstream = new Upstream({
    clock,
    wheel: new DeadlineWheel(clock),
    rng,
    transport: new SimulatedNetwork({ clock, rng }).process("kvs-0/proxy").transport,
    trust: null,
    codec: (owner) => new Http1Client(http1, owner),
    limits: defaultUpstreamLimits,
  });
  return new InboundTable(upstream, new ContractReaders(), new Admissions(clock, () => {}));
}

const snapshot = { epoch: "e", revision: 1, endpointsVersion: 1, documents: new Map() };
const doc = (ports: readonly number[]) =>
  proxyDoc("u1", {
    inbound: {
      listener: { name: "in", address: tcp("127.0.0.1", 1) },
      ports: ports.map((port) => ({
        service: "default/kvs",
        port,
        protocol: "http",
        target: tcp("127.0.0.1", 2),
      })),
    },
  });
const serverName = formatServerName({
  workloadUid: "u1",
  namespace: "default",
  service: "kvs",
  port: 80,
});

test("a connection outlives the absence of its port: refused meanwhile, served again afterwards", () => {
  const table = setUp();
  const peer = { id: "x" as never, serverName, alpn: "http/1.1", resumed: false, channel: "" };
  table.apply(doc([80, 81]), snapshot);
  const slot = table.slotFor(peer)!;
  expect(slot.frontend.fails).toBeNull();
  table.apply(doc([81]), snapshot);
  expect(slot.frontend.fails?.reason).toBe("misdirected");
  expect(table.slotFor(peer)).toBeNull();
  table.apply(doc([80, 81]), snapshot);
  expect(slot.frontend.fails).toBeNull();
  expect(table.slotFor(peer)).toBe(slot);
});

test("what is left of a port that was ours goes with the last connection to it", () => {
  const table = setUp();
  const peer = { id: "x" as never, serverName, alpn: "http/1.1", resumed: false, channel: "" };
  table.apply(doc([80, 81]), snapshot);
  const slot = table.slotFor(peer)!;
  const isKeptWith = (...held: readonly object[]) => {
    table.apply(doc([81]), snapshot);
    table.forgetGone(() => new Set(held as (typeof slot)[]));
    table.apply(doc([80, 81]), snapshot);
    return table.slotFor(peer) === slot;
  };
  expect(isKeptWith(slot)).toBe(true);
  expect(isKeptWith()).toBe(false);
});
