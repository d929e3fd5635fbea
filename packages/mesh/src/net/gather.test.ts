import { expect, test } from "vitest";
import { ConnectionWriter } from "./connection-writer.ts";
import { Gather } from "./gather.ts";
import type { Connection, WriteStatus } from "./transport.ts";

function open(gather: Gather, log: string[], name = "a", status: WriteStatus = "done") {
  const connection = {
    write(bytes: Buffer, start: number, end: number): WriteStatus {
      log.push(`${name}:${bytes.toString("latin1", start, end)}`);
      return status;
    },
  } as unknown as Connection;
  return new ConnectionWriter(connection, gather);
}

const bytes = Buffer.from("0123456789");

test("what is put together in one turn leaves in one write at its end", () => {
  const log: string[] = [];
  const gather = new Gather(64);
  const writer = open(gather, log);
  gather.enter();
  writer.open(10).appendText("head ");
  writer.settle();
  writer.send(bytes, 2, 5);
  gather.enter();
  gather.leave();
  expect(log).toEqual([]);
  gather.leave();
  expect(log).toEqual(["a:head 234"]);
});

test("outside of a turn nothing waits", () => {
  const log: string[] = [];
  const writer = open(new Gather(64), log);
  writer.open(10).appendText("head ");
  writer.settle();
  expect(log).toEqual(["a:head "]);
});

test("who takes the buffer makes the one before write first", () => {
  const log: string[] = [];
  const gather = new Gather(64);
  const first = open(gather, log, "a");
  const second = open(gather, log, "b");
  gather.enter();
  first.open(5).appendText("one");
  second.open(5).appendText("two");
  first.open(5).appendText("three");
  gather.leave();
  expect(log).toEqual(["a:one", "b:two", "a:three"]);
});

test("what does not fit goes out behind what was gathered, in order and without a copy", () => {
  const log: string[] = [];
  const gather = new Gather(8);
  const writer = open(gather, log);
  gather.enter();
  writer.open(4).appendText("head");
  writer.send(bytes, 0, 10);
  writer.open(6).appendText("tail");
  writer.open(6).appendText("more");
  gather.leave();
  expect(log).toEqual(["a:head", "a:0123456789", "a:tail", "a:more"]);
});

test("a head larger than the buffer makes it grow", () => {
  const log: string[] = [];
  const gather = new Gather(8);
  const writer = open(gather, log);
  writer.open(100).appendText("x".repeat(100));
  writer.settle();
  expect(log).toEqual([`a:${"x".repeat(100)}`]);
});

test("what is discarded is never written", () => {
  const log: string[] = [];
  const gather = new Gather(64);
  const writer = open(gather, log);
  gather.enter();
  writer.open(5).appendText("one");
  writer.discard();
  gather.leave();
  expect(log).toEqual([]);
});

test("tasks put off run after the turn, each as a turn of its own, also those put off by them", () => {
  const log: string[] = [];
  const gather = new Gather(64);
  const writer = open(gather, log);
  gather.enter();
  gather.defer({
    proceed() {
      log.push("first");
      gather.defer({ proceed: () => void log.push("second") });
      writer.open(5).appendText("sent");
      writer.settle();
    },
  });
  log.push("event");
  gather.leave();
  expect(log).toEqual(["event", "first", "a:sent", "second"]);
  gather.defer({ proceed: () => void log.push("at once") });
  expect(log.at(-1)).toBe("at once");
  expect(gather.isInTurn).toBe(false);
});

test("a queued write blocks until the connection has drained", () => {
  const writer = open(new Gather(64), [], "a", "queued");
  writer.send(bytes, 0, 10);
  expect(writer.isBlocked).toBe(true);
  expect(writer.writtenBytes).toBe(10);
});
