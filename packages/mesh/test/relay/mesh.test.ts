import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type {
  Document,
  EndpointDoc,
  PlacementDoc,
  ProxyDoc,
  SlotsDoc,
} from "@heddle/mesh/model/document.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestAuthority } from "../net/certificates.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { type App, get, type ProxyRig, RawClient, startApp, startProxy } from "./mesh-rig.ts";

const free = tcp("127.0.0.1", 0);
const placement: PlacementDoc = {
  name: "by-key",
  key: { from: { kind: "path-segment", index: 1 }, type: "integer" },
  slots: 2,
  whenAway: "wait",
};
/** All slots are `uid`'s. */
const slotsOf = (uid: string): SlotsDoc => ({
  assignmentEpoch: 1,
  owners: [uid],
  assignment: [0, 0],
});

/** caller's application → caller's proxy ═ mTLS ═ kvs's proxy → kvs */
describe("two proxies with mutual TLS", () => {
  let app: App;
  let caller: ProxyRig;
  let kvs: ProxyRig;
  let out: Address;
  let forward: Address;
  let inbound: Address;
  let endpoint: EndpointDoc;
  let callerDoc: ProxyDoc;
  let kvsDoc: ProxyDoc;
  const documents = (changes: Partial<EndpointDoc> = {}, slots: SlotsDoc | null = null) => [
    serviceDoc("kvs", slots === null ? {} : { placement }),
    endpointsDoc("kvs", [], { endpoints: [{ ...endpoint, ...changes }], slots }),
  ];

  beforeAll(async () => {
    const authority = await TestAuthority.make();
    app = await startApp((request, response, body) => {
      if (request.url === "/forge") response.setHeader("x-heddle-reason", "connect-refused");
      response.statusCode = request.url === "/forge" ? 502 : 200;
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body,
        }),
      );
    });
    kvs = await startProxy(await authority.issue("kvs"));
    caller = await startProxy(await authority.issue("caller"));
    kvsDoc = proxyDoc("kvs-uid", {
      workload: {
        uid: "kvs-uid",
        name: "kvs-0",
        namespace: "default",
        identity: kvs.credentials!.spiffeId,
      },
      inbound: {
        listener: { name: "in", address: free },
        ports: [{ service: "default/kvs", port: 80, protocol: "http", target: app.address }],
      },
    });
    inbound = (await kvs.serve([kvsDoc])).get("in")!;
    endpoint = {
      uid: "kvs-uid",
      workload: "kvs-0",
      address: inbound,
      identity: kvs.credentials!.spiffeId,
      state: { phase: "ready" },
    };
    callerDoc = proxyDoc("caller-uid", {
      workload: {
        uid: "caller-uid",
        name: "caller-0",
        namespace: "default",
        identity: caller.credentials!.spiffeId,
      },
      outbound: [
        { listener: { name: "out", address: free }, service: "default/kvs", port: 80 },
        { listener: { name: "other", address: free }, service: "default/other", port: 80 },
      ],
      forwardProxy: { name: "forward", address: free },
    });
    const addresses = await caller.serve([callerDoc, ...documents()]);
    out = addresses.get("out")!;
    forward = addresses.get("forward")!;
  });

  afterAll(() => {
    app.close();
    caller.workload.close();
    kvs.workload.close();
  });

  const seen = (reply: string) => JSON.parse(reply.slice(reply.indexOf("\r\n\r\n") + 4));
  const lastOf = ({ records }: ProxyRig) => records.at(-1)!;

  test("carry a request, say who asked, and record it once on each side", async () => {
    const local = out.kind === "tcp" ? `${out.host}:${out.port}` : "";
    const client = new RawClient(out).say(
      `PUT /7?a=b HTTP/1.1\r\nHost: ${local}\r\nX-Heddle-Client-Id: forged\r\n` +
        "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    const reply = await client.end();
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(seen(reply)).toMatchObject({
      method: "PUT",
      url: "/7?a=b",
      body: "abc",
      headers: { host: "kvs", "x-heddle-client-id": caller.credentials!.spiffeId },
    });
    expect(reply).not.toContain("x-heddle-workload");
    expect(lastOf(caller)).toMatchObject({
      direction: "outbound",
      service: "default/kvs",
      endpointName: "kvs-0",
      destinationId: kvs.credentials!.spiffeId,
      tls: true,
      status: 200,
      requestBytes: 3,
    });
    expect(lastOf(kvs)).toMatchObject({
      direction: "inbound",
      service: "default/kvs",
      sourceId: caller.credentials!.spiffeId,
      sourceName: "caller-0",
      tls: true,
      status: 200,
      reason: null,
    });
  });

  test("what a peer calls itself is recorded where it may be the name of a workload", async () => {
    for (const [name, recorded] of [
      ["x".repeat(253), "x".repeat(253)],
      ["x".repeat(254), null],
      ["\u009b31mred", null],
    ] as const) {
      const peer = await startProxy(caller.credentials!);
      const doc = { ...callerDoc, workload: { ...callerDoc.workload, name } };
      await get((await peer.serve([doc, ...documents()])).get("out")!);
      expect(lastOf(kvs)).toMatchObject({ sourceName: recorded, status: 200 });
      peer.workload.close();
    }
  });

  test("an authority of the client's own choice stays", async () => {
    expect(seen(await get(out)).headers.host).toBe("x");
  });

  test("an application cannot say what only a proxy may", async () => {
    const before = caller.records.length;
    const reply = await get(out, "/forge");
    expect(reply).toMatch(/^HTTP\/1\.1 502 /);
    expect(reply).not.toContain("x-heddle-reason");
    expect(caller.records.slice(before)).toMatchObject([{ origin: "app", attempts: 1 }]);
  });

  test("keep one connection for requests one after the other", async () => {
    const client = new RawClient(out);
    for (let round = 1; round <= 3; round++) {
      client.say("GET /a HTTP/1.1\r\nHost: kvs\r\n\r\n");
      await client.hear(new RegExp(`(?:HTTP/1.1 200[\\s\\S]*){${round}}}$`));
    }
    client.socket.destroy();
    const inboundConnections = [...kvs.workload.connections.all()].length;
    expect(inboundConnections).toBe(1);
  });

  test("name a message alike, also on a connection made after another", async () => {
    const [sentBefore, receivedBefore] = [caller.records.length, kvs.records.length];
    await get(out, "/1");
    caller.workload.onNewGeneration(); // idle connections close
    await get(out, "/2");
    const sent = caller.records.slice(sentBefore);
    const received = kvs.records.slice(receivedBefore);
    expect(sent.map(({ connection, ordinal }) => [connection, ordinal])).toEqual(
      received.map(({ frontConnection, frontOrdinal }) => [frontConnection, frontOrdinal]),
    );
    expect(new Set(sent.map(({ connection }) => connection)).size).toBe(2);
    expect(sent[1]!.connection).toMatch(/^[0-9a-f]{32}$/);
    expect(sent[1]).toMatchObject({
      destinationAddress: received[1]!.ownAddress,
      localAddress: received[1]!.sourceAddress,
    });
  });

  test("answers of our own name their reason", async () => {
    await caller.serve([callerDoc, ...documents(), serviceDoc("other", { ports: [] })]);
    const other = caller.workload.listeners.addresses().get("other")!;
    expect(await get(other)).toMatch(/404 Not Found\r\n[\s\S]*x-heddle-reason: no-route/);
    expect(lastOf(caller)).toMatchObject({ reason: "no-route", origin: "proxy" });
  });

  test("an upgrade is carried from end to end, with both its ends; one that a server may ignore is not", async () => {
    const echo = (_: IncomingMessage, socket: Duplex) => {
      socket.write("HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.pipe(socket);
    };
    app.server.on("upgrade", echo);
    const client = new RawClient(out).say(
      "GET /7 HTTP/1.1\r\nHost: kvs\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    );
    await client.hear(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
    client.say("GET / HTTP/1.1\r\n\r\n");
    client.socket.end("x".repeat(300_000));
    expect((await client.end()).length).toBeGreaterThan(300_000);
    const tunnel = { status: 101, reason: null, requestBytes: 300_018, replyBytes: 300_018 };
    expect(lastOf(caller)).toMatchObject({ ...tunnel, protocol: "http/1.1", attempts: 1 });
    await expect.poll(() => lastOf(kvs)).toMatchObject(tunnel);
    const ignorable = "Connection: Upgrade\r\nUpgrade: h2c\r\n";
    app.server.off("upgrade", echo);
    expect(await get(out, "/", ignorable)).toMatch(/^HTTP\/1\.1 200/);
  });

  test("a service whose documents are not here yet is asked for, and waited for", async () => {
    await caller.serve([callerDoc, ...documents()]);
    const other = caller.workload.listeners.addresses().get("other")!;
    const reply = get(other, "/later");
    const client = new RawClient(other); // a second one that waits in vain must not disturb it
    await expect.poll(() => caller.wanted).toEqual(["default/other"]);
    const plain = await startApp((_, response) => response.end("late"));
    const other0 = { ...endpoint, uid: "o", address: plain.address, identity: null };
    await caller.serve([
      callerDoc,
      ...documents(),
      serviceDoc("other"),
      endpointsDoc("other", [], { endpoints: [other0] }),
    ]);
    expect(await reply).toContain("late");
    client.socket.destroy();
    plain.close();
  });

  test("a refused document answers unsupported, and the rest goes on", async () => {
    const [service, endpoints] = documents() as [Document, Document];
    const snapshot = new Map([
      ["proxy", callerDoc as Document],
      ["service/default/kvs", service],
      ["endpoints/default/kvs", endpoints],
    ]);
    caller.workload.apply(
      { epoch: "test", revision: 900, endpointsVersion: 1, documents: snapshot },
      [{ document: "service/default/kvs", errors: ["ports[0].number: expected a port"] }],
    );
    expect(await get(out)).toMatch(/501 [\s\S]*unsupported: ports\[0\]\.number/);
    await caller.serve([callerDoc, ...documents()]);
    expect(await get(out)).toMatch(/^HTTP\/1\.1 200/);
  });

  describe("HTTP_PROXY", () => {
    test.each(["kvs", "kvs.default", "kvs.default.svc", "KVS.default.svc.cluster.local:80"])(
      "http://%s is the service",
      async (authority) => {
        const client = new RawClient(forward).say(
          `GET http://${authority}/9 HTTP/1.1\r\nHost: ignored\r\nConnection: close\r\n\r\n`,
        );
        const reply = await client.end();
        expect(seen(reply)).toMatchObject({ url: "/9", headers: { host: authority } });
        expect(lastOf(caller)).toMatchObject({ direction: "outbound", service: "default/kvs" });
      },
    );

    test("CONNECT to a service carries HTTP/1.1 through the relay, connection kept", async () => {
      const client = new RawClient(forward).say("CONNECT kvs:80 HTTP/1.1\r\nHost: kvs:80\r\n\r\n");
      expect(await client.hear(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 /);
      client.say("GET /1 HTTP/1.1\r\nHost: kvs\r\n\r\n");
      await client.hear(/"url":"\/1"/);
      client.say("GET /2 HTTP/1.1\r\nHost: kvs\r\nConnection: close\r\n\r\n");
      expect(await client.end()).toContain('"url":"/2"');
      expect(lastOf(caller)).toMatchObject({ service: "default/kvs", path: "/2", tls: true });
    });

    test("CONNECT with bytes sent in hope of the tunnel works too", async () => {
      const client = new RawClient(forward).say(
        "CONNECT kvs:80 HTTP/1.1\r\nHost: kvs:80\r\n\r\n" +
          "GET /eager HTTP/1.1\r\nHost: kvs\r\nConnection: close\r\n\r\n",
      );
      expect(await client.end()).toContain('"url":"/eager"');
    });

    test.each([
      ["TLS", "\x16\x03\x01\x02\x00"],
      ["anything else", "\0\0\0\x10"],
    ])("%s inside a tunnel to a port declared as HTTP is a bad request", async (_, bytes) => {
      const client = new RawClient(forward).say("CONNECT kvs:80 HTTP/1.1\r\nHost: kvs:80\r\n\r\n");
      await client.hear(/\r\n\r\n/);
      expect(await client.say(bytes).end()).toContain("HTTP/1.1 400 ");
      expect(caller.records.slice(-2)).toMatchObject([
        { method: "CONNECT", status: 200, service: "default/kvs", reason: null },
        { reason: "bad-request", service: "default/kvs" },
      ]);
    });

    test("a place outside the mesh is egress, forwarded and recorded", async () => {
      const client = new RawClient(forward).say(
        `GET http://localhost:${app.port}/out HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect(seen(await client.end()).headers.host).toBe(`localhost:${app.port}`);
      expect(lastOf(caller)).toMatchObject({ direction: "egress", status: 200, service: "" });
    });

    test("CONNECT to a place outside is a tunnel of octets", async () => {
      const client = new RawClient(forward).say(
        `CONNECT 127.0.0.1:${app.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      await client.hear(/\r\n\r\n/);
      client.say("GET /tunnelled HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n");
      expect(await client.end()).toContain('"url":"/tunnelled"');
      await expect
        .poll(() => lastOf(caller))
        .toMatchObject({
          direction: "egress",
          method: "CONNECT",
          status: 200,
          requestBytes: 55,
        });
    });

    test.each([
      ["a service", () => "kvs:80"],
      ["a place outside", () => `127.0.0.1:${app.port}`],
    ])("a tunnel to %s that is over is no connection any more", async (_, place) => {
      await expect.poll(() => caller.workload.connections.size).toBe(0);
      const client = new RawClient(forward).say(`CONNECT ${place()} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await client.hear(/\r\n\r\n/);
      await client.say("GET / HTTP/1.1\r\nHost: y\r\n\r\n").hear(/"url"/);
      expect(caller.openConnections()).toBe(1);
      client.socket.destroy();
      await expect.poll(() => caller.workload.connections.size).toBe(0);
      expect(caller.openConnections()).toBe(0);
    });

    test("a port that a service does not have is no route, and recorded as that service's", async () => {
      for (const port of [81, 82, 83]) {
        const client = new RawClient(forward).say(
          `GET http://kvs:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        expect(await client.end()).toMatch(/404 [\s\S]*default\/kvs has no port/);
        expect(lastOf(caller)).toMatchObject({ service: "default/kvs", servicePort: port });
      }
    });

    test("CONNECT to where nobody listens is a 502", async () => {
      const client = new RawClient(forward).say("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n");
      expect(await client.end()).toMatch(/502 [\s\S]*connect-refused/);
    });

    test("a request that names no place is a 400", async () => {
      expect(await get(forward)).toMatch(/^HTTP\/1\.1 400 [\s\S]*this is an HTTP proxy/);
    });
  });

  test("a gateway routes by its own rules, rewrites, and believes nothing a client says of itself", async () => {
    const front = {
      listener: { name: "front", address: free },
      name: "default/front/http",
      routes: {
        matches: [
          {
            rule: 0,
            hostnames: [],
            path: { type: "prefix", value: "/kvs" },
            method: null,
            headers: [],
            query: [],
          },
        ],
        rules: [
          {
            route: "HTTPRoute/default/front",
            name: "0",
            filters: [
              {
                type: "url-rewrite",
                hostname: null,
                path: { replace: "prefix", from: "/kvs", value: "/" },
              },
            ],
            backends: [{ backend: { service: "default/kvs", port: 80 }, weight: 1, filters: [] }],
            requestTimeoutMs: null,
            fails: null,
          },
        ],
      },
    } as const;
    const doc = { ...callerDoc, gateway: [front] };
    const address = (await caller.serve([doc, ...documents()])).get("front")!;
    const lies = [
      "X-Forwarded-For: 6.6.6.6",
      "X-Forwarded-Proto: https",
      "Forwarded: for=6.6.6.6",
      "X-Heddle-Client-Id: spiffe://mesh.test/ns/default/sa/root",
      "X-Forwarded-Client-Cert: By=me",
    ];
    const reply = seen(await get(address, "/kvs/7?x=1", lies.map((lie) => `${lie}\r\n`).join("")));
    expect(reply.url).toBe("/7?x=1");
    expect(reply.headers).toMatchObject({
      host: "x",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-heddle-client-id": caller.credentials!.spiffeId,
    });
    expect(Object.keys(reply.headers)).not.toContain("forwarded");
    expect(Object.keys(reply.headers)).not.toContain("x-forwarded-client-cert");
    expect(await get(address, "/nowhere")).toMatch(/404 [\s\S]*\r\n\r\nno-route\n$/);
    expect(lastOf(caller)).toMatchObject({ direction: "gateway", reason: "no-route" });
    await caller.serve([callerDoc, ...documents()]);
  });

  describe("the receiver", () => {
    test("refuses a name that is not its own, and the caller learns that nothing was done", async () => {
      await caller.serve([callerDoc, ...documents({ uid: "another" })]);
      const client = new RawClient(out).say("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
      await expect
        .poll(() => [...caller.workload.upstream.backends()][0]?.spec.members[0]?.target.awayReason)
        .toBe("misdirected");
      // The control plane puts it right; the request that waited is answered.
      await caller.serve([callerDoc, ...documents()]);
      expect(await client.hear(/\}$/)).toMatch(/^HTTP\/1\.1 200/);
      client.socket.destroy();
    });

    test("is not asked at all if it is somebody else", async () => {
      const identity = caller.credentials!.spiffeId; // not whom the endpoint should be
      await caller.serve([callerDoc, ...documents({ identity })]);
      const client = new RawClient(out).say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await expect
        .poll(() => [...caller.workload.upstream.backends()][0]?.spec.members[0]?.target.awayReason)
        .toBe("identity-mismatch");
      await caller.serve([callerDoc, ...documents()]);
      expect(await client.hear(/\}$/)).toMatch(/^HTTP\/1\.1 200/);
      client.socket.destroy();
    });

    test("refuses keys of slots that are not its own, unread", async () => {
      // The caller believes that kvs-uid owns all slots; the receiver knows that another does.
      await kvs.serve([kvsDoc, ...documents({}, slotsOf("another"))]);
      await caller.serve([callerDoc, ...documents({}, slotsOf("kvs-uid"))]);
      const before = kvs.records.length;
      const reply = get(out, "/0007");
      await expect.poll(() => kvs.records.length).toBeGreaterThan(before);
      expect(lastOf(kvs)).toMatchObject({ reason: "misdirected", origin: "proxy" });
      // It learns better within the caller's wait.
      await kvs.serve([kvsDoc, ...documents({}, slotsOf("kvs-uid"))]);
      expect(await reply).toMatch(/^HTTP\/1\.1 200/);
      expect(lastOf(caller).attempts).toBeGreaterThan(1);
    });

    test("a key whose process is away is answered as soon as it is back", async () => {
      const away = { phase: "away", sinceWallMs: 0, reason: "killed" } as const;
      await caller.serve([callerDoc, ...documents({ state: away }, slotsOf("kvs-uid"))]);
      const reply = get(out, "/7");
      await caller.serve([callerDoc, ...documents({}, slotsOf("kvs-uid"))]);
      expect(await reply).toMatch(/^HTTP\/1\.1 200/);
    });
  });

  test("a change of documents under load loses no request", async () => {
    await kvs.serve([kvsDoc]);
    const clients = Array.from({ length: 8 }, async () => {
      const replies: string[] = [];
      for (let round = 0; round < 40; round++) replies.push(await get(out, `/${round}`));
      return replies;
    });
    let isRunning = true;
    const swaps = (async () => {
      for (let swap = 0; isRunning; swap++) {
        const phase = swap % 3 === 0 ? "draining" : "ready";
        await caller.serve([callerDoc, ...documents({ state: { phase } })]);
        await kvs.serve([{ ...kvsDoc }]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const replies = (await Promise.all(clients)).flat();
    isRunning = false;
    await swaps;
    expect(replies.filter((reply) => !reply.startsWith("HTTP/1.1 200"))).toEqual([]);
  });

  test("a drain finishes what is in flight and then has nothing in flight", async () => {
    const client = new RawClient(out).say("GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.hear(/\}$/);
    client.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    await expect.poll(() => caller.workload.outboundRelay.inFlight).toBe(1);
    const drained = new Promise<void>((resolve) => caller.workload.drainAll(resolve));
    client.say("b");
    expect(await client.end()).toMatch(/connection: close\r\n[\s\S]*"body":"ab"/i);
    await drained;
  });
});
