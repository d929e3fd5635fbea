import type { Service } from "../core/service.ts";
import { compareText, namespacedName } from "../meta.ts";
import type { CompiledGateway } from "./compiled.ts";
import { servedPorts } from "./service-port.ts";
import { selects, type WorkloadView } from "./workload-view.ts";

/** A socket to be bound for a workload's proxy, before the proxy runs and for as long as it may run again. */
export interface SocketRequest {
  readonly name: string;
  readonly host: string;
  /** 0: any free port, kept from then on. */
  readonly port: number;
  /** Default `tcp`. */
  readonly protocol?: "tcp" | "udp";
}

type Named = Pick<WorkloadView, "name" | "namespace">;

/** Everything a workload's sockets are called begins so: `kvs-0.default/`. */
export function socketPrefix({ name, namespace }: Named): string {
  return `${name}.${namespace}/`;
}

export function inboundSocket(workload: Named): string {
  return `${socketPrefix(workload)}inbound`;
}

/** Its `HTTP_PROXY`. */
export function forwardSocket(workload: Named): string {
  return `${socketPrefix(workload)}forward`;
}

/** `service` is `<namespace>/<name>`. Joined, for a template keeps its pieces, and of these there are proxies × services. */
export function outboundSocket(workload: Named, service: string, port: number): string {
  return [workload.name, ".", workload.namespace, "/outbound/", service, ":", port].join("");
}

export function gatewaySocket(workload: Named, listener: string): string {
  return `${socketPrefix(workload)}gateway/${listener}`;
}

/** Where a captured process's questions for names arrive. */
export function namesSocket(workload: Named, protocol: "tcp" | "udp"): string {
  return `${socketPrefix(workload)}names/${protocol}`;
}

/** All sockets of a workload's proxy, by name. A gateway has no process that would call or be called. */
export function socketsOf(
  workload: Pick<WorkloadView, "name" | "namespace" | "labels" | "gateway" | "isCaptured">,
  services: Iterable<Service>,
  gateway: CompiledGateway | null,
): readonly SocketRequest[] {
  const free = (name: string) => ({ name, host: "127.0.0.1", port: 0 });
  if (workload.gateway !== null) {
    return (gateway?.sockets ?? []).map(({ name, host, port }) => ({
      name: gatewaySocket(workload, name),
      host,
      port,
    }));
  }
  const requests: SocketRequest[] = [free(forwardSocket(workload))];
  if (workload.isCaptured === true) {
    requests.push(free(namesSocket(workload, "tcp")), {
      ...free(namesSocket(workload, "udp")),
      protocol: "udp",
    });
  }
  let isBacking = false;
  for (const service of services) {
    isBacking ||= selects(service, workload);
    for (const { port } of servedPorts(service)) {
      requests.push(free(outboundSocket(workload, namespacedName(service), port)));
    }
  }
  if (isBacking) requests.push(free(inboundSocket(workload)));
  return requests.sort((a, b) => compareText(a.name, b.name));
}
