import { compilePeer } from "../rig/origin.ts";
import { freePort } from "../rig/ports.ts";
import type { Subject } from "./subject.ts";

/** The floor: bytes carried in C, nothing read into them (`peers/relay.c`). */
export function relay(): Subject {
  return {
    name: "c-relay",
    topology: "one-hop-plain",
    features: ["bytes only, no HTTP", "epoll, one thread"],
    async start(rig) {
      const binary = compilePeer("relay", rig.folder);
      const port = await freePort();
      const command = [binary, String(port), String(rig.origin.port)];
      const child = rig.children.start({ name: "c-relay", cpu: rig.cpus.proxy, command });
      return { port, proxies: [child] };
    },
  };
}
