import { virtualRange } from "@heddle/mesh/resource/compile/virtual-address.ts";
import type { CapturePlace } from "./place.ts";

/** One captured workload as the kernel is told of it. Ports are of 127.0.0.1. */
export interface CapturedWorkload {
  /** Name of its cgroup; letters, digits and `_`. */
  readonly name: string;
  readonly redirects: readonly {
    readonly address: string;
    readonly port: number;
    readonly to: number;
  }[];
  readonly names: { readonly tcp: number; readonly udp: number };
}

/**
 * All rules of a mesh as one transaction for `nft -f -`: the table as it was is replaced by the table as it should be, or
 * nothing changes.
 *
 *   nat      an address of a service → the proxy's listener for it; any question for a name → the proxy
 *   filter   what else is sent to such an address is refused at once; questions over IPv6, too: the next server is asked
 *
 * Only packets of sockets that were opened in the mesh's cgroups are looked at twice. The first packet of a connection
 * decides; rules that change, or go, leave connections alone.
 */
export function formatRuleset(place: CapturePlace, workloads: readonly CapturedWorkload[]): string {
  const { table, path } = place;
  const jumps = workloads.map(
    ({ name }) => `\t\tsocket cgroupv2 level 2 "${path}/${name}" goto ${name}`,
  );
  const captured = `socket cgroupv2 level 1 "${path}"`;
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
${workloads.map(formatMap).join("")}${workloads.map(formatChain).join("")}\tchain captured {
${jumps.map((jump) => `${jump}\n`).join("")}\t}
\tchain nat {
\t\ttype nat hook output priority -110; policy accept;
\t\t${captured} goto captured
\t}
\tchain refused {
\t\tip daddr ${virtualRange} meta l4proto tcp reject with tcp reset
\t\tip daddr ${virtualRange} reject with icmp port-unreachable
\t\tmeta nfproto ipv6 udp dport 53 reject with icmpv6 port-unreachable
\t\tmeta nfproto ipv6 tcp dport 53 reject with tcp reset
\t}
\tchain filter {
\t\ttype filter hook output priority 0; policy accept;
\t\t${captured} goto refused
\t}
}
`;
}

/** Takes all of it away; nothing happens where there is nothing. */
export function formatRemoval({ table }: Pick<CapturePlace, "table">): string {
  return `table inet ${table} {}\ndelete table inet ${table}\n`;
}

function formatMap({ name, redirects }: CapturedWorkload): string {
  const elements = redirects.map(
    ({ address, port, to }) => `\t\t\t${address} . ${port} : 127.0.0.1 . ${to}`,
  );
  const list = elements.length === 0 ? "" : `\t\telements = {\n${elements.join(",\n")}\n\t\t}\n`;
  return `\tmap ${name}_services {
\t\ttype ipv4_addr . inet_service : ipv4_addr . inet_service
${list}\t}
`;
}

function formatChain({ name, names }: CapturedWorkload): string {
  return `\tchain ${name} {
\t\tip daddr ${virtualRange} meta l4proto tcp dnat ip to ip daddr . tcp dport map @${name}_services
\t\tmeta nfproto ipv4 udp dport 53 dnat ip to 127.0.0.1:${names.udp}
\t\tmeta nfproto ipv4 tcp dport 53 dnat ip to 127.0.0.1:${names.tcp}
\t}
`;
}
