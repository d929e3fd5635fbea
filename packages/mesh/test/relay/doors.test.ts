import type { ServiceDoc } from "@heddle/mesh/model/document.ts";
import { describe, expect, test } from "vitest";
import { clientHello } from "../support/client-hello.ts";
import { endpointsDoc, serviceDoc } from "../support/documents.ts";
import { type Script, TcpMesh, type TcpMeshOptions } from "./tcp-mesh.ts";

/** Says back what it hears. */
const echo: Script = (server) => {
  server.onHeard = (text) => server.say(text);
};
const greets: Script = (server) => server.say("220 mail\r\n");
/** Answers HTTP/1.1 to whatever looks like it. */
const http: Script = (server) => {
  server.onHeard = (text) => {
    if (/\r\n\r\n$/.test(text)) server.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  };
};
const get = "GET /1 HTTP/1.1\r\nHost: db\r\n\r\n";
/** The preface, empty SETTINGS, and GET / for `db` on stream 1, by the static table alone. */
const h2 = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x07\x01\x05\0\0\0\x01\x82\x84\x86\x01\x02db`;

const connected = /^HTTP\/1\.1 200 [\s\S]*?\r\n\r\n/;

describe("TLS passes unread, but for the server name of its ClientHello", () => {
  const unrecognizedName = "\x15\x03\x03\0\x02\x02\x70";

  test.each([
    ["db.example", "TLSRoute/default/t#0", null],
    ["a.b.wild", "TLSRoute/default/t#0", null],
    ["other.example", null, "no-route"],
    [null, null, "no-route"],
  ] as const)("at a Gateway %s goes by %s", async (serverName, route, reason) => {
    const mesh = new TcpMesh(echo, { protocol: "tls" });
    const hello = clientHello(serverName);
    const client = mesh.dial("gateway");
    await mesh.pass(5);
    client.say(hello.slice(0, 20));
    await mesh.pass(500); // half of it decides nothing
    client.say(hello.slice(20));
    await mesh.pass(50);
    expect(client.heard).toBe(reason === null ? hello : unrecognizedName);
    client.connection!.end();
    await mesh.pass(50);
    expect(client.end).toBe("closed");
    const authority = serverName ?? "";
    const detected = "";
    expect(mesh.records).toMatchObject([
      { protocol: "tls", direction: "gateway", authority, route, reason, detected },
    ]);
    expect(mesh.servers).toHaveLength(reason === null ? 1 : 0);
    if (reason === null)
      expect(mesh.dbs[0]!.records).toMatchObject([{ protocol: "tls", authority }]);
  });

  test("a client that never names a server there is sent away", async () => {
    const mesh = new TcpMesh(echo, { protocol: "tls" });
    const [mute, half, other] = [0, 1, 2].map(() => mesh.dial("gateway"));
    await mesh.pass(5);
    half!.say(clientHello("db.example").slice(0, 20));
    other!.say("EHLO x\r\n");
    await mesh.pass(50);
    expect([mute!.end, half!.end, other!.end]).toEqual([null, null, "failed"]);
    await mesh.pass(10_100);
    expect([mute!.end, half!.end]).toEqual(["failed", "failed"]);
    expect(mesh.records.map(({ reason }) => reason)).toEqual([
      "no-route",
      "client-slow",
      "client-slow",
    ]);
  });

  test.each(["tls", "detect"] as const)("at a port of a service that is %s", async (protocol) => {
    const mesh = new TcpMesh(echo, { protocol });
    const hello = clientHello("any.example");
    const client = mesh.dial();
    await mesh.pass(5);
    client.say(hello);
    await mesh.pass(50);
    client.connection!.end();
    await mesh.pass(50);
    expect(client.heard).toBe(hello);
    const detected = protocol === "tls" ? "" : "client spoke TLS";
    expect(mesh.records).toMatchObject([{ protocol: "tls", authority: "any.example", detected }]);
  });

  test("a TLSRoute on a Service decides for those who speak TLS, and for nobody else", async () => {
    const backend = { service: "default/elsewhere", port: 80 };
    const tlsRoutes: ServiceDoc["ports"][number]["tlsRoutes"] = [
      {
        route: "TLSRoute/default/t",
        name: "0",
        hostnames: ["away.example"],
        backends: [{ backend, weight: 1, filters: [] }],
      },
    ];
    const ports = [
      { name: null, number: 80, protocol: "detect", routes: null, tlsRoutes } as const,
    ];
    const mesh = new TcpMesh(echo, { service: { ports } });
    const [away, none, octets] = [0, 1, 2].map(() => mesh.dial());
    await mesh.pass(5);
    away!.say(clientHello("away.example"));
    none!.say(clientHello("none.example"));
    octets!.say("\x01");
    await mesh.pass(50);
    expect([away!.heard, none!.heard, octets!.heard]).toEqual(["", unrecognizedName, "\x01"]);
    await mesh.pass(4000); // nothing is known of that service
    expect(away!.end).toBe("failed");
    const reasons = mesh.records.map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual(["no-endpoint", "no-route"]);
  });
});

describe.each([true, false])("what is spoken decides, with identities: %s", (hasTls) => {
  const options: TcpMeshOptions = { hasTls };

  test.each(["detect", "http", "http1"] as const)(
    "HTTP/1.1 at a port that is %s",
    async (protocol) => {
      const mesh = new TcpMesh(http, { ...options, protocol });
      const client = mesh.dial();
      await mesh.pass(5);
      client.say(get.slice(0, 1));
      await mesh.pass(5);
      client.say(get.slice(1));
      await mesh.pass(100);
      expect(client.heard).toMatch(/^HTTP\/1\.1 200 /);
      const detected = protocol === "detect" ? "client spoke HTTP/1.1" : "";
      expect(mesh.records).toMatchObject([{ protocol: "http/1.1", detected, status: 200 }]);
      expect(mesh.dbs[0]!.records).toMatchObject([{ protocol: "http/1.1", status: 200 }]);
    },
  );

  test("HTTP/2 by prior knowledge, for a process that speaks HTTP/1.1", async () => {
    const mesh = new TcpMesh(http, { ...options, protocol: "http1" });
    const client = mesh.dial();
    await mesh.pass(5);
    client.say(h2);
    await mesh.pass(150);
    expect(mesh.records).toMatchObject([{ protocol: "h2", status: 200, reason: null }]);
    expect(mesh.dbs[0]!.records).toMatchObject([{ status: 200 }]);
    expect(mesh.servers[0]!.heard).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  });

  test("HTTP/2 where nothing is declared goes on as HTTP/2", async () => {
    const mesh = new TcpMesh(() => {}, options);
    const client = mesh.dial();
    await mesh.pass(5);
    client.say(h2);
    await mesh.pass(150);
    expect(mesh.servers[0]!.heard).toMatch(/^PRI \* HTTP\/2\.0/);
    client.connection!.reset();
    await mesh.pass(50);
    expect(mesh.records).toMatchObject([{ protocol: "h2", detected: "client spoke HTTP/2" }]);
  });

  test("what is declared wins, also while the documents are on their way", async () => {
    const mesh = new TcpMesh(http, { ...options, protocol: "opaque" });
    const documents = mesh.callerDocs;
    mesh.caller.serve([documents[0]!]);
    const client = mesh.dial();
    await mesh.pass(5);
    client.say(get);
    await mesh.pass(500);
    expect(mesh.records).toEqual([]);
    mesh.caller.serve(documents);
    await mesh.pass(50);
    client.connection!.end();
    await mesh.pass(50);
    expect(client.heard).toMatch(/^HTTP\/1\.1 200 /);
    expect(mesh.records).toMatchObject([{ protocol: "tcp", detected: "", reason: null }]);
  });
});

describe("inside of CONNECT to a service it is found out in the same way", () => {
  const dial = async (mesh: TcpMesh) => {
    const client = mesh.dial("forward");
    await mesh.pass(5);
    client.say("CONNECT db:80 HTTP/1.1\r\nHost: db:80\r\n\r\n");
    for (let step = 0; step < 20 && !connected.test(client.heard); step++) await mesh.pass(1);
    expect(client.heard).toMatch(connected);
    return client;
  };
  const inside = (heard: string) => heard.replace(connected, "");

  test("a server that speaks first", async () => {
    const mesh = new TcpMesh(greets);
    const client = await dial(mesh);
    const startMs = mesh.clock.monotonicMs();
    while (inside(client.heard) === "" && mesh.clock.monotonicMs() < startMs + 200)
      await mesh.pass(1);
    expect(inside(client.heard)).toBe("220 mail\r\n");
    expect(mesh.clock.monotonicMs() - startMs).toBeLessThan(60);
    client.say("QUIT\r\n").connection!.end();
    await mesh.pass(50);
    expect(mesh.records).toMatchObject([
      { method: "CONNECT", authority: "db:80", status: 200, frontOrdinal: 1 },
      { protocol: "tcp", detected: "server spoke first", frontOrdinal: 2, requestBytes: 6 },
    ]);
    expect(mesh.caller.workload.connections.size).toBe(0);
  });

  test.each([
    ["HTTP/1.1", http, get, "http/1.1"],
    ["HTTP/2", (() => {}) as Script, h2, "h2"],
    ["TLS", echo, clientHello("db.example"), "tls"],
    ["octets", echo, "\0\x01\x02", "tcp"],
  ] as const)("%s", async (_, script, say, protocol) => {
    const mesh = new TcpMesh(script);
    const client = await dial(mesh);
    client.say(say);
    await mesh.pass(150);
    if (script === echo) expect(inside(client.heard)).toBe(say);
    client.connection!.reset();
    await mesh.pass(50);
    expect(mesh.records).toMatchObject([
      { method: "CONNECT" },
      { protocol, frontOrdinal: 2, service: "default/db" },
    ]);
  });

  test("a request to a port that carries octets is told to use it", async () => {
    const mesh = new TcpMesh(echo, { protocol: "opaque" });
    const client = mesh.dial("forward");
    await mesh.pass(5);
    client.say("GET http://db/1 HTTP/1.1\r\nHost: db\r\n\r\n");
    await mesh.pass(50);
    expect(client.heard).toMatch(/^HTTP\/1\.1 501 [\s\S]*by CONNECT/);
    expect(mesh.records).toMatchObject([{ reason: "unsupported", service: "default/db" }]);
  });

  test("octets right behind the head of CONNECT are the tunnel's", async () => {
    const mesh = new TcpMesh(echo);
    const client = mesh.dial("forward");
    await mesh.pass(5);
    client.say("CONNECT db:80 HTTP/1.1\r\nHost: db:80\r\n\r\n\0early");
    await mesh.pass(50);
    expect(inside(client.heard)).toBe("\0early");
  });
});

test("a port that is gone from its service is no place to dial", async () => {
  const mesh = new TcpMesh(greets);
  const [proxy, , endpoints] = mesh.callerDocs;
  mesh.caller.serve([proxy!, serviceDoc("db", { ports: [] }), endpoints ?? endpointsDoc("db", [])]);
  const [mute, asks] = [mesh.dial(), mesh.dial()];
  await mesh.pass(5);
  asks.say(get);
  await mesh.pass(2200);
  expect(asks.heard).toMatch(/^HTTP\/1\.1 404 /);
  expect([mute.heard, mute.end]).toEqual(["", "closed"]);
  expect(mesh.servers).toHaveLength(0);
});
