import { formatAddress } from "@heddle/mesh/model/address.ts";
import { SimulatedConnection } from "@heddle/mesh/net/simulated/connection.ts";
import type { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Supervisor } from "./supervisor.ts";

/**
 * Nobody asks any more, and every idle connection has had its time: of all that was carried nothing is left but the proxies'
 * connections to the control plane.
 */
export function expectNothingLeft(
  supervisor: Supervisor,
  network: SimulatedNetwork,
  violate: (what: string) => void,
): void {
  const { caller, workloads } = supervisor;
  if (caller !== null && caller.lines.size > 0)
    violate(`the caller has ${caller.lines.size} lines`);
  for (const { spec, app, proxy } of workloads.values()) {
    if (app !== null && app.web.size > 0)
      violate(`${spec.name} serves ${app.web.size} connections`);
    const left = connectionsOf(network, spec.name);
    if (left.length > 0) violate(`${spec.name} keeps connections: ${left.map(text).join(", ")}`);
    if (proxy === null) continue;
    const { workload } = proxy;
    const name = `${spec.name}'s proxy`;
    if (workload.connections.size > 0) violate(`${name} serves ${workload.connections.size}`);
    let sessions = 0;
    for (const endpoint of workload.upstream.endpoints()) {
      for (const { size } of endpoint.targets()) sessions += size;
    }
    if (sessions > 0) violate(`${name} keeps ${sessions} sessions`);
    const kept = connectionsOf(network, `${spec.name}/proxy`);
    if (kept.length > 1) violate(`${name} keeps connections: ${kept.map(text).join(", ")}`);
    for (const { queuedBytes } of kept) {
      if (queuedBytes > 0) violate(`${name} has ${queuedBytes} octets queued`);
    }
  }
}

function connectionsOf(network: SimulatedNetwork, process: string): SimulatedConnection[] {
  return [...network.process(process).opened].filter((one) => one instanceof SimulatedConnection);
}

function text({ name, local, remote, sentBytes, receivedBytes }: SimulatedConnection): string {
  return `${name} ${formatAddress(local)}–${formatAddress(remote)} (${sentBytes}/${receivedBytes})`;
}
