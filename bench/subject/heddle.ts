import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPrograms } from "../../packages/cli/src/command/programs.ts";
import { NotMeasured } from "../rig/not-measured.ts";
import { freePort } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { runTool } from "../rig/tools.ts";
import { callerDocuments } from "./heddle-documents.ts";
import type { Running, Subject, Topology } from "./subject.ts";

const common = ["an HTTPRoute matched", "P2C with peak EWMA", "time-outs", "records", "metrics"];
const mtls = "mutual TLS 1.3, P-256, SPIFFE identities checked";

/** heddle as `npm run up` runs it: the same program and heap flags, everything it records switched on. */
export function heddle(topology: Topology): Subject {
  return {
    name: "heddle",
    topology,
    features: [...common, ...(topology === "two-hop-mtls" ? [mtls] : [])],
    async start(rig) {
      buildBundle();
      if (topology === "one-hop-plain") return startPlain(rig);
      throw new NotMeasured("no identities in file mode");
    },
  };
}

/** The proxy runs from one file, as stripping types costs memory; made when it is older than its sources. */
function buildBundle(): void {
  const script = fileURLToPath(new URL("../../tools/bundle-proxy.mjs", import.meta.url));
  if (existsSync(script)) runTool([process.execPath, script]);
}

/** One proxy from documents on disk, as in the Walk profile. */
async function startPlain(rig: Rig): Promise<Running> {
  const folder = join(rig.folder, "heddle-plain");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const upstream = rig.origin.port;
  const documents = callerDocuments({ port, upstream, identity: null, peer: null });
  const config = join(folder, "documents.json");
  writeFileSync(config, JSON.stringify({ documents }));
  const child = rig.children.start({
    name: "heddle",
    cpu: rig.cpus.proxy,
    command: [...findPrograms().proxy, "--config", config, "--state", folder],
  });
  return { port, proxies: [child], stallMs: () => longestStallMs(join(folder, "admin.sock")) };
}

/** What the proxy's own metrics say, in ms, since it started. */
async function longestStallMs(adminSocket: string): Promise<number> {
  const text = await fetchText(adminSocket, "/metrics");
  const seconds = /^process_event_loop_stall_max_seconds(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error("no process_event_loop_stall_max_seconds in /metrics");
  return Number(seconds) * 1000;
}

function fetchText(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, timeout: 5000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.once("end", () => resolve(text)).once("error", reject);
    });
    asking.once("error", reject).once("timeout", () => asking.destroy(new Error("admin: 5 s")));
    asking.end();
  });
}
