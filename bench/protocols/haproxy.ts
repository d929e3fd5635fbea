import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "../rig/children.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { needTool } from "../rig/tools.ts";
import type { Running, Topology } from "../subject/subject.ts";

/** HTTP/2 on both sides, or octets. */
export type HaproxyCarries = "h2" | "tcp" | "http/1.1";

/** HAProxy with one thread, its access log kept in a ring in memory and connections reused freely: its cheaper variant. */
export async function startHaproxy(
  rig: Rig,
  topology: Topology,
  options: { readonly carries: HaproxyCarries; readonly origin: number },
): Promise<Running> {
  const { carries, origin } = options;
  const port = await freePort();
  const proto = carries === "h2" ? " proto h2" : "";
  if (topology === "one-hop-plain") {
    const only = startOne(rig, carries, {
      bind: `127.0.0.1:${port}${proto}`,
      server: `127.0.0.1:${origin}${proto}`,
    });
    return { port, proxies: [only] };
  }
  const { bundle, caller, callee } = rig.certificates();
  const inbound = await freePort();
  const alpn = carries === "h2" ? " alpn h2" : carries === "http/1.1" ? " alpn http/1.1" : "";
  const tls = `ca-file ${bundle} ssl-min-ver TLSv1.3${alpn}`;
  const second = startOne(rig, carries, {
    bind: `127.0.0.1:${inbound} ssl crt ${callee.pem} verify required ${tls}`,
    server: `127.0.0.1:${origin}${proto}`,
  });
  await whenListening(inbound);
  const first = startOne(rig, carries, {
    bind: `127.0.0.1:${port}${proto}`,
    server: `127.0.0.1:${inbound} ssl verify required crt ${caller.pem} sni str(callee.bench) verifyhost callee.bench ${tls}`,
  });
  const serverName = "callee.bench";
  return { port, inbound: { port: inbound, serverName }, proxies: [first, second] };
}

let configs = 0;

function startOne(
  rig: Rig,
  carries: HaproxyCarries,
  { bind, server }: { readonly bind: string; readonly server: string },
): Child {
  const isTcp = carries === "tcp";
  const config = `global
    nbthread 1
    maxconn 9000
    tune.idle-pool.shared off
    log ring@access local0
ring access
    format rfc3164
    maxlen 1200
    size 131072
defaults
    mode ${isTcp ? "tcp" : "http"}
    log global
    option ${isTcp ? "tcplog" : "httplog"}
    timeout connect 5s
    timeout client 120s
    timeout server 120s
${isTcp ? "" : "    timeout http-request 60s\n    timeout http-keep-alive 120s\n    http-reuse always\n"}
frontend front
    bind ${bind}
    default_backend back
backend back
    balance leastconn
    server one ${server}
`;
  const folder = join(rig.folder, "haproxy");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${++configs}.cfg`);
  writeFileSync(file, config);
  return rig.children.start({
    name: "haproxy",
    cpu: rig.cpus.proxy,
    command: [needTool("haproxy"), "-db", "-q", "-f", file],
  });
}
