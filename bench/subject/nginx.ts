import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Leaf } from "../rig/certificates.ts";
import type { Child } from "../rig/children.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { needTool } from "../rig/tools.ts";
import type { Subject, Topology } from "./subject.ts";

/** nginx with one worker and its access log on, buffered, to a file. */
export function nginx(topology: Topology): Subject {
  const mtls = "mutual TLS 1.3, P-256, names checked";
  return {
    name: "nginx",
    topology,
    features: [
      "access log to a file, 64 KB at a time",
      "time-outs",
      ...(topology === "two-hop-mtls" ? [mtls] : []),
    ],
    async start(rig) {
      const port = await freePort();
      const upstream = rig.origin.port;
      if (topology === "one-hop-plain") {
        return { port, proxies: [startOne(rig, "plain", { port, upstream })] };
      }
      const { bundle, caller, callee } = rig.certificates();
      const between = await freePort();
      const second = startOne(rig, "callee", { port: between, upstream, bundle, leaf: callee });
      await whenListening(between);
      const first = startOne(rig, "caller", { port, upstream: between, bundle, leaf: caller });
      return { port, proxies: [first, second] };
    },
  };
}

function startOne(
  rig: Rig,
  role: string,
  options: {
    readonly port: number;
    readonly upstream: number;
    readonly bundle?: string;
    readonly leaf?: Leaf;
  },
): Child {
  const binary = needTool("nginx");
  const folder = join(rig.folder, "nginx");
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const values: Readonly<Record<string, string>> = {
    FOLDER: folder,
    PORT: String(options.port),
    UPSTREAM: String(options.upstream),
    BUNDLE: options.bundle ?? "",
    CERTIFICATE: options.leaf?.certificate ?? "",
    KEY: options.leaf?.key ?? "",
  };
  const template = readFileSync(new URL(`../peers/nginx-${role}.conf`, import.meta.url), "utf8");
  const config = join(folder, `nginx-${role}.conf`);
  writeFileSync(
    config,
    template.replace(/@([A-Z]+)@/g, (all, name: string) => values[name] ?? all),
  );
  return rig.children.start({
    name: `nginx ${role}`,
    cpu: rig.cpus.proxy,
    command: [binary, "-e", join(folder, `${role}.log`), "-c", config, "-g", "daemon off;"],
  });
}
