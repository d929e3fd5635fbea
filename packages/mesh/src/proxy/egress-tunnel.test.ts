import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { PlainRequest } from "../../test/support/plain-head.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import type { ConnectionEvents } from "../net/transport.ts";
import { RecordIds, RelayContext } from "../relay/context.ts";
import type { Source } from "../relay/frontend.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Egress } from "./egress.ts";
import { EgressTunnel } from "./egress-tunnel.ts";

const hourMs = 3_600_000;

/** A tunnel to a place outside the mesh that has just been reached. */
function openTunnel() {
  const clock = new VirtualClock();
  const records: ExchangeRecord[] = [];
  const recorder = { record: (record: ExchangeRecord) => records.push(record) };
  const near = new ScriptedConnection();
  const far = new ScriptedConnection();
  const stream = {
    sendHead: () => {},
    takeOver: (next: ConnectionEvents) => {
      near.events = next;
      return { connection: near, leftover: Buffer.alloc(0), hasEnded: false };
    },
  };
  const target = { endpoint: { address: far.remote, addressText: "10.0.0.1:443" } };
  const egress = {
    tunnel: () => ({ backend: { pick: () => target }, pending: null }),
    dial: (_address: unknown, events: ConnectionEvents) => {
      far.events = events;
      return far;
    },
  };
  const tunnel = new EgressTunnel({
    context: new RelayContext(clock, new DeadlineWheel(clock), recorder, new RecordIds()),
    source: { address: "" } as Source,
    stream: stream as unknown as Http1ServerStream,
    head: new PlainRequest("CONNECT", "", [], "outside.test:443"),
    egress: egress as unknown as Egress,
    host: "outside.test",
    port: 443,
  });
  tunnel.begin();
  far.events!.onOpen();
  return { clock, near, far, records };
}

test("a tunnel through which nothing goes ends between one hour and two", () => {
  const { clock, near, far, records } = openTunnel();
  near.deliver("hello");
  expect(far.output).toBe("hello");
  clock.advance(hourMs + 100);
  expect([near.isReset, far.isReset]).toEqual([false, false]);
  clock.advance(hourMs + 100);
  expect([near.isReset, far.isReset]).toEqual([true, true]);
  near.settle();
  far.settle();
  expect(records).toMatchObject([{ direction: "egress", status: 200, requestBytes: 5 }]);
});

test("one through which something goes now and then lives on", () => {
  const { clock, near, far, records } = openTunnel();
  for (let hour = 0; hour < 10; hour++) {
    clock.advance(hourMs);
    far.deliver(".");
  }
  expect(near.output).toBe("..........");
  expect(records).toEqual([]);
});
