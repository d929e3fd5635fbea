import type { ServicePortDoc } from "../../model/document.ts";
import type { PortProtocol } from "../../model/protocol.ts";
import type { Service, ServicePort } from "../core/service.ts";
import type { Problems } from "../schema/problem.ts";

/** The ports of a Service that heddle serves, in their order. None for one that only names a host elsewhere. */
export function servedPorts(service: Service): readonly ServicePort[] {
  if (service.spec.type === "ExternalName") return [];
  return (service.spec.ports ?? []).filter(isServed);
}

/** heddle carries TCP. */
export function isServed({ protocol = "TCP" }: ServicePort): boolean {
  return protocol === "TCP";
}

/** May the rules of an HTTPRoute apply to what goes through such a port? Nobody reads requests in TLS or in octets. */
export function carriesHttp(protocol: PortProtocol): boolean {
  return protocol !== "tls" && protocol !== "opaque";
}

/** May the rules of a TLSRoute? Octets that nobody is to look at have no ClientHello. */
export function carriesTls(protocol: PortProtocol): boolean {
  return protocol === "tls" || protocol === "detect";
}

/** May a TCPRoute's? Where nobody knows what is carried, it is octets from then on. Requests have routes of their own. */
export function carriesOctets(protocol: PortProtocol): boolean {
  return protocol === "opaque" || carriesTls(protocol);
}

/** Ports of a Service, none of which has requests: `22=opaque, 443=tls`. Null: one has, or there is no port. */
export function octetsAlone(ports: readonly ServicePortDoc[]): string | null {
  if (ports.length === 0 || ports.some(({ protocol }) => carriesHttp(protocol))) return null;
  return ports.map(({ number, protocol }) => `${number}=${protocol}`).join(", ");
}

/** Notes on what of `service` is valid and not served. */
export function noteUnserved(service: Service, notes: Problems): void {
  const spec = notes.at("spec");
  if (service.spec.type === "ExternalName") {
    spec.add("heddle does not serve hosts outside the mesh; calls to it find no endpoint", "type");
  }
  (service.spec.ports ?? []).forEach((port, index) => {
    if (isServed(port)) return;
    spec.add(`heddle carries TCP only; this port is not served`, "ports", index, "protocol");
  });
}
