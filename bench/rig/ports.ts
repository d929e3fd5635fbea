import { setTimeout as sleep } from "node:timers/promises";
import { accepts } from "../../test/support/ports.ts";

export { freePort } from "../../test/support/ports.ts";

/** Resolves once something accepts connections on a port of 127.0.0.1; after 10 s all the same, as the caller has its
 *  own way to find that out. The second of two proxies starts then: HAProxy waits 1 s after a refused connect. */
export async function whenListening(port: number): Promise<void> {
  const lateMs = performance.now() + 10_000;
  while (performance.now() < lateMs && !(await accepts(port))) await sleep(2);
}
