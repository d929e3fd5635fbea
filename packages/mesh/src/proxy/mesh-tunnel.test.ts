import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import type { ConnectionEvents } from "../net/transport.ts";
import { RecordIds, RelayContext } from "../relay/context.ts";
import type { Frontend, Source } from "../relay/frontend.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import { MeshTunnel } from "./mesh-tunnel.ts";

/** A tunnel to kvs, just granted. */
function openTunnel() {
  const clock = new VirtualClock();
  const records: ExchangeRecord[] = [];
  const recorder = { record: (record: ExchangeRecord) => records.push(record) };
  const connection = new ScriptedConnection();
  const stream = {
    sendHead: () => {},
    takeOver: (next: ConnectionEvents) => {
      connection.events = next;
      return { connection, leftover: Buffer.alloc(0), hasEnded: false };
    },
  };
  const served: string[] = [];
  const tunnel = new MeshTunnel({
    context: new RelayContext(clock, new DeadlineWheel(clock), recorder, new RecordIds()),
    slot: { frontend: { direction: "outbound", service: "default/kvs", port: 80 } as Frontend },
    source: { address: "", identity: null, isTls: false } as Source,
    stream: stream as unknown as Http1ServerStream,
    serveTunnel: () => ({
      onOpen() {},
      onBytes: (bytes, start, end) => void served.push(bytes.toString("latin1", start, end)),
      onEnd() {},
      onDrain() {},
      onClose: () => void served.push("close"),
    }),
  });
  tunnel.begin();
  return { clock, connection, records, served };
}

test("a client that says nothing inside is given up after 10 s", () => {
  const { clock, connection, records } = openTunnel();
  connection.deliver("GE");
  clock.advance(9_900);
  expect(connection.isReset).toBe(false);
  clock.advance(200);
  expect(connection.isReset).toBe(true);
  expect(records).toMatchObject([{ reason: "client-slow", status: 408, service: "default/kvs" }]);
});

test("once HTTP/1.1 is spoken its server has the connection, and its time limits", () => {
  const { clock, connection, records, served } = openTunnel();
  connection.deliver("GE");
  connection.deliver("T / HTTP/1.1\r\n");
  clock.advance(60_000);
  connection.settle();
  expect(served[0]).toBe("GET / HTTP/1.1\r\n");
  expect(connection.isReset).toBe(false);
  expect(records).toEqual([]);
});
