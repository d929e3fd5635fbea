import { createSecureServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { PortProtocol } from "@heddle/mesh/model/document.ts";
import type { BackendTlsDoc } from "@heddle/mesh/model/policy.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestAuthority } from "../net/certificates.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { get, type ProxyRig, RawClient, startApp, startProxy } from "./mesh-rig.ts";

const free = tcp("127.0.0.1", 0);
const uri = "spiffe://elsewhere/kvs,1"; // with a comma, which Node writes in quotes
const servers: Server[] = [];
let authority: TestAuthority;
let certificate: Awaited<ReturnType<TestAuthority["issueServer"]>>;
let kvs: ProxyRig;

beforeAll(async () => {
  authority = await TestAuthority.make();
  certificate = await authority.issueServer("kvs.internal", "*.wild.internal", uri);
  kvs = await startProxy(null);
});

afterAll(() => {
  kvs.workload.close();
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<Address> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return tcp("127.0.0.1", (server.address() as AddressInfo).port);
}

const options = () => ({ key: certificate.keyPem, cert: certificate.chainPem });

/** A process that answers with the version and server name that it was asked in. */
function process(speaks: "http/1.1" | "h2" | "both"): Promise<Address> {
  const answer = (request: IncomingLike, reply: ReplyLike) =>
    reply.end(`${request.httpVersion} ${request.socket.servername ?? "?"}`);
  if (speaks === "http/1.1") return listen(createHttpsServer(options(), answer as never));
  const allowHTTP1 = speaks === "both";
  return listen(createHttp2Server({ ...options(), allowHTTP1 }, answer as never));
}

interface IncomingLike {
  readonly httpVersion: string;
  readonly socket: { readonly servername?: string };
}
interface ReplyLike {
  end(text: string): void;
}

const tlsDoc = (changes: Partial<BackendTlsDoc> = {}): BackendTlsDoc => ({
  serverName: "kvs.internal",
  ca: certificate.bundlePem,
  names: ["kvs.internal"],
  fails: null,
  ...changes,
});

/** Where the proxy takes what is for the process; one call at a time. */
async function serve(
  target: Address,
  tls: BackendTlsDoc,
  protocol: PortProtocol = "http",
): Promise<Address> {
  const addresses = await kvs.serve([
    proxyDoc("kvs-uid", {
      inbound: {
        listener: { name: "in", address: free },
        ports: [{ service: "default/kvs", port: 80, protocol, target, tls }],
      },
    }),
  ]);
  return addresses.get("in")!;
}

test("a process that speaks TLS is asked by the name that its policy has", async () => {
  const inbound = await serve(await process("http/1.1"), tlsDoc());
  expect(await get(inbound)).toMatch(/^HTTP\/1\.1 200 [\s\S]*1\.1 kvs\.internal/);
});

describe("of a process's certificate", () => {
  test.each([
    ["a DNS name", ["kvs.internal"]],
    ["a wildcard", ["a.wild.internal"]],
    ["a URI", [uri]],
    ["any of several", ["other.internal", uri]],
  ])("%s is believed", async (_, names) => {
    const inbound = await serve(await process("http/1.1"), tlsDoc({ names }));
    expect(await get(inbound)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ["another name", { names: ["other.internal"] }],
    ["a name below a wildcard's", { names: ["a.b.wild.internal"] }],
    ["another URI", { names: ["spiffe://elsewhere/kvs"] }],
    ["an authority that nobody here knows", { ca: null }],
  ])("%s is not: 502, and nothing is sent", async (_, changes) => {
    const inbound = await serve(await process("http/1.1"), tlsDoc(changes));
    const reply = await get(inbound);
    expect(reply).toMatch(/^HTTP\/1\.1 502 [\s\S]*x-heddle-reason: identity-mismatch/);
    expect(kvs.records.at(-1)).toMatchObject({ reason: "identity-mismatch", origin: "proxy" });
  });
});

test("a policy that cannot be acted on: 500, and its process is not asked", async () => {
  const inbound = await serve(await process("http/1.1"), tlsDoc({ fails: "no ConfigMap" }));
  expect(await get(inbound)).toMatch(/^HTTP\/1\.1 500 [\s\S]*invalid-backend: no ConfigMap/);
});

test("a process that speaks no TLS: 502", async () => {
  const plain = await startApp((_, reply) => reply.end("?"));
  servers.push(plain.server);
  const inbound = await serve(plain.address, tlsDoc());
  expect(await get(inbound)).toMatch(/^HTTP\/1\.1 502 /);
});

describe("versions of HTTP", () => {
  test("a process of HTTP/2 alone is asked in it, whatever its port says of it", async () => {
    const h2 = await process("h2");
    expect(await get(await serve(h2, tlsDoc(), "h2c"))).toMatch(/2\.0 kvs\.internal/);
    expect(await get(await serve(await process("h2"), tlsDoc(), "http"))).toMatch(/2\.0 kvs/);
  });

  test("one of both is asked in its caller's", async () => {
    expect(await get(await serve(await process("both"), tlsDoc()))).toMatch(/1\.1 kvs\.internal/);
  });
});

test("connections made before the policy carry nothing new", async () => {
  const target = await process("http/1.1");
  const good = await serve(target, tlsDoc());
  expect(await get(good)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await get(await serve(target, tlsDoc({ names: ["other.internal"] })))).toMatch(
    /^HTTP\/1\.1 502 /,
  );
  expect(await get(await serve(target, tlsDoc()))).toMatch(/^HTTP\/1\.1 200 /);
});

test("octets go through TLS, too", async () => {
  const echo = createTlsServer(options(), (socket) => socket.pipe(socket).on("error", () => {}));
  const inbound = await serve(await listen(echo), tlsDoc(), "opaque");
  const client = new RawClient(inbound).say("hello");
  expect(await client.hear(/hello/)).toBe("hello");
  client.socket.destroy();
});

test("between proxies it is mTLS all the same", async () => {
  const own = await startProxy(await authority.issue("kvs"));
  const caller = await startProxy(await authority.issue("caller"));
  const workload = (name: string, rig: ProxyRig) => ({
    uid: `${name}-uid`,
    name: `${name}-0`,
    namespace: "default",
    identity: rig.credentials!.spiffeId,
  });
  const target = await process("http/1.1");
  const inbound = await own.serve([
    proxyDoc("kvs-uid", {
      workload: workload("kvs", own),
      inbound: {
        listener: { name: "in", address: free },
        ports: [{ service: "default/kvs", port: 80, protocol: "http", target, tls: tlsDoc() }],
      },
    }),
  ]);
  const out = await caller.serve([
    proxyDoc("caller-uid", {
      workload: workload("caller", caller),
      outbound: [{ listener: { name: "out", address: free }, service: "default/kvs", port: 80 }],
    }),
    serviceDoc("kvs"),
    endpointsDoc("kvs", [], {
      endpoints: [
        {
          uid: "kvs-uid",
          workload: "kvs-0",
          address: inbound.get("in")!,
          identity: own.credentials!.spiffeId,
          state: { phase: "ready" },
        },
      ],
    }),
  ]);
  expect(await get(out.get("out")!)).toMatch(/^HTTP\/1\.1 200 [\s\S]*1\.1 kvs\.internal/);
  expect(own.records.at(-1)).toMatchObject({ direction: "inbound", status: 200, tls: true });
  own.workload.close();
  caller.workload.close();
});
