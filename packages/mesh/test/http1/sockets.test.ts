import { createHash } from "node:crypto";
import { createServer, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { RequestHandler } from "@heddle/mesh/net/codec.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { expect, test } from "vitest";
import { TinyRelay } from "../support/tiny-relay.ts";

/** A relay on real sockets: one upstream connection per downstream connection. */
async function openProxy(upstream: Address) {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const context = new Http1Context({ clock });
  const listening = await transport.listen({ at: tcp("127.0.0.1", 0), tls: null }, (connection) => {
    let handler: RequestHandler | null = null;
    const waiting: (() => void)[] = [];
    const client = new Http1Client(context, {
      onOpen: () => {
        handler = new TinyRelay(client);
        for (const resume of waiting) resume();
      },
      onExchangeEnd() {},
      onClose: () => connection.reset(),
    });
    client.attach(transport.dial({ address: upstream, tls: null }, client));
    const server = new Http1Server(context, connection, {
      onRequest: (stream, head, length) => handler!.onRequest(stream, head, length),
      onBadRequest() {},
      onConnectionClose: () => client.close(),
    });
    // Nothing is read before the upstream connection is open.
    connection.pause();
    waiting.push(() => connection.resume());
    return server;
  });
  return listening;
}

function randomBytes(count: number): Buffer {
  const rng = new SeededRng(7);
  const bytes = Buffer.alloc(count);
  for (let at = 0; at + 4 <= count; at += 4) bytes.writeUInt32LE(rng.next(), at);
  return bytes;
}

const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

test.each([
  ["chunks", false],
  ["a length", true],
])(
  "carries 8 MiB both ways at once through real sockets, framed by %s",
  async (_title, hasLength) => {
    const body = randomBytes(8 * 1024 * 1024);
    const app = createServer((request, response) => {
      if (hasLength) response.setHeader("content-length", String(body.length));
      request.pipe(response);
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const proxy = await openProxy(tcp("127.0.0.1", (app.address() as AddressInfo).port));
    const { address } = proxy;
    if (address.kind !== "tcp") throw new Error("a TCP address");
    const received = await new Promise<Buffer>((resolve, reject) => {
      const headers: Record<string, string> = { connection: "close" };
      if (hasLength) headers["content-length"] = String(body.length);
      const outgoing = sendRequest(
        { host: address.host, port: address.port, method: "POST", path: "/", headers },
        (response) => {
          const pieces: Buffer[] = [];
          response.on("data", (piece: Buffer) => pieces.push(piece));
          response.on("end", () => resolve(Buffer.concat(pieces)));
          response.on("error", reject);
        },
      );
      outgoing.on("error", reject);
      for (let at = 0; at < body.length; at += 1 << 20)
        outgoing.write(body.subarray(at, at + (1 << 20)));
      outgoing.end();
    });
    expect(received.length).toBe(body.length);
    expect(digest(received)).toBe(digest(body));
    await proxy.close();
    app.closeAllConnections();
    await new Promise((resolve) => app.close(resolve));
  },
);
