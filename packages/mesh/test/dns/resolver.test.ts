import { Resolver } from "node:dns/promises";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { type BoundDatagrams, bindDatagrams } from "@heddle/mesh/net/bound-datagrams.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { systemDatagrams } from "@heddle/mesh/net/system-datagrams.ts";
import { DnsForwarder } from "@heddle/mesh/proxy/dns-forwarder.ts";
import { DnsServer } from "@heddle/mesh/proxy/dns-server.ts";
import { beforeAll, expect, test } from "vitest";

let socket: BoundDatagrams;
let resolver: Resolver;

beforeAll(async () => {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const nameservers = () => []; // nobody knows other names
  const datagrams = systemDatagrams;
  const rng = new SeededRng(1);
  const forwarder = new DnsForwarder({ clock, rng, transport, datagrams, nameservers });
  const server = new DnsServer({ clock, datagrams, forwarder });
  server.apply({
    kind: "proxy",
    workload: { uid: "u", name: "a-0", namespace: "default", identity: null },
    clusterDomain: "cluster.local",
    inbound: null,
    outbound: [],
    forwardProxy: null,
    gateway: [],
    capture: {
      datagrams: "udp",
      listener: { name: "tcp", address: tcp("127.0.0.1", 1) },
      services: [
        {
          service: "default/kvs",
          address: "127.130.1.2",
          ports: [{ name: "http", number: 80 }],
        },
      ],
    },
  });
  socket = bindDatagrams("127.0.0.1", 0);
  resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`127.0.0.1:${socket.port}`]);
  // What is asked before anybody reads the socket waits in the kernel.
  const early = resolver.resolve4("kvs.default");
  await new Promise((resolve) => clock.after(20, () => resolve(null)));
  server.listen(socket);
  expect(await early).toEqual(["127.130.1.2"]);
});

test("another's resolver understands the answers: addresses, ports, names", async () => {
  const full = "kvs.default.svc.cluster.local";
  expect(await resolver.resolve4(full, { ttl: true })).toEqual([
    { address: "127.130.1.2", ttl: 5 },
  ]);
  expect(await resolver.resolveSrv(`_http._tcp.${full}`)).toMatchObject([
    { name: full, port: 80, priority: 0, weight: 0 },
  ]);
  expect(await resolver.reverse("127.130.1.2")).toEqual([full]);
});

test("and tells no such record from no such name from no answer", async () => {
  const codeOf = (answer: Promise<unknown>) =>
    answer.then(
      () => "found",
      (error: NodeJS.ErrnoException) => error.code,
    );
  expect(await codeOf(resolver.resolve6("kvs.default.svc.cluster.local"))).toBe("ENODATA");
  expect(await codeOf(resolver.resolve4("no.default.svc.cluster.local"))).toBe("ENOTFOUND");
  expect(await codeOf(resolver.resolve4("example.com"))).toBe("ESERVFAIL");
});
