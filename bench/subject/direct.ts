import type { Subject, Topology } from "./subject.ts";

/** No proxy: what load and origin take by themselves. */
export function direct(topology: Topology): Subject {
  return {
    name: "direct",
    topology,
    features: ["no proxy"],
    start: async (rig) => ({ port: rig.origin.port, proxies: [] }),
  };
}
