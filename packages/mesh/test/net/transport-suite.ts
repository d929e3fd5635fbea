import { createHash } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SeededRng } from "../../src/base/rng.ts";
import type { Address } from "../../src/model/address.ts";
import { acceptedName, dialledName } from "../../src/net/connection-name.ts";
import type {
  BoundSocket,
  Connection,
  Listening,
  TlsCredentials,
  TlsDialOptions,
  TlsListenOptions,
  Transport,
  TransportFailure,
} from "../../src/net/transport.ts";
import { believe, believeOnly, TestAuthority } from "./certificates.ts";
import { Probe } from "./probe.ts";

/** What the suite needs to know about a back end. */
export interface Backend {
  readonly dialler: Transport;
  readonly acceptor: Transport;
  /** Where to listen: a free port. */
  readonly at: Address | BoundSocket;
  /** An address where nobody listens. */
  readonly nowhere: Address;
  /** Calls back soon, when the back end had a chance to do something else. */
  later(callback: () => void): void;
  /** Makes the back end go on until `promise` settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Does it tell a TLS connection that was cut off from one that ended? */
  readonly tellsCutOff: boolean;
  /** Is each connection a handshake of its own? Default true; on a carrier one serves many. */
  readonly shakesHands?: boolean;
  /** How much a bulk test moves. */
  readonly bulkBytes: number;
}

interface Pair {
  readonly client: Probe;
  readonly server: Probe;
}

/** The claims every Transport must satisfy, over plain connections and over TLS. */
export function suite(name: string, makeBackend: () => Backend): void {
  let backend: Backend;
  let listening: Listening[] = [];
  let connections: Connection[] = [];
  let kvs: TlsCredentials;
  let visitor: TlsCredentials;
  let authority: TestAuthority;

  beforeAll(async () => {
    authority = await TestAuthority.make();
    kvs = await authority.issue("kvs");
    visitor = await authority.issue("visitor");
  });
  beforeEach(() => {
    backend = makeBackend();
  });
  afterEach(async () => {
    for (const connection of connections) connection.reset();
    await backend.run(Promise.all(listening.map((each) => each.close())));
    listening = [];
    connections = [];
  });

  const serverTls = (changes: Partial<TlsListenOptions> = {}): TlsListenOptions => ({
    credentials: () => kvs,
    selectAlpn: (_name, offered) => offered[0] ?? null,
    verify: believe,
    ...changes,
  });
  const clientTls = (changes: Partial<TlsDialOptions> = {}): TlsDialOptions => ({
    credentials: visitor,
    serverName: "kvs-0.kvs.8000",
    alpn: ["http/1.1"],
    verify: believe,
    ...changes,
  });

  async function listen(
    tls: TlsListenOptions | null,
    accepted: (probe: Probe) => void = () => {},
    accepts = true,
  ): Promise<Listening> {
    const each = await backend.run(
      backend.acceptor.listen({ at: backend.at, tls }, (connection) => {
        if (!accepts) return null;
        const probe = new Probe();
        probe.connection = connection;
        connections.push(connection);
        accepted(probe);
        return probe;
      }),
    );
    listening.push(each);
    return each;
  }

  function dial(address: Address, tls: TlsDialOptions | null, probe = new Probe()): Probe {
    probe.connection = backend.dialler.dial({ address, tls }, probe);
    connections.push(probe.connection);
    return probe;
  }

  async function pair(
    tls: { server: TlsListenOptions; client: TlsDialOptions } | null,
    prepare: (server: Probe) => void = () => {},
  ): Promise<Pair> {
    let resolve: (probe: Probe) => void;
    const accepted = new Promise<Probe>((done) => {
      resolve = done;
    });
    const { address } = await listen(tls?.server ?? null, (probe) => {
      prepare(probe);
      resolve(probe);
    });
    const client = dial(address, tls?.client ?? null);
    await backend.run(client.until(() => client.has("open") || client.has("close")));
    expect(client.log).toEqual(["open"]);
    return { client, server: await backend.run(accepted) };
  }

  for (const kind of ["plain", "TLS"] as const) {
    const tls = () => (kind === "plain" ? null : { server: serverTls(), client: clientTls() });

    describe(`${name}, ${kind}`, () => {
      test("carries bytes both ways and ends in good order when both sides ended", async () => {
        const { client, server } = await pair(tls());
        client.send("ping");
        await backend.run(server.until(() => server.text === "ping"));
        server.send("pong");
        await backend.run(client.until(() => client.text === "pong"));
        client.connection!.end();
        await backend.run(server.until(() => server.has("end")));
        server.connection!.end();
        await backend.run(Promise.all([client.closed(), server.closed()]));
        expect(client.failure).toBe(null);
        expect(server.failure).toBe(null);
        const told = (probe: Probe) => probe.log.filter((event) => event !== "drain");
        expect(told(client)).toEqual(["open", "bytes", "end", "close"]);
        expect(told(server)).toEqual(["bytes", "end", "close"]);
      });

      test("half-close: after one side ended, the other still sends", async () => {
        for (const first of ["client", "server"] as const) {
          const { client, server } = await pair(tls());
          const [ender, other] = first === "client" ? [client, server] : [server, client];
          ender.send("the whole request");
          ender.connection!.end();
          await backend.run(other.until(() => other.has("end")));
          expect(other.text).toBe("the whole request");
          other.send("the whole answer");
          await backend.run(ender.until(() => ender.received === 16));
          expect(ender.failure).toBe(undefined);
          other.connection!.end();
          await backend.run(Promise.all([client.closed(), server.closed()]));
          expect([client.failure, server.failure]).toEqual([null, null]);
        }
      });

      test("a reset is seen as one at the other end, and as none at one's own", async () => {
        const { client, server } = await pair(tls());
        if (kind === "TLS" && !backend.tellsCutOff) {
          // Reset while the handshake's last bytes are on their way, it is lost in them.
          server.send("hello");
          await backend.run(client.until(() => client.text === "hello"));
        }
        client.connection!.reset();
        client.connection!.reset();
        await backend.run(Promise.all([client.closed(), server.closed()]));
        expect(client.failure).toBe(null);
        expect(server.failure?.kind).toBe("reset");
      });

      test("a reset right after the end closes too, at any moment", async () => {
        const { address } = await listen(tls()?.server ?? null);
        for (let round = 0; round < 6; round++) {
          const client = dial(address, tls()?.client ?? null);
          if (round > 0) await backend.run(client.until(() => client.has("open")));
          if (round % 2 === 1) client.send("x");
          client.connection!.end();
          if (round > 3) await backend.run(new Promise<void>((resolve) => backend.later(resolve)));
          client.connection!.reset();
          await backend.run(client.closed());
          expect(client.failure).toBe(null);
        }
      });

      test("a virtual address cannot be dialled", async () => {
        const client = dial(
          { kind: "vip", service: "default/kvs", port: 80 },
          tls()?.client ?? null,
        );
        await backend.run(client.closed());
        expect(["unreachable", "refused"]).toContain(client.failure?.kind);
      });

      test("nothing is sent after end or reset, and nothing fails by trying", async () => {
        const { client, server } = await pair(tls());
        client.send("all");
        client.connection!.end();
        client.send("more");
        client.connection!.end();
        await backend.run(server.until(() => server.has("end")));
        expect(server.text).toBe("all");
        server.connection!.reset();
        server.send("late");
        server.connection!.end();
        await backend.run(Promise.all([client.closed(), server.closed()]));
      });

      test("what is written before the connection opened is sent once it is", async () => {
        let server: Probe | null = null;
        const { address } = await listen(tls()?.server ?? null, (probe) => {
          server = probe;
        });
        const client = dial(address, tls()?.client ?? null);
        client.send("early ");
        client.send("bird");
        client.connection!.end();
        await backend.run(client.until(() => client.has("open")));
        client.send("not after end");
        await backend.run(
          new Promise<void>((resolve) => {
            const look = () =>
              server === null
                ? backend.later(look)
                : server.until(() => server!.has("end")).then(resolve);
            look();
          }),
        );
        expect(server!.text).toBe("early bird");
      });

      test("a slow reader gets every byte in order, and the writer holds little", async () => {
        const { client, server } = await pair(tls());
        const sent = createHash("sha1");
        const got = createHash("sha1");
        server.keeps = false;
        let sincePause = 0;
        server.onData = (bytes, start, end) => {
          got.update(bytes.subarray(start, end));
          sincePause += end - start;
          if (sincePause < backend.bulkBytes / 100) return;
          sincePause = 0;
          server.connection!.pause();
          backend.later(() => server.connection!.resume());
        };
        const rng = new SeededRng(5);
        const block = Buffer.alloc(65_536);
        let written = 0;
        let queuedMax = 0;
        let queuedTimes = 0;
        const pump = () => {
          while (written < backend.bulkBytes) {
            for (let word = 0; word < 64; word++)
              block.writeUInt32LE(rng.next(), rng.below(65_532));
            const length = Math.min(1 + rng.below(block.length), backend.bulkBytes - written);
            sent.update(block.subarray(0, length));
            written += length;
            const isOwned = rng.below(4) === 0;
            const status = isOwned
              ? client.connection!.writeOwned(Buffer.from(block.subarray(0, length)))
              : client.connection!.write(block, 0, length);
            queuedMax = Math.max(queuedMax, client.connection!.queuedBytes);
            if (status === "queued") {
              queuedTimes++;
              return;
            }
          }
          client.connection!.end();
        };
        client.onDrained = pump;
        pump();
        await backend.run(server.until(() => server.has("end") || server.has("close")));
        expect(server.received).toBe(backend.bulkBytes);
        expect(got.digest("hex")).toBe(sent.digest("hex"));
        expect(client.connection!.sentBytes).toBe(backend.bulkBytes);
        expect(server.connection!.receivedBytes).toBe(backend.bulkBytes);
        expect(queuedTimes).toBeGreaterThan(0);
        expect(queuedMax).toBeLessThanOrEqual(2 * 65_536 + 1024);
      });

      test("a reader that stopped stops the writer; it is told when it may go on", async () => {
        const { client, server } = await pair(tls(), (probe) => probe.connection!.pause());
        const block = Buffer.alloc(32_768, "x");
        let written = 0;
        while (client.connection!.write(block, 0, block.length) === "done") {
          written += block.length;
          expect(written).toBeLessThan(64 * 1024 * 1024);
          await backend.run(new Promise<void>((resolve) => backend.later(resolve)));
        }
        written += block.length;
        expect(client.connection!.queuedBytes).toBeGreaterThan(0);
        expect(server.received).toBe(0);
        expect(client.has("drain")).toBe(false);
        server.keeps = false;
        server.connection!.resume();
        await backend.run(client.until(() => client.has("drain")));
        expect(client.connection!.queuedBytes).toBe(0);
        await backend.run(server.until(() => server.received === written));
      });

      test("pause holds back bytes and the end, resume brings them", async () => {
        const { client, server } = await pair(tls());
        const deliveries: number[] = [];
        server.onData = (_bytes, start, end) => {
          deliveries.push(end - start);
          server.connection!.pause();
        };
        const block = Buffer.alloc(48_000, "y");
        client.connection!.write(block, 0, block.length);
        client.connection!.write(block, 0, block.length);
        client.connection!.end();
        let total = 0;
        while (total < 96_000) {
          await backend.run(server.until(() => deliveries.length > 0));
          await backend.run(new Promise<void>((resolve) => backend.later(resolve)));
          expect(deliveries.length).toBe(1);
          expect(server.has("end")).toBe(false);
          total += deliveries.pop()!;
          server.connection!.resume();
        }
        await backend.run(server.until(() => server.has("end")));
        expect(total).toBe(96_000);
      });

      test("bytes passed to write are the caller's again at once, even if they queued", async () => {
        const { client, server } = await pair(tls(), (probe) => probe.connection!.pause());
        const block = Buffer.alloc(60_000);
        let fill = 1;
        let sent = 0;
        do {
          block.fill(fill);
          sent += block.length;
          const status = client.connection!.write(block, 0, block.length);
          block.fill(0xee);
          if (status === "queued") break;
          fill = (fill % 200) + 1;
          await backend.run(new Promise<void>((resolve) => backend.later(resolve)));
        } while (sent < 64 * 1024 * 1024);
        server.keeps = false;
        let wrong = 0;
        let offset = 0;
        server.onData = (bytes, start, end) => {
          for (let index = start; index < end; index++, offset++) {
            if (bytes[index] !== (Math.floor(offset / block.length) % 200) + 1) wrong++;
          }
        };
        server.connection!.resume();
        await backend.run(server.until(() => server.received === sent));
        expect(wrong).toBe(0);
      });

      test("small writes by turns on several connections within one event keep their order", async () => {
        const servers: Probe[] = [];
        const { address } = await listen(tls()?.server ?? null, (probe) => servers.push(probe));
        const clients = Array.from({ length: 5 }, () => {
          // Of a generation each, so that no two share a carrier.
          const own = tls()?.client ?? null;
          return dial(address, own && { ...own, credentials: { ...own.credentials } });
        });
        for (const client of clients) await backend.run(client.until(() => client.has("open")));
        let sent = "";
        for (let round = 0; round < 60; round++) {
          for (const client of clients) client.send(`${round},`);
          sent += `${round},`;
        }
        await backend.run(
          new Promise<void>((resolve) => {
            const look = (): void => {
              const isAll =
                servers.length === 5 && servers.every((each) => each.text.length >= sent.length);
              if (isAll) resolve();
              else backend.later(look);
            };
            look();
          }),
        );
        for (const server of servers) expect(server.text).toBe(sent);
      });

      test("an acceptor may refuse: the dialler sees a reset", async () => {
        const { address } = await listen(tls()?.server ?? null, () => {}, false);
        const client = dial(address, tls()?.client ?? null);
        await backend.run(client.closed());
        expect(client.failure?.kind).toBe("reset");
      });

      test("nobody there is seen as refused", async () => {
        const client = dial(backend.nowhere, tls()?.client ?? null);
        expect(client.log).toEqual([]);
        await backend.run(client.closed());
        expect(client.failure?.kind).toBe("refused");
        expect(client.log).toEqual(["close"]);
      });

      test("a dial given up closes without a failure", async () => {
        const { address } = await listen(tls()?.server ?? null);
        const client = dial(address, tls()?.client ?? null);
        client.connection!.reset();
        await backend.run(client.closed());
        expect(client.failure).toBe(null);
        expect(client.log).toEqual(["close"]);
      });

      test("after close nobody is accepted any more, connections live on", async () => {
        const { client, server } = await pair(tls());
        await backend.run(listening[0]!.close());
        const late = dial(listening[0]!.address, tls()?.client ?? null);
        await backend.run(late.closed());
        expect(late.failure?.kind).toBe("refused");
        client.send("still here");
        await backend.run(server.until(() => server.text === "still here"));
      });

      test("both ends name the same addresses", async () => {
        const { client, server } = await pair(tls());
        expect(client.connection!.remote).toEqual(listening[0]!.address);
        expect(client.connection!.local).toEqual(server.connection!.remote);
        expect(server.connection!.local).toEqual(client.connection!.remote);
      });

      test("both ends come to one name for their connection, and another for the next", async () => {
        const { client, server } = await pair(tls());
        const name = dialledName(client.connection!);
        expect(acceptedName(server.connection!)).toBe(name);
        const next = await pair(tls());
        expect(dialledName(next.client.connection!)).not.toBe(name);
      });
    });
  }

  describe(`${name}, identities`, () => {
    test("both ends know the other's identity, the name asked for, the protocol and one channel", async () => {
      const seen: [string, readonly string[]][] = [];
      const { client, server } = await pair({
        server: serverTls({
          selectAlpn: (serverName, offered) => {
            seen.push([serverName, offered]);
            return "heddle/tcp";
          },
        }),
        client: clientTls({ alpn: ["http/1.1", "heddle/tcp"] }),
      });
      expect(seen).toEqual([["kvs-0.kvs.8000", ["http/1.1", "heddle/tcp"]]]);
      const [atClient, atServer] = [client.connection!.peer!, server.connection!.peer!];
      expect(atClient.id).toBe(kvs.spiffeId);
      expect(atServer.id).toBe(visitor.spiffeId);
      for (const peer of [atClient, atServer]) {
        expect(peer.alpn).toBe("heddle/tcp");
        expect(peer.serverName).toBe("kvs-0.kvs.8000");
        expect(peer.resumed).toBe(false);
        expect(peer.channel).toMatch(/^[0-9a-f]{32}$/);
      }
      expect(atClient.channel).toBe(atServer.channel);
    });

    test("a dialler that does not accept the acceptor's identity never opens", async () => {
      const accepted: Probe[] = [];
      const { address } = await listen(serverTls(), (probe) => accepted.push(probe));
      const client = dial(address, clientTls({ verify: believeOnly("someone-else") }));
      client.send("secret");
      await backend.run(client.closed());
      expect(client.failure?.kind).toBe("identity-mismatch");
      expect(client.log).toEqual(["close"]);
      await backend.run(Promise.all(accepted.map((probe) => probe.closed())));
      for (const probe of accepted) expect(probe.received).toBe(0);
    });

    test("a dialler learns that its own identity was not accepted, and that nothing was read", async () => {
      const refused: TransportFailure[] = [];
      let accepted = 0;
      const { address } = await listen(
        serverTls({
          verify: believeOnly("someone-else"),
          onRefused: (failure) => refused.push(failure),
        }),
        () => accepted++,
      );
      const client = dial(address, clientTls());
      client.send("POST / HTTP/1.1\r\n\r\n");
      await backend.run(client.closed());
      expect(client.failure?.kind).toBe("identity-mismatch");
      expect(client.received).toBe(0);
      expect(accepted).toBe(0);
      expect(refused.map((failure) => failure.kind)).toEqual(["identity-mismatch"]);
    });

    test("a name that is not served is misdirected, unread", async () => {
      const refused: TransportFailure[] = [];
      let accepted = 0;
      const { address } = await listen(
        serverTls({ selectAlpn: () => null, onRefused: (failure) => refused.push(failure) }),
        () => accepted++,
      );
      const client = dial(address, clientTls({ serverName: "kvs-9.kvs.8000" }));
      client.send("GET / HTTP/1.1\r\n\r\n");
      await backend.run(client.closed());
      expect(client.failure?.kind).toBe("misdirected");
      expect(client.log).toEqual(["close"]);
      expect(accepted).toBe(0);
      expect(refused.map((failure) => failure.kind)).toEqual(["misdirected"]);
    });

    test("a second dial resumes; verifiers and the protocol's choice are asked all the same", async () => {
      if (backend.shakesHands === false) return; // carrier.test.ts has its claims
      const asked = { client: 0, server: 0, alpn: 0 };
      const server = serverTls({
        verify: (chain) => {
          asked.server++;
          return believe(chain);
        },
        selectAlpn: (_name, offered) => {
          asked.alpn++;
          return offered[0] ?? null;
        },
      });
      const client = clientTls({
        verify: (chain) => {
          asked.client++;
          return believe(chain);
        },
      });
      const probes: Probe[] = [];
      const { address } = await listen(server, (probe) => {
        probes.push(probe);
        probe.send("hello");
      });
      const channels = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const probe = dial(address, client);
        await backend.run(probe.until(() => probe.text === "hello"));
        const { peer } = probe.connection!;
        expect(peer!.resumed).toBe(round > 0);
        expect(peer!.id).toBe(kvs.spiffeId);
        expect(probes[round]!.connection!.peer).toEqual({ ...peer, id: visitor.spiffeId });
        channels.add(peer!.channel);
        probe.connection!.reset();
        await backend.run(probe.closed());
      }
      expect(channels.size).toBe(3);
      expect(asked).toEqual({ client: 3, server: 3, alpn: 3 });
    });

    test("no session is resumed for another name, or refused silently once the verifier changed its mind", async () => {
      let isTrusted = true;
      const { address } = await listen(serverTls(), (probe) => probe.send("hello"));
      const client = clientTls({
        verify: (chain) => (isTrusted ? believe(chain) : { ok: false, detail: "revoked" }),
      });
      const first = dial(address, client);
      await backend.run(first.until(() => first.text === "hello"));
      const other = dial(address, { ...client, serverName: "kvs-1.kvs.8000" });
      await backend.run(other.until(() => other.has("open")));
      expect(other.connection!.peer!.resumed).toBe(false);
      isTrusted = false;
      const denied = dial(address, client);
      await backend.run(denied.closed());
      expect(denied.failure?.kind).toBe("identity-mismatch");
    });

    test("a rotation reaches the next handshake without a new listener, and resumes nothing from before", async () => {
      if (backend.shakesHands === false) return; // carrier.test.ts has its claims
      let current = kvs;
      const { address } = await listen(serverTls({ credentials: () => current }), (probe) =>
        probe.send("hello"),
      );
      const before = dial(address, clientTls());
      await backend.run(before.until(() => before.text === "hello"));
      current = { ...(await authority.issue("kvs-renewed")), generation: 2 };
      const after = dial(address, clientTls());
      await backend.run(after.until(() => after.text === "hello"));
      expect(after.connection!.peer!.resumed).toBe(false);
      expect(after.connection!.peer!.id).toBe(current.spiffeId);
      const renewed = { ...(await authority.issue("visitor")), generation: 2 };
      const own = dial(address, clientTls({ credentials: renewed }));
      await backend.run(own.until(() => own.text === "hello"));
      expect(own.connection!.peer!.resumed).toBe(false);
      expect(before.failure).toBe(undefined);
    });
  });
}
