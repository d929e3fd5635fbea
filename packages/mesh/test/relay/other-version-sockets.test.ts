import { createServer, type Server } from "node:http";
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { tcp } from "@heddle/mesh/model/address.ts";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { proxyDoc } from "../support/documents.ts";
import { type ProxyRig, startProxy } from "./mesh-rig.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The proxy beside a process whose port says nothing; where it listens. */
async function beside(server: Server | Http2Server): Promise<{ proxy: ProxyRig; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  const target = tcp("127.0.0.1", (server.address() as AddressInfo).port);
  const proxy = await startProxy(null);
  const listener = { name: "in", address: tcp("127.0.0.1", 0) };
  const ports = [{ service: "default/kvs", port: 80, protocol: "detect", target }] as const;
  const addresses = await proxy.serve([proxyDoc("u", { inbound: { listener, ports } })]);
  open.push(() => proxy.workload.close());
  const address = addresses.get("in")!;
  if (address.kind !== "tcp") throw new Error("it listens elsewhere");
  return { proxy, port: address.port };
}

function dial(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  open.push(() => session.destroy());
  return session;
}

const headOf = (stream: ReturnType<ClientHttp2Session["request"]>) =>
  new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });

describe("a process that declares nothing, over real sockets", () => {
  test("speaks HTTP/1.1 by node:http, and is asked in HTTP/2", async () => {
    const { proxy, port } = await beside(
      createServer(async (request, response) => {
        response.end(`${request.httpVersion} ${await text(request)}`);
      }),
    );
    const session = dial(port);
    for (const body of ["one", "two"]) {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      stream.end(body);
      expect((await headOf(stream))[":status"]).toBe(200);
      expect(await text(stream)).toBe(`1.1 ${body}`);
    }
    expect(proxy.records.map(({ attempts }) => attempts)).toEqual([2, 1]);
  });

  test("speaks HTTP/2 by node:http2, and is asked in HTTP/1.1", async () => {
    const { proxy, port } = await beside(
      createHttp2Server(async (request, response) => {
        response.end(`${request.httpVersion} ${await text(request)}`);
      }),
    );
    for (const body of ["one", "two"]) {
      const reply = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
      expect([reply.status, await reply.text()]).toEqual([200, `2.0 ${body}`]);
    }
    expect(proxy.records.map(({ attempts }) => attempts)).toEqual([2, 1]);
  });

  test("speaks WebSocket by ws, and is asked over HTTP/2 (RFC 8441)", async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (peer) => peer.on("message", (data) => peer.send(`${data}!`)));
    const { port } = await beside(server);
    const session = dial(port);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/",
      "sec-websocket-version": "13",
    });
    expect((await headOf(stream))[":status"]).toBe(200);
    stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])); // "hi", masked with zeros
    const frame = await new Promise<Buffer>((resolve) => stream.once("data", resolve));
    expect(frame.subarray(2).toString()).toBe("hi!");
    stream.destroy();
  });
});
