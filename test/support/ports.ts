import { connect, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A port of 127.0.0.1 that was free a moment ago, for programs that take theirs as a number; below the range the kernel takes
 * outgoing ports from, so that no connection gets it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await listen(server, 20_000 + Math.floor(Math.random() * 10_000)).catch(() => 0);
    if (port === 0) continue; // somebody has it
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Listens on 127.0.0.1, on a free port unless one is given; resolves with its number. */
export function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
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

/** Does something take connections on it? */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
