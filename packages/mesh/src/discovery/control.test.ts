import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { silentLog } from "../base/log.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { tcp } from "../model/address.ts";
import type { ConnectionEvents, TlsCredentials } from "../net/transport.ts";
import { ControlLink } from "./control.ts";
import { SnapshotHolder } from "./snapshot-holder.ts";

/** A proxy's line to a control plane that is the test. */
function setUp() {
  const clock = new VirtualClock();
  const dialled: ScriptedConnection[] = [];
  const lost: (string | null)[] = [];
  const link = new ControlLink({
    clock,
    rng: new SeededRng(1),
    log: silentLog,
    transport: {
      dial: (_options, events: ConnectionEvents) => {
        const connection = new ScriptedConnection();
        connection.events = events;
        dialled.push(connection);
        return connection;
      },
      listen: () => Promise.reject(new Error("nobody listens here")),
    },
    control: tcp("127.0.0.1", 1),
    workloadUid: "u",
    build: "test",
    credentials: () => ({ generation: 1 }) as TlsCredentials,
    verify: () => ({ ok: false, detail: "unused" }),
    holder: new SnapshotHolder({ apply: () => [] }, () => {}),
    events: {
      onConnected: () => {},
      onDisconnected: (detail) => lost.push(detail),
      onRequest: () => {},
      onCancel: () => {},
      onRecorded: () => {},
    },
  });
  link.start();
  const open = () => {
    const connection = dialled.at(-1)!;
    connection.events!.onOpen();
    return connection;
  };
  return { clock, link, dialled, lost, open };
}

const typesOf = (connection: ScriptedConnection) =>
  connection.output.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).type]));

test("a control plane that is silent for 35 s is dialled again", () => {
  const { clock, dialled, lost, open } = setUp();
  const connection = open();
  clock.advance(20_000);
  connection.deliver('{"type":"ping"}\n');
  expect(typesOf(connection)).toEqual(["hello", "pong"]);
  clock.advance(34_999);
  expect(connection.isReset).toBe(false);
  clock.advance(1);
  connection.settle();
  expect(lost).toEqual(["control plane is silent"]);
  clock.advance(100);
  expect(dialled).toHaveLength(2);
});

test("a dial that leads nowhere is given up after 5 s, and the pauses grow to 5 s", () => {
  const { clock, dialled, lost } = setUp();
  const pausesMs: number[] = [];
  for (let dial = 1; dial <= 9; dial++) {
    clock.advance(5000);
    dialled.at(-1)!.settle();
    const closedMs = clock.monotonicMs();
    while (dialled.length === dial) clock.advance(1);
    pausesMs.push(clock.monotonicMs() - closedMs);
  }
  expect(new Set(lost)).toEqual(new Set(["connect timeout"]));
  expect(pausesMs[0]).toBeLessThanOrEqual(100);
  expect(Math.max(...pausesMs)).toBeGreaterThan(2500);
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(5000);
});

test("of the summaries that a slow line could not take only the newest goes out", () => {
  const { link, open } = setUp();
  link.summary({ n: 1 });
  const connection = open();
  expect(connection.output).toContain('"n":1');
  connection.queuedBytes = 2 << 20;
  link.summary({ n: 2 });
  link.summary({ n: 3 });
  expect(connection.output).not.toContain('"n":2');
  connection.drain();
  expect(connection.output).toMatch(/"n":1[\s\S]*"n":3/);
  expect(connection.output).not.toContain('"n":2');
});

test("items that a slow line could not take are counted, and the last word is said", () => {
  const { link, open } = setUp();
  const connection = open();
  connection.queuedBytes = 2 << 20;
  link.answer(7, ["a", "b"], false, 1);
  link.answer(7, [], false, 0);
  link.answer(7, [], true, 0);
  const said = connection.output
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line));
  expect(said).toMatchObject([
    { id: 7, items: [], done: false, dropped: 3 },
    { id: 7, items: [], done: true, dropped: 0 },
  ]);
});
