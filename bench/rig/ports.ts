import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port of 127.0.0.1 that was free a moment ago; peers take their ports as numbers in a file. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once something accepts connections on a port of 127.0.0.1; after 10 s all the same, as the caller has its
 *  own way to find that out. The second of two proxies starts then: HAProxy waits 1 s after a refused connect. */
export async function whenListening(port: number): Promise<void> {
  const lateMs = performance.now() + 10_000;
  while (performance.now() < lateMs && !(await accepts(port))) await sleep(2);
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
