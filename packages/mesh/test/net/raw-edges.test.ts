import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { tcp } from "../../src/model/address.ts";
import { adoptSocket } from "../../src/net/bound-socket.ts";
import { acceptedName, dialledName } from "../../src/net/connection-name.ts";
import { failureOfError, failureOfStatus } from "../../src/net/errno.ts";
import { loadRawBinding } from "../../src/net/raw/binding.ts";
import type { RawConnection } from "../../src/net/raw/connection.ts";
import { RawTransport } from "../../src/net/raw/transport.ts";
import { SocketTransport } from "../../src/net/socket/transport.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import type { TransportFailure, TransportOptions } from "../../src/net/transport.ts";
import { believe, TestAuthority } from "./certificates.ts";
import { Probe } from "./probe.ts";

const raw = (options: TransportOptions) => new RawTransport(loadRawBinding()!, options);
const socket = (options: TransportOptions) => new SocketTransport(options);

for (const [name, make] of [
  ["raw", raw],
  ["net.Socket", socket],
] as const) {
  test(`${name}: a dialler that never says hello is hung up on when its time is over`, async () => {
    const clock = new VirtualClock();
    const transport = make({ clock, handshakeTimeoutMs: 5000 });
    const kvs = await (await TestAuthority.make()).issue("kvs");
    const refused: TransportFailure[] = [];
    const listening = await transport.listen(
      {
        at: tcp("127.0.0.1", 0),
        tls: {
          credentials: () => kvs,
          selectAlpn: (_name, offered) => offered[0] ?? null,
          verify: believe,
          onRefused: (failure) => refused.push(failure),
        },
      },
      () => null,
    );
    const { port } = listening.address as { port: number };
    const silent = connect(port, "127.0.0.1");
    silent.on("error", () => {});
    const hungUp = new Promise((resolve) => silent.on("close", resolve));
    await once(silent, "connect");
    await expect.poll(() => clock.nextAtMs()).not.toBe(null);
    clock.advance(6000);
    await hungUp;
    expect(refused.map((failure) => failure.kind)).toEqual(["timeout"]);
    await listening.close();
  });

  test(`${name}: a listener of both families names an IPv4 connection as its dialler does`, async () => {
    const transport = make({ clock: new SystemClock() });
    const server = new Probe();
    const listening = await transport.listen({ at: tcp("::", 0), tls: null }, (connection) => {
      server.connection = connection;
      return server;
    });
    const { port } = listening.address as { port: number };
    const client = new Probe();
    const address = tcp("127.0.0.1", port);
    client.connection = transport.dial({ address, tls: null }, client);
    await client.until(() => client.has("open"));
    const dialled = dialledName(client.connection);
    client.send("x");
    await server.until(() => server.received === 1);
    expect(dialled).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+>127\\.0\\.0\\.1:${port}$`));
    expect(acceptedName(server.connection!)).toBe(dialled);
    server.connection!.reset();
    await client.closed();
    await listening.close();
  });

  test(`${name}: a unix socket carries bytes; its missing file is unreachable`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-"));
    const address = { kind: "unix", path: join(folder, "a.sock") } as const;
    const transport = make({ clock: new SystemClock() });
    const listening = await transport.listen({ at: address, tls: null }, (connection) => {
      const probe = new Probe();
      probe.onData = (bytes, start, end) => connection.write(bytes, start, end);
      return probe;
    });
    const probe = new Probe();
    probe.connection = transport.dial({ address, tls: null }, probe);
    probe.send("echo");
    await probe.until(() => probe.text === "echo");
    expect(probe.connection.remote).toEqual(address);
    probe.connection.reset();
    await probe.closed();
    await listening.close();
    rmSync(folder, { recursive: true });
    const lost = new Probe();
    lost.connection = transport.dial({ address, tls: null }, lost);
    await lost.closed();
    expect(lost.failure?.kind).toBe("unreachable");
  });
}

test("raw: small writes of one connection survive a large one of another in the same turn", async () => {
  const transport = raw({ clock: new SystemClock() });
  const accepted: Probe[] = [];
  const listening = await transport.listen({ at: tcp("127.0.0.1", 0), tls: null }, () => {
    accepted.push(new Probe());
    return accepted.at(-1)!;
  });
  const probes = [new Probe(), new Probe()] as const;
  for (const probe of probes) {
    probe.connection = transport.dial({ address: listening.address, tls: null }, probe);
  }
  await Promise.all(probes.map((probe) => probe.until(() => probe.has("open"))));
  await expect.poll(() => accepted.length).toBe(2);
  const large = "L".repeat(30_000);
  probes[0].send("small");
  probes[1].send(large);
  probes[1].send(" after");
  probes[0].send(" and small");
  probes[0].connection!.end();
  probes[1].connection!.end();
  for (const probe of accepted) await probe.until(() => probe.has("end"));
  expect(accepted.map((probe) => probe.text).sort()).toEqual([`${large} after`, "small and small"]);
  for (const probe of [...probes, ...accepted]) probe.connection?.reset();
  await listening.close();
});

test("raw: TLS cut off without close_notify is a reset, not an end", async () => {
  const transport = raw({ clock: new SystemClock() });
  const authority = await TestAuthority.make();
  const [kvs, visitor] = [await authority.issue("kvs"), await authority.issue("visitor")];
  const listening = await transport.listen(
    {
      at: tcp("127.0.0.1", 0),
      tls: {
        credentials: () => kvs,
        selectAlpn: (_name, offered) => offered[0] ?? null,
        verify: believe,
      },
    },
    (connection) => {
      const probe = new Probe();
      connection.write(Buffer.from("half an answ"), 0, 12);
      probe.onData = () => (connection as RawConnection).handle.close(); // FIN, as a killed process
      return probe;
    },
  );
  const probe = new Probe();
  const tls = { credentials: visitor, serverName: "kvs-0", alpn: ["http/1.1"], verify: believe };
  probe.connection = transport.dial({ address: listening.address, tls }, probe);
  probe.send("?");
  await probe.closed();
  expect(probe.failure?.kind).toBe("reset");
  expect(probe.has("end")).toBe(false);
  await listening.close();
});

test("a descriptor that is none cannot be adopted", () => {
  expect(() => adoptSocket(9999)).toThrow(expect.objectContaining({ code: "EBADF" }));
});

test("the operating system's words become the transport's", () => {
  expect(failureOfStatus(-111, "connect")).toEqual({
    kind: "refused",
    detail: "connect: ECONNREFUSED",
  });
  expect(failureOfStatus(-4095, "read").kind).toBe("reset");
  expect(failureOfError({ code: "ERR_SSL_WRONG_VERSION_NUMBER" }, "tls").kind).toBe("tls");
  expect(failureOfError({ code: "EMFILE" }, "connect").kind).toBe("exhausted");
  expect(failureOfError("what?", "read").kind).toBe("reset");
});
