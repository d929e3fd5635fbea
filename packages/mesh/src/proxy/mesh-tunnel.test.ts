import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import type { Connection, ConnectionEvents } from "../net/transport.ts";
import { RecordIds, RelayContext } from "../relay/context.ts";
import type { Frontend, Source } from "../relay/frontend.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import { openMeshTunnel } from "./mesh-tunnel.ts";

test("a CONNECT to a service is recorded as granted, and what comes behind it has a server", () => {
  const clock = new VirtualClock();
  const records: ExchangeRecord[] = [];
  const recorder = { record: (record: ExchangeRecord) => records.push(record) };
  const connection = new ScriptedConnection();
  connection.isPaused = true;
  const said: string[] = [];
  const stream = {
    ordinal: 3,
    sendHead: ({ status }: { status: number }) => said.push(`${status}`),
    takeOver: (next: ConnectionEvents) => {
      connection.events = next;
      return { connection, leftover: Buffer.from("early "), hasEnded: false };
    },
  };
  const serveTunnel = (_: Connection, __: unknown, ___: Source, exchangesBefore: number) => {
    said.push(`${exchangesBefore} before`);
    return {
      onOpen() {},
      onBytes: (bytes: Buffer, start: number, end: number) =>
        void said.push(bytes.toString("latin1", start, end)),
      onEnd: () => void said.push("end"),
      onDrain() {},
      onClose: () => void said.push("close"),
    };
  };
  openMeshTunnel({
    context: new RelayContext(clock, new DeadlineWheel(clock), recorder, new RecordIds()),
    slot: { frontend: { direction: "outbound", service: "default/kvs", port: 80 } as Frontend },
    source: { address: "", identity: null, isTls: false } as Source,
    stream: stream as unknown as Http1ServerStream,
    head: new PlainRequestHead({ method: "CONNECT", path: "", authority: "kvs:80" }),
    serveTunnel,
  });
  connection.deliver("late");
  connection.deliverEnd();
  connection.close(null);
  expect(said).toEqual(["200", "3 before", "early ", "late", "end", "close"]);
  const granted = { method: "CONNECT", authority: "kvs:80", status: 200, frontOrdinal: 3 };
  expect(records).toMatchObject([{ ...granted, service: "default/kvs", reason: null }]);
});
