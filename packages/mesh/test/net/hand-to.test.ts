import { tcp } from "@heddle/mesh/model/address.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { Connection, ConnectionEvents } from "@heddle/mesh/net/transport.ts";
import { expect, test } from "vitest";

test("a connection that is handed to somebody is his up to its end, and nobody else's", async () => {
  const { transport, backEnd } = await openTransport({ clock: new SystemClock() });
  expect(backEnd).toBe("raw"); // the other one has its events passed on
  const told: string[] = [];
  const done = Promise.withResolvers<void>();
  const owner = (name: string, then: (connection: Connection) => void): ConnectionEvents => ({
    onOpen() {},
    onBytes: (bytes, start, end) => {
      told.push(`${name} ${bytes.toString("latin1", start, end)}`);
      then(accepted!);
    },
    onEnd: () => {
      told.push(`${name} end`);
      accepted!.end();
    },
    onDrain() {},
    onClose: () => {
      told.push(`${name} close`);
      done.resolve();
    },
  });
  let accepted: Connection | null = null;
  const second = owner("second", (connection) => connection.write(Buffer.from("."), 0, 1));
  const first = owner("first", (connection) => {
    connection.handTo?.(second);
    connection.write(Buffer.from("."), 0, 1);
  });
  const at = tcp("127.0.0.1", 0);
  const listening = await transport.listen({ at, tls: null }, (connection) => {
    accepted = connection;
    return first;
  });
  let heard = 0;
  const client = transport.dial(
    { address: listening.address, tls: null },
    {
      onOpen: () => client.write(Buffer.from("a"), 0, 1),
      onBytes: () => {
        heard++;
        if (heard === 1) client.write(Buffer.from("b"), 0, 1);
        else client.end();
      },
      onEnd() {},
      onDrain() {},
      onClose() {},
    },
  );
  await done.promise;
  await listening.close();
  expect(told).toEqual(["first a", "second b", "second end", "second close"]);
});
