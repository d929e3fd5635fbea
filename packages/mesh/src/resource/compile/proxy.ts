import type { Address } from "../../model/address.ts";
import type {
  GatewayListenerDoc,
  InboundDoc,
  InboundPortDoc,
  ListenerDoc,
  OutboundListenerDoc,
  ProxyDoc,
} from "../../model/document.ts";
import type { BackendTlsDoc } from "../../model/policy.ts";
import type { Service } from "../core/service.ts";
import { protocolOf } from "../core/service-protocol.ts";
import { compareText, namespacedName } from "../meta.ts";
import { captureOf } from "./capture.ts";
import type { CompiledGateway } from "./compiled.ts";
import { servedPorts } from "./service-port.ts";
import { forwardSocket, gatewaySocket, inboundSocket, outboundSocket } from "./sockets.ts";
import { resolveTargetPort } from "./target-port.ts";
import { selects, type WorkloadView, zoneOf } from "./workload-view.ts";

export interface ProxyInputs {
  /** Suffix of full names. */
  readonly clusterDomain: string;
  /** All services of the mesh, in the order of their names (`inOrder`): each is visible to all. */
  readonly services: readonly Service[];
  /** The Gateway that the workload runs, if it does. */
  readonly gateway: CompiledGateway | null;
  /** How the process behind a port of a service is spoken to; undefined: plainly. Default: plainly. */
  readonly backendTls?: (service: string, port: number) => BackendTlsDoc | undefined;
  /** Where a socket is bound, by name; null while it is not: its listener then waits for a later document. */
  readonly socketAddress: (name: string) => Address | null;
}

/** A workload's own document: where its proxy listens, what for, and which process stands behind it. */
export function compileProxy(workload: WorkloadView, inputs: ProxyInputs): ProxyDoc {
  const { uid, name, namespace, identity } = workload;
  const listen = (socket: string): ListenerDoc | null => {
    const address = inputs.socketAddress(socket);
    return address === null ? null : { name: socket, address };
  };
  const services = inputs.services;
  const isProcess = workload.gateway === null;
  const zone = zoneOf(workload);
  const capture = workload.isCaptured === true ? captureOf(workload, services, listen) : null;
  return {
    kind: "proxy",
    workload: { uid, name, namespace, identity, ...(zone === undefined ? {} : { zone }) },
    clusterDomain: inputs.clusterDomain,
    inbound: isProcess ? inboundOf(workload, services, listen, inputs.backendTls) : null,
    outbound: isProcess ? outboundOf(workload, services, listen) : [],
    forwardProxy: isProcess ? listen(forwardSocket(workload)) : null,
    gateway: isProcess ? [] : gatewayOf(workload, inputs.gateway, listen),
    ...(capture === null ? {} : { capture }),
  };
}

/** Services in the order of their names. */
export function inOrder(services: Iterable<Service>): readonly Service[] {
  const named = Array.from(services, (service) => ({ service, name: namespacedName(service) }));
  return named.sort((a, b) => compareText(a.name, b.name)).map(({ service }) => service);
}

type Listen = (socket: string) => ListenerDoc | null;

function inboundOf(
  workload: WorkloadView,
  services: readonly Service[],
  listen: Listen,
  backendTls: ProxyInputs["backendTls"],
): InboundDoc | null {
  const listener = listen(inboundSocket(workload));
  const ports = services
    .filter((service) => selects(service, workload))
    .flatMap((service) =>
      servedPorts(service).flatMap((port): InboundPortDoc | [] => {
        const target = resolveTargetPort(port, workload.ports);
        if (target === null) return []; // a caller is told "misdirected", and its Service has a note
        const tls = backendTls?.(namespacedName(service), port.port);
        return {
          service: namespacedName(service),
          port: port.port,
          protocol: protocolOf(service, port),
          target: target.address,
          ...(tls === undefined ? {} : { tls }),
        };
      }),
    );
  return listener === null ? null : { listener, ports };
}

function outboundOf(
  workload: WorkloadView,
  services: readonly Service[],
  listen: Listen,
): OutboundListenerDoc[] {
  return services.flatMap((service) => {
    const key = namespacedName(service);
    return servedPorts(service).flatMap(({ port }) => {
      const listener = listen(outboundSocket(workload, key, port));
      return listener === null ? [] : [{ listener, service: key, port }];
    });
  });
}

function gatewayOf(
  workload: WorkloadView,
  gateway: CompiledGateway | null,
  listen: Listen,
): GatewayListenerDoc[] {
  return (gateway?.sockets ?? []).flatMap(({ name, protocol, routes, tlsRoutes }) => {
    const listener = listen(gatewaySocket(workload, name));
    if (listener === null) return [];
    const full = `${workload.namespace}/${workload.gateway}/${name}`;
    return protocol === "http"
      ? { listener, name: full, routes }
      : { listener, name: full, protocol, routes, tlsRoutes };
  });
}
