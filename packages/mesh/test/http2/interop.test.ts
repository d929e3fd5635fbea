import { createHash } from "node:crypto";
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { Address } from "@heddle/mesh/model/address.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { Listening, TlsDialOptions, TlsListenOptions } from "@heddle/mesh/net/transport.ts";
import { expect, onTestFinished, test } from "vitest";
import { believe, TestAuthority } from "../net/certificates.ts";
import { TinyRelay } from "../support/tiny-relay.ts";

const sessionOptions = { maxSessionMemory: 1000 };

/** What a server of node:http2 does with each path. */
function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.on("error", () => {}); // reset, on purpose
  switch (headers[":path"]) {
    case "/echo":
      stream.respond({ ":status": 200, "x-method": headers[":method"] }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
      stream.pipe(stream);
      return;
    case "/early":
      stream.respond({ ":status": 413 });
      stream.end("too large");
      return;
    case "/refused":
      stream.close(7);
      return;
    case "/hints":
      stream.additionalHeaders({ ":status": 103, link: "</a>" });
      stream.respond({ ":status": 204 }, { endStream: true });
      return;
    default:
      stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"] });
      stream.end(`${headers.cookie ?? ""} ${headers["x-large"]?.length ?? ""}`);
  }
}

interface Rig {
  readonly session: ClientHttp2Session;
  readonly client: Http2Client;
}

/** node:http2 ─▶ our server ─▶ our client ─▶ node:http2, plain by prior knowledge or with TLS by ALPN on all hops. */
async function open(secured: boolean): Promise<Rig> {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const context = new Http2Context({ clock });
  const tls = secured ? await openTls() : null;
  const app =
    tls === null
      ? createServer(sessionOptions)
      : createSecureServer({ ...sessionOptions, ...tls.node });
  app.on("stream", serve);
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  const upstream = tcp("127.0.0.1", (app.address() as AddressInfo).port);
  const client = await new Promise<Http2Client>((resolve, reject) => {
    const dialled = new Http2Client(context, {
      onOpen: resolve,
      onExchangeEnd() {},
      onCapacity() {},
      onClose: (_client, failure) => reject(new Error(failure?.detail ?? "closed")),
    });
    dialled.attach(transport.dial({ address: upstream, tls: tls?.dial ?? null }, dialled));
  });
  const listening = await transport.listen(
    { at: tcp("127.0.0.1", 0), tls: tls?.listen ?? null },
    (connection) => {
      if (tls !== null) expect(connection.peer?.alpn).toBe("h2");
      return new Http2Server(context, connection, new TinyRelay(client));
    },
  );
  const session = connect(urlOf(listening.address, secured), {
    ...sessionOptions,
    ...tls?.node,
    ...tls?.name,
  });
  session.on("error", () => {});
  onTestFinished(() => end(session, client, listening, app));
  return { session, client };
}

async function end(
  session: ClientHttp2Session,
  client: Http2Client,
  listening: Listening,
  app: { close(): unknown },
): Promise<void> {
  session.destroy();
  client.connection.reset();
  await listening.close();
  app.close();
}

function urlOf(address: Address, secured: boolean): string {
  if (address.kind !== "tcp") throw new Error("a TCP address");
  return `${secured ? "https" : "http"}://127.0.0.1:${address.port}`;
}

async function openTls() {
  const authority = await TestAuthority.make();
  const credentials = await authority.issue("kvs");
  const { keyPem: key, chainPem: cert, bundlePem: ca } = credentials;
  const verify = believe;
  const dial: TlsDialOptions = { credentials, serverName: "kvs.test", alpn: ["h2"], verify };
  const listen: TlsListenOptions = {
    credentials: () => credentials,
    selectAlpn: (_name, offered) => (offered.includes("h2") ? "h2" : null),
    verify,
  };
  const node = {
    key,
    cert,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ["h2"],
  };
  return {
    dial,
    listen,
    node,
    name: { servername: "kvs.test", checkServerIdentity: () => undefined },
  };
}

interface Answer {
  headers: IncomingHttpHeaders;
  interim: IncomingHttpHeaders | null;
  trailers: IncomingHttpHeaders | null;
  body: Buffer;
}

function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Buffer | null,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === null });
    const pieces: Buffer[] = [];
    const answer: Answer = { headers: {}, interim: null, trailers: null, body: Buffer.alloc(0) };
    stream.on("headers", (interim) => void (answer.interim = interim));
    stream.on("response", (head) => void (answer.headers = head));
    stream.on("trailers", (trailers) => void (answer.trailers = trailers));
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("end", () => resolve({ ...answer, body: Buffer.concat(pieces) }));
    stream.on("error", reject);
    if (body !== null) stream.end(body);
  });
}

const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

function randomBytes(count: number, seed: number): Buffer {
  const bytes = Buffer.alloc(count);
  let state = seed * 2 + 1;
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

test.each([
  ["prior knowledge", false],
  ["ALPN", true],
])(
  "with node:http2 on both sides, by %s: sixty bodies at a time, both ways",
  async (_title, secured) => {
    const { session, client } = await open(secured);
    const bodies = Array.from({ length: 60 }, (_, index) => randomBytes(index * 5000, index));
    const answers = await Promise.all(
      bodies.map((body) => ask(session, { ":method": "POST", ":path": "/echo" }, body)),
    );
    answers.forEach(({ headers, trailers, body }, index) => {
      expect(headers[":status"]).toBe(200);
      expect(headers["x-method"]).toBe("POST");
      expect(trailers?.["x-sum"]).toBe("1");
      expect(digest(body)).toBe(digest(bodies[index]!));
    });
    expect(client.exchanges).toBe(60);
  },
);

test("8 MiB go through and come back as they were", async () => {
  const { session } = await open(false);
  const body = randomBytes(8 * 1024 * 1024, 5);
  const answer = await ask(session, { ":method": "POST", ":path": "/echo" }, body);
  expect(digest(answer.body)).toBe(digest(body));
});

test("interim replies, no body, several fields of a name, cookie crumbs, heads of many frames", async () => {
  const { session } = await open(false);
  const hints = await ask(session, { ":path": "/hints" }, null);
  expect(hints.interim?.[":status"]).toBe(103);
  expect(hints.headers[":status"]).toBe(204);
  const large = "x".repeat(40_000);
  const answer = await ask(
    session,
    { ":path": "/", cookie: ["a=1", "b=2"] as never, "x-large": large },
    null,
  );
  expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(answer.body.toString()).toBe("a=1; b=2 40000");
});

test("an early answer arrives whole though the request had not ended", async () => {
  const { session } = await open(false);
  const answer = await ask(
    session,
    { ":method": "POST", ":path": "/early" },
    randomBytes(3_000_000, 1),
  );
  expect(answer.headers[":status"]).toBe(413);
  expect(answer.body.toString()).toBe("too large");
});

test("a stream that is refused, and one that is given up, leave the others alone", async () => {
  const { session, client } = await open(false);
  const refused = await ask(session, { ":path": "/refused" }, null);
  expect(refused.body.toString()).toContain("refused-stream");
  const given = session.request({ ":method": "POST", ":path": "/echo" });
  given.write("some");
  await new Promise((resolve) => given.once("data", resolve));
  const closed = new Promise((resolve) => given.once("close", resolve));
  given.close(8);
  await closed;
  const answer = await ask(session, { ":method": "POST", ":path": "/echo" }, Buffer.from("still"));
  expect(answer.body.toString()).toBe("still");
  expect(client.active).toBe(0);
});
