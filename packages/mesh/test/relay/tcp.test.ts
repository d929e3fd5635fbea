import type { ServiceDoc } from "@heddle/mesh/model/document.ts";
import { rough } from "@heddle/mesh/net/simulated/faults.ts";
import { defaultUpstreamLimits } from "@heddle/mesh/upstream/context.ts";
import { describe, expect, test } from "vitest";
import { routesTo } from "../support/documents.ts";
import { type Peer, type Script, TcpMesh, type TcpMeshOptions } from "./tcp-mesh.ts";

/** How it is spoken: what the server says unasked, and what it answers. */
const mysql: Script = (server) => {
  server.say("J\0\0\0\n8.0.1\0");
  server.onHeard = (text) => server.say(`ok ${text}`);
};
const echo: Script = (server) => {
  server.onHeard = (text) => server.say(text.toUpperCase());
};
const silent: Script = () => {};

const routes = routesTo("db");
const routed: TcpMeshOptions = {
  service: { ports: [{ name: null, number: 80, protocol: "detect", routes }] },
};
const keyed = (kind: "path" | "source"): Partial<ServiceDoc> => ({
  placement: {
    name: "by-key",
    key: {
      from: kind === "path" ? { kind: "path-segment", index: 1 } : { kind: "source" },
      type: "text",
    },
    slots: 4,
    whenAway: "wait",
  },
});

/** How much later than direct the server's first octet came, in ms. */
async function lateness(mesh: TcpMesh, say: string): Promise<number> {
  const times: number[] = [];
  for (const place of ["app", "service"] as const) {
    const startMs = mesh.clock.monotonicMs();
    const client = mesh.dial(place);
    if (say !== "") client.connection!.write(Buffer.from(say, "latin1"), 0, say.length);
    for (let step = 0; step < 400 && client.firstMs < 0; step++) await mesh.pass(1);
    expect(client.firstMs).toBeGreaterThan(0);
    times.push(client.firstMs - startMs);
    client.connection!.reset();
    await mesh.pass(5);
  }
  return times[1]! - times[0]!;
}

describe.each([true, false])("with identities: %s", (hasTls) => {
  test.each([
    ["a server that speaks first", mysql, "", {}, 50],
    ["the same where requests are routed", mysql, "", routed, 150],
    ["the same where it is declared", mysql, "", { protocol: "opaque" }, 20],
    ["SSH, where both speak at once", mysql, "SSH-2.0-x\r\n", {}, 50],
    ["a client that speaks first, no HTTP", echo, "*1\r\n$4\r\nPING\r\n", {}, 50],
    ["PostgreSQL's question for TLS", echo, "\0\0\0\x08\x04\xd2\x16\x2f", {}, 50],
    ["a client that says one octet and waits", echo, "G", {}, 150],
    ["a client that says one octet that begins nothing", echo, "\x01", {}, 50],
  ] as const)("%s is carried in time", async (_, script, say, options, boundMs) => {
    for (let seed = 1; seed <= 5; seed++) {
      const mesh = new TcpMesh(script, { ...options, hasTls, seed });
      expect(await lateness(mesh, say)).toBeLessThanOrEqual(boundMs);
      // What was learned of the port keeps nobody waiting longer.
      expect(await lateness(mesh, say)).toBeLessThanOrEqual(boundMs);
    }
  });

  test("octets go both ways, and one record tells of them", async () => {
    const mesh = new TcpMesh(mysql, { hasTls });
    const client = mesh.dial();
    await mesh.pass(60);
    client.say("select 1");
    await mesh.pass(50);
    client.connection!.end();
    await mesh.pass(50);
    expect(client.heard).toBe("J\0\0\0\n8.0.1\0ok select 1");
    expect([client.end, mesh.servers[0]!.end]).toEqual(["closed", "closed"]);
    const common = { protocol: "tcp", method: "", status: 0, reason: null, tls: hasTls };
    const bytes = { requestBytes: 8, replyBytes: 22 };
    expect(mesh.records).toMatchObject([
      { ...common, ...bytes, detected: "server spoke first", attempts: 1, endpointUid: "db-0" },
    ]);
    const [inner] = mesh.dbs[0]!.records;
    expect(inner).toMatchObject({ ...bytes, protocol: "tcp", direction: "inbound", reason: null });
    expect(inner!.frontConnection).toBe(mesh.records[0]!.connection);
    expect([inner!.frontOrdinal, mesh.records[0]!.ordinal]).toEqual([1, 1]);
    expect(mesh.caller.workload.connections.size + mesh.dbs[0]!.workload.connections.size).toBe(0);
  });

  test("each side may end before the other, whichever is first", async () => {
    const mesh = new TcpMesh(
      (server) => {
        server.endsWithOther = false;
      },
      { hasTls },
    );
    const [asks, answers] = [mesh.dial(), mesh.dial()];
    for (const client of [asks, answers]) client.endsWithOther = false;
    await mesh.pass(5);
    asks.say("\x01question").connection!.end();
    answers.say("\x02");
    await mesh.pass(50);
    const of = (mark: string): Peer => mesh.servers.find(({ heard }) => heard.startsWith(mark))!;
    expect([of("\x01").heard, of("\x01").hasHeardEnd]).toEqual(["\x01question", true]);
    expect([asks.hasHeardEnd, asks.end]).toEqual([false, null]);
    of("\x01").say("answer").connection!.end();
    of("\x02").say("all I have").connection!.end();
    await mesh.pass(50);
    expect([asks.heard, asks.end]).toEqual(["answer", "closed"]);
    expect([answers.heard, answers.hasHeardEnd, answers.end]).toEqual(["all I have", true, null]);
    answers.say(", thanks").connection!.end();
    await mesh.pass(50);
    expect([of("\x02").heard, answers.end]).toEqual(["\x02, thanks", "closed"]);
    expect(mesh.records.map(({ reason }) => reason)).toEqual([null, null]);
  });

  test("a reset goes through, and is recorded for what it is", async () => {
    const mesh = new TcpMesh(echo, { hasTls });
    const [first, second] = [mesh.dial(), mesh.dial()];
    await mesh.pass(5);
    first.say("\x01");
    second.say("\x02");
    await mesh.pass(50);
    first.connection!.reset();
    mesh.servers.find(({ heard }) => heard === "\x02")!.connection!.reset();
    await mesh.pass(50);
    expect(mesh.servers.map(({ end }) => end).sort()).toEqual(["closed", "failed"]);
    expect(second.end).toBe("failed");
    const reasons = mesh.records.map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual(["client-gone", "reset"]);
  });

  test("a client of HTTP that takes its time is a client of HTTP; what was dialled for it is given up", async () => {
    const mesh = new TcpMesh(
      (server) => {
        server.onHeard = (text) => {
          if (/\r\n\r\n/.test(text)) server.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        };
      },
      { hasTls },
    );
    const client = mesh.dial();
    await mesh.pass(500);
    expect(mesh.servers).toHaveLength(1);
    client.say("GET /1 HTTP/1.1\r\nHost: db\r\n\r\n");
    await mesh.pass(100);
    expect(client.heard).toMatch(/^HTTP\/1\.1 200 /);
    expect(mesh.servers.map(({ end }) => end)).toEqual(["closed", null]);
    expect(mesh.servers[0]!.heard).toBe("");
    expect(mesh.records).toMatchObject([
      { protocol: "http/1.1", detected: "client spoke HTTP/1.1", status: 200 },
    ]);
    expect(mesh.dbs[0]!.records).toHaveLength(1);
    expect(mesh.dbs[0]!.records[0]!.protocol).toBe("http/1.1");
  });

  test("who connects and goes has asked nothing", async () => {
    const mesh = new TcpMesh(silent, { hasTls });
    const clients = [0, 5, 60].map(() => mesh.dial());
    for (const [index, ms] of [0, 5, 60].entries()) {
      await mesh.pass(ms);
      clients[index]!.connection!.end();
    }
    await mesh.pass(100);
    expect([mesh.records, mesh.dbs[0]!.records]).toEqual([[], []]);
    expect(clients.map(({ end }) => end)).toEqual(["closed", "closed", "closed"]);
    expect(mesh.caller.workload.connections.size).toBe(0);
  });

  test("slow readers at either end, a network that splits, stalls and poisons: no octet is another", async () => {
    const size = 300_000;
    const text = Array.from({ length: size / 6 }, (_, index) => `${index + 100_000}`).join("");
    const mesh = new TcpMesh((server) => server.say(text), { hasTls, seed: 7 });
    mesh.network.setFaults(rough);
    const client = mesh.dial();
    await mesh.pass(200);
    client.say(text);
    for (let turn = 0; turn < 200; turn++) {
      const end = turn % 2 === 0 ? client : mesh.servers[0]!;
      end.connection!.pause();
      await mesh.pass(20);
      end.connection!.resume();
      await mesh.pass(20);
    }
    await mesh.pass(30_000);
    expect(client.heard === text).toBe(true);
    expect(mesh.servers[0]!.heard === text).toBe(true);
  });
});

test("idle clients need no server each: beyond what may be dialled they wait, and may still speak", async () => {
  const limits = { ...defaultUpstreamLimits, tunnelsMax: 2 };
  const mesh = new TcpMesh(echo, { limits });
  const clients = [0, 1, 2, 3].map(() => mesh.dial());
  await mesh.pass(10_000);
  expect(mesh.servers).toHaveLength(2);
  expect(clients.map(({ end }) => end)).toEqual([null, null, null, null]);
  for (const client of clients) client.say("\x01");
  await mesh.pass(100);
  expect(clients.map(({ heard, end }) => (end === null ? heard : end)).toSorted()).toEqual([
    "\x01",
    "\x01",
    "failed",
    "failed",
  ]);
  expect(mesh.records.map(({ reason }) => reason)).toEqual(["queue-full", "queue-full"]);
});

test("connections are spread over endpoints, each by how many they have", async () => {
  const mesh = new TcpMesh(echo, { replicas: 2 });
  for (let count = 0; count < 12; count++) {
    mesh.dial();
    await mesh.pass(60);
  }
  const of = (replica: number) =>
    mesh.servers.filter((server) => server.replica === replica).length;
  expect(Math.abs(of(0) - of(1))).toBeLessThanOrEqual(2);
});

test("an endpoint that cannot be reached costs another attempt, not the connection", async () => {
  for (const protocol of ["detect", "opaque"] as const) {
    const mesh = new TcpMesh(mysql, { replicas: 2, protocol });
    mesh.network.kill("db-0");
    for (let count = 0; count < 4; count++) {
      const client = mesh.dial();
      await mesh.pass(100);
      expect(client.heard).toMatch(/^J/);
      client.connection!.end();
      await mesh.pass(100);
    }
    expect(mesh.records.map(({ reason }) => reason)).toEqual([null, null, null, null]);
    expect(mesh.records.some(({ attempts }) => attempts === 2)).toBe(true);
  }
});

test("nor one whose process is gone while its proxy lives", async () => {
  const mesh = new TcpMesh(mysql, { replicas: 2 });
  mesh.network.kill("app-0");
  for (let count = 0; count < 4; count++) {
    const client = mesh.dial();
    await mesh.pass(200);
    expect(client.heard).toMatch(/^J/);
  }
  expect(mesh.dbs[0]!.records[0]).toMatchObject({ reason: "connect-refused", protocol: "tcp" });
});

test.each(["opaque", "detect"] as const)(
  "an endpoint that is back is used again: %s",
  async (protocol) => {
    const mesh = new TcpMesh(mysql, { protocol });
    const link = { from: "caller", to: "db-0" };
    mesh.network.setFaults({ refuse: 1 }, link);
    const early = mesh.dial();
    await mesh.pass(6000);
    expect(early.end).toBe("failed");
    mesh.network.setFaults({ refuse: 0 }, link);
    await mesh.pass(10_000);
    const late = mesh.dial();
    await mesh.pass(100);
    expect(late.heard).toMatch(/^J/);
  },
);

test("where there is no server at all the client learns it by a reset, with a reason in the record", async () => {
  const mesh = new TcpMesh(echo, { protocol: "opaque" });
  mesh.network.kill("db-0");
  const client = mesh.dial();
  await mesh.pass(4000);
  expect(client.end).toBe("failed");
  expect(mesh.records).toMatchObject([{ protocol: "tcp", origin: "proxy", status: 0 }]);
  expect(["no-endpoint", "connect-refused"]).toContain(mesh.records[0]!.reason);
});

test("a Placement that reads requests refuses octets; one by who asks places them", async () => {
  const byPath = new TcpMesh(echo, { service: keyed("path") });
  const refused = byPath.dial();
  await byPath.pass(5);
  refused.say("\x01");
  await byPath.pass(50);
  expect(refused.end).toBe("failed");
  expect(byPath.records).toMatchObject([{ reason: "unsupported", protocol: "tcp" }]);
  const bySource = new TcpMesh(echo, { service: keyed("source") });
  bySource.dial();
  await bySource.pass(3000); // nobody owns its slot
  expect(bySource.servers).toHaveLength(0);
});

test("what lies idle for an hour is ended, and a lifetime ends what does not", async () => {
  const idle = new TcpMesh(echo, { tcpLimits: { idleMs: 10_000 } });
  const quiet = idle.dial();
  await idle.pass(5);
  quiet.say("\x01");
  await idle.pass(9000);
  quiet.say("\x02");
  await idle.pass(9000);
  expect(quiet.end).toBe(null);
  await idle.pass(11_500);
  expect(quiet.end).toBe("failed");
  expect(idle.records[0]!.detail).toBe("nothing moved for 10000 ms");
  const limited = new TcpMesh(echo, { tcpLimits: { lifetimeMs: 5000 } });
  const busy = limited.dial();
  for (let second = 0; second < 6; second++) {
    await limited.pass(990);
    if (busy.end === null) busy.say("\x01");
  }
  expect(busy.end).toBe("failed");
  expect(limited.records[0]!.detail).toBe("it has lasted 5000 ms");
});

test("a proxy that drains waits for what moves, and ends in order what does not", async () => {
  const mesh = new TcpMesh(echo);
  const [busy, quiet] = [mesh.dial(), mesh.dial()];
  await mesh.pass(5);
  busy.say("\x01");
  quiet.say("\x02");
  await mesh.pass(100);
  let isIdle = false;
  mesh.caller.workload.drainAll(() => {
    isIdle = true;
  });
  for (let second = 0; second < 6; second++) {
    busy.say("\x01");
    await mesh.pass(1000);
  }
  expect([busy.end, quiet.end, isIdle]).toEqual([null, "closed", false]);
  busy.connection!.end();
  await mesh.pass(100);
  expect(isIdle).toBe(true);
  expect(mesh.records.map(({ reason }) => reason)).toEqual([null, null]);
});

test("while a proxy drains, a client that does not close its side in time is reset", async () => {
  const mesh = new TcpMesh(echo);
  const client = mesh.dial();
  client.endsWithOther = false;
  await mesh.pass(5);
  client.say("\x01");
  await mesh.pass(100);
  let isIdle = false;
  mesh.caller.workload.drainAll(() => {
    isIdle = true;
  });
  await mesh.pass(2100);
  expect([client.hasHeardEnd, client.end, isIdle]).toEqual([true, null, false]);
  await mesh.pass(2100);
  expect([client.end, isIdle]).toEqual(["failed", true]);
});
