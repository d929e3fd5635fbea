import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { equal } from "../equal.ts";
import type { RealCase } from "../real-case.ts";
import type { RealMesh } from "../real-mesh.ts";

/** The most that a server's first octet may come later than without a mesh, in ms. */
const laterMsMax = 50;

export const tcpCases: readonly RealCase[] = [
  {
    name: "a client that sends one octet and waits",
    async run(mesh) {
      equal(await talk(mesh.portOf("tcp"), "1", { untilEnd: false }), "one\n", "answer");
    },
  },
  {
    name: "half-close: the client ends its side, and the answer still comes",
    async run(mesh) {
      const text = `=${"x".repeat(99_999)}`;
      equal(await talk(mesh.portOf("tcp"), text, { untilEnd: true }), "100000", "answer");
    },
  },
  {
    name: "4 MB and back, octet by octet",
    async run(mesh) {
      const text = Array.from({ length: 1 << 19 }, (_, at) =>
        (at % 10_000_000).toString().padStart(8, "*"),
      );
      const all = text.join("");
      equal(
        (await talk(mesh.portOf("tcp"), all, { untilEnd: true })) === all,
        true,
        "what came back",
      );
    },
  },
  {
    name: "a server that speaks first",
    async run(mesh) {
      equal((await greeting(mesh.portOf("greeter"))).text, "220 heddle.test ESMTP\r\n", "greeting");
    },
  },
  {
    name: `a server that speaks first, at most ${laterMsMax} ms later than without a mesh`,
    isLong: true, // it looks at a clock
    run: (mesh) => compareGreeting(mesh, "greeter", "220 heddle.test ESMTP\r\n"),
  },
  {
    name: "CONNECT through the forward proxy, anything inside",
    async run(mesh) {
      const { hostname, port } = mesh.httpProxy;
      const text = await new Promise<string>((resolve, reject) => {
        const asking = request({ host: hostname, port, method: "CONNECT", path: "tcp:7000" });
        asking.setTimeout(10_000, () => asking.destroy(new Error("no answer to CONNECT for 10 s")));
        asking.once("error", reject);
        asking.once("connect", (reply, socket) => {
          if (reply.statusCode !== 200) return reject(new Error(`${reply.statusCode} to CONNECT`));
          socket.once("data", (bytes: Buffer) => {
            socket.destroy();
            resolve(String(bytes));
          });
          socket.write("1");
        });
        asking.end();
      });
      equal(text, "one\n", "answer");
    },
  },
  {
    name: "TLS of the process's own, not ended anywhere between",
    async run(mesh) {
      const socket = connectTls({
        port: mesh.portOf("tls"),
        host: "127.0.0.1",
        servername: "own.test",
        rejectUnauthorized: false,
      });
      const text = await readUntil(socket, (got) => got.endsWith("\n"));
      equal(socket.getPeerCertificate().subject?.CN, "own.test", "whose certificate");
      equal(text, "own.test\n", "the name the process was asked for");
      socket.destroy();
    },
  },
  {
    name: `sshd speaks first, at most ${laterMsMax} ms later than without a mesh`,
    server: "ssh",
    isLong: true,
    run: (mesh) => compareGreeting(mesh, "ssh", null),
  },
];

/** The best of five, with a mesh and without; the greeting is the same. */
async function compareGreeting(
  mesh: RealMesh,
  service: string,
  wanted: string | null,
): Promise<void> {
  const direct = await mesh.directPortOf(service);
  const through = mesh.portOf(service);
  const [a, b] = [await greeting(direct), await greeting(through)];
  equal(b.text, wanted ?? a.text, "greeting");
  let [directMs, throughMs] = [a.ms, b.ms];
  for (let round = 0; round < 4; round++) {
    directMs = Math.min(directMs, (await greeting(direct)).ms);
    throughMs = Math.min(throughMs, (await greeting(through)).ms);
  }
  if (throughMs - directMs > laterMsMax)
    throw new Error(`${throughMs.toFixed(1)} ms, ${directMs.toFixed(1)} ms without a mesh`);
}

async function greeting(port: number): Promise<{ readonly text: string; readonly ms: number }> {
  const startMs = performance.now();
  const socket = connect({ port, host: "127.0.0.1" });
  const text = await readUntil(socket, (got) => got.endsWith("\n"));
  const ms = performance.now() - startMs;
  socket.destroy();
  return { text, ms };
}

function readUntil(socket: Socket, isDone: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setTimeout(10_000, () => socket.destroy(new Error("nothing for 10 s")));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (isDone(text)) resolve(text);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

/** Sends `text` and reads: until the other side ends, having ended our own; or what comes first. */
function talk(
  port: number,
  text: string,
  { untilEnd }: { readonly untilEnd: boolean },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const parts: Buffer[] = [];
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(parts).toString("latin1"));
    };
    socket.setTimeout(10_000, () => socket.destroy(new Error("nothing for 10 s")));
    socket.on("data", (bytes: Buffer) => {
      parts.push(bytes);
      if (!untilEnd) done();
    });
    socket.once("end", done).once("error", reject);
    if (untilEnd) socket.end(text, "latin1");
    else socket.write(text, "latin1");
  });
}
