import type { CaptureDoc, CapturedServiceDoc, ListenerDoc } from "../../model/document.ts";
import type { ServiceKey } from "../../model/service-key.ts";
import type { Service } from "../core/service.ts";
import { namespacedName } from "../meta.ts";
import { servedPorts } from "./service-port.ts";
import { namesSocket, outboundSocket } from "./sockets.ts";
import { virtualAddresses } from "./virtual-address.ts";
import type { WorkloadView } from "./workload-view.ts";

/** An address and port that a captured process dials, and the socket of its proxy where that arrives. */
export interface Redirect {
  readonly address: string;
  readonly port: number;
  /** Name of the proxy's outbound listener for exactly that service and port. */
  readonly socket: string;
}

/** What a captured workload's proxy answers names from; null while it cannot be asked. */
export function captureOf(
  workload: Pick<WorkloadView, "name" | "namespace">,
  services: readonly Service[],
  listen: (socket: string) => ListenerDoc | null,
): CaptureDoc | null {
  const listener = listen(namesSocket(workload, "tcp"));
  if (listener === null) return null;
  const addresses = virtualAddresses(services);
  return {
    datagrams: namesSocket(workload, "udp"),
    listener,
    services: services.flatMap((service): CapturedServiceDoc | [] => {
      const key = namespacedName(service);
      const ports = servedPorts(service)
        .filter(({ port }) => listen(outboundSocket(workload, key, port)) !== null)
        .map(({ name, port }) => ({ name: name ?? null, number: port }));
      return ports.length === 0 ? [] : { service: key, address: addresses.get(key)!, ports };
    }),
  };
}

/** Where a captured workload's connections are led, whether or not the sockets are bound yet. */
export function redirectsOf(
  workload: Pick<WorkloadView, "name" | "namespace">,
  services: readonly Service[],
): readonly Redirect[] {
  const addresses = virtualAddresses(services);
  return services.flatMap((service) => {
    const key: ServiceKey = namespacedName(service);
    const address = addresses.get(key)!;
    return servedPorts(service).map(({ port }) => ({
      address,
      port,
      socket: outboundSocket(workload, key, port),
    }));
  });
}
