import type { Child } from "../rig/children.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { needTool } from "../rig/tools.ts";
import type { Subject, Topology } from "./subject.ts";

/** How HAProxy keeps its access log: sent to a unix socket, or kept in a ring in memory. Else see `peers/haproxy-*.cfg`. */
export type HaproxyVariant = "socket" | "ring";

/** HAProxy with one thread and its access log on. `name` lets the same thing run twice, as control of the noise. */
export function haproxy(name: string, topology: Topology, variant: HaproxyVariant): Subject {
  const log = variant === "ring" ? "access log to a ring in memory" : "access log to a unix socket";
  const mtls = "mutual TLS 1.3, P-256, names checked";
  return {
    name,
    topology,
    features: [log, "time-outs", ...(topology === "two-hop-mtls" ? [mtls] : [])],
    async start(rig) {
      const port = await freePort();
      if (topology === "one-hop-plain") {
        const only = startOne(rig, "plain", { port, upstream: rig.origin.port, variant });
        return { port, proxies: [only] };
      }
      const { bundle, caller, callee } = rig.certificates();
      const between = await freePort();
      const at = { variant, bundle };
      const second = startOne(rig, "callee", {
        ...at,
        port: between,
        upstream: rig.origin.port,
        pem: callee.pem,
      });
      await whenListening(between);
      const first = startOne(rig, "caller", { ...at, port, upstream: between, pem: caller.pem });
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
    readonly variant: HaproxyVariant;
    readonly bundle?: string;
    readonly pem?: string;
  },
): Child {
  const config = new URL(`../peers/haproxy-${role}.cfg`, import.meta.url).pathname;
  return rig.children.start({
    name: `haproxy ${role}`,
    cpu: rig.cpus.proxy,
    command: [needTool("haproxy"), "-db", "-q", "-f", config],
    env: {
      PORT: String(options.port),
      UPSTREAM: String(options.upstream),
      VARIANT: options.variant,
      LOG: rig.logSocket,
      BUNDLE: options.bundle ?? "",
      PEM: options.pem ?? "",
    },
  });
}
