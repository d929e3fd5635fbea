import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { isPattern, makePattern, patternPeriod } from "../rig/pattern.ts";

/** Downloads `bytes` of the pattern through a subject and compares each of them. Throws on the first wrong one. */
export async function streamDown(port: number, bytes: number): Promise<void> {
  const pattern = makePattern();
  const socket = await open(port);
  try {
    socket.write(`GET /stream/${bytes} HTTP/1.1\r\nhost: origin.bench\r\n\r\n`);
    let head = "";
    let received = -1;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      let body = chunk;
      if (received < 0) {
        const before = head.length;
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        if (!head.startsWith("HTTP/1.1 200 ")) throw new Error(`/stream: ${head.slice(0, 60)}`);
        body = chunk.subarray(end + 4 - before);
        received = 0;
      }
      if (!isPattern(pattern, body, received))
        throw new Error(`/stream: wrong byte near ${received}`);
      received += body.length;
      if (received >= bytes) break;
    }
    if (received !== bytes) throw new Error(`/stream: ${received} bytes of ${bytes}`);
  } finally {
    socket.destroy();
  }
}

/** Uploads `bytes` of the pattern; the origin compares each of them and says how many it took. */
export async function streamUp(port: number, bytes: number): Promise<void> {
  const pattern = makePattern();
  const socket = await open(port);
  const closed = once(socket, "close").then(() => {
    throw new Error("/sink: the connection ended before the answer did");
  });
  closed.catch(() => undefined); // it is raced below; without a race under way its end is no event
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
  });
  try {
    socket.write(`PUT /sink HTTP/1.1\r\nhost: origin.bench\r\ncontent-length: ${bytes}\r\n\r\n`);
    for (let sent = 0; sent < bytes && answer === ""; sent += patternPeriod) {
      const isTaken = socket.write(pattern.subarray(0, Math.min(patternPeriod, bytes - sent)));
      if (!isTaken) await Promise.race([once(socket, "drain"), closed]);
    }
    while (!answer.includes("\r\n\r\n") || !answer.endsWith(`ok ${bytes}`)) {
      if (answer !== "" && !answer.startsWith("HTTP/1.1 200")) {
        throw new Error(`/sink: ${answer.slice(0, 60)}`);
      }
      await Promise.race([once(socket, "data"), closed]);
    }
  } finally {
    socket.destroy();
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.setTimeout(30_000, () => socket.destroy(new Error("no byte for 30 s")));
  await once(socket, "connect");
  return socket;
}
