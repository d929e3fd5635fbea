import { createRequire } from "node:module";
import { NotMeasured } from "../rig/not-measured.ts";
import { freePort } from "../rig/ports.ts";
import type { Subject } from "./subject.ts";

/** http-proxy-3 on `node:http`, what a Node team would take today. */
export function httpProxy3(): Subject {
  return {
    name: "http-proxy-3",
    topology: "one-hop-plain",
    features: ["no log", "keep-alive to the upstream"],
    async start(rig) {
      try {
        createRequire(import.meta.url).resolve("http-proxy-3");
      } catch {
        throw new NotMeasured("http-proxy-3 is not installed (npm install)");
      }
      const port = await freePort();
      const script = new URL("../peers/http-proxy-3.mjs", import.meta.url).pathname;
      const child = rig.children.start({
        name: "http-proxy-3",
        cpu: rig.cpus.proxy,
        command: [process.execPath, script, String(port), String(rig.origin.port)],
      });
      return { port, proxies: [child] };
    },
  };
}
