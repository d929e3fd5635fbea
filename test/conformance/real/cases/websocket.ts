import { connect as connectHttp2 } from "node:http2";
import WebSocket from "ws";
import { equal } from "../equal.ts";
import type { RealCase } from "../real-case.ts";
import type { RealMesh } from "../real-mesh.ts";

export const webSocketCases: readonly RealCase[] = [
  {
    name: "ws: text, 1 MB, pieces, ping, and the code of its end",
    async run(mesh) {
      const socket = new WebSocket(`ws://127.0.0.1:${mesh.portOf("web")}/`);
      await once(socket, "open");
      const inbox: Buffer[] = [];
      let wake: () => void = () => {};
      socket.on("message", (data: Buffer) => {
        inbox.push(data);
        wake();
      });
      const next = async (): Promise<Buffer> => {
        if (inbox.length === 0) await soon(new Promise<void>((resolve) => (wake = resolve)));
        return inbox.shift()!;
      };
      socket.send("grüß");
      equal(String(await next()), "grüß", "text");
      const large = Buffer.alloc(1 << 20, "0123456789");
      socket.send(large);
      equal((await next()).equals(large), true, "1 MB and back");
      socket.send("a", { fin: false });
      socket.send("b", { fin: true });
      equal(String(await next()), "ab", "pieces");
      const pong = soon(new Promise<Buffer>((resolve) => socket.once("pong", resolve)));
      socket.ping("p");
      equal(String(await pong), "p", "pong");
      const closed = soon(new Promise<number>((resolve) => socket.once("close", resolve)));
      socket.close(4001, "done");
      equal(await closed, 4001, "code of the end");
    },
  },
  {
    name: "WebSocket over HTTP/2 (RFC 8441) to a process declared HTTP/1.1",
    run: (mesh) => overHttp2(mesh, "web1"),
  },
  {
    name: "WebSocket over HTTP/2 to an undeclared HTTP/1.1 process",
    run: (mesh) => overHttp2(mesh, "web"),
  },
];

async function overHttp2(mesh: RealMesh, service: string): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${mesh.portOf(service)}`);
  session.on("error", () => {});
  try {
    await soon(new Promise<void>((resolve) => session.once("remoteSettings", () => resolve())));
    equal(session.remoteSettings.enableConnectProtocol, true, "ENABLE_CONNECT_PROTOCOL");
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/",
      "sec-websocket-version": "13",
    });
    stream.on("error", () => {});
    const status = await soon(
      new Promise<number>((resolve, reject) => {
        stream.once("response", (head) => resolve(head[":status"] ?? 0));
        stream.once("close", () => reject(new Error(`reset with ${stream.rstCode}`)));
      }),
    );
    equal(status, 200, "status");
    const reply = soon(new Promise<Buffer>((resolve) => stream.once("data", resolve)));
    stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])); // "hi", masked with zeros
    equal((await reply).toString("hex"), "81026869", "the frame that came back");
  } finally {
    session.destroy();
  }
}

function once(socket: WebSocket, event: string): Promise<void> {
  return soon(
    new Promise<void>((resolve, reject) => {
      socket.once(event, () => resolve());
      socket.once("error", reject);
    }),
  );
}

/** The promise, or an error after 10 s. */
function soon<T>(promise: Promise<T>): Promise<T> {
  let late: NodeJS.Timeout;
  const bound = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error("nothing for 10 s")), 10_000);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(late));
}
