import { connect, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port of 127.0.0.1 that was free a moment ago, for programs that take theirs as a number. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Listens on a free port of 127.0.0.1. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Waits until something takes connections on a port of 127.0.0.1. Throws after `ms`. */
export async function whenListening(port: number, ms = 10_000): Promise<void> {
  const endMs = performance.now() + ms;
  while (!(await accepts(port))) {
    if (performance.now() > endMs) throw new Error(`nobody listens on ${port} after ${ms} ms`);
    await sleep(10);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
