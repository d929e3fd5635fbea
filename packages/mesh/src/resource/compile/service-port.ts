import type { PortProtocol } from "../../model/document.ts";
import type { Service, ServicePort } from "../core/service.ts";
import type { Problems } from "../schema/problem.ts";

/** Protocols that are HTTP/1.1 on the wire. A WebSocket begins as HTTP/1.1 (RFC 6455 §4.1). */
const http1: ReadonlySet<string> = new Set(["http", "kubernetes.io/ws"]);

/**
 * What is spoken on a Service's port: HTTP/1.1 where `appProtocol` says so or says nothing, else bytes. Null for a port
 * that is not TCP, which heddle does not carry.
 */
export function portProtocol(port: ServicePort): PortProtocol | null {
  if ((port.protocol ?? "TCP") !== "TCP") return null;
  return port.appProtocol === undefined || http1.has(port.appProtocol.toLowerCase())
    ? "http"
    : "opaque";
}

/** The ports of a Service that heddle serves, in their order. None for one that only names a host elsewhere. */
export function servedPorts(service: Service): readonly ServicePort[] {
  if (service.spec.type === "ExternalName") return [];
  return (service.spec.ports ?? []).filter((port) => portProtocol(port) !== null);
}

/** Notes on what of `service` is valid and not served. */
export function noteUnserved(service: Service, notes: Problems): void {
  const spec = notes.at("spec");
  if (service.spec.type === "ExternalName") {
    spec.add("heddle does not serve hosts outside the mesh; calls to it find no endpoint", "type");
  }
  (service.spec.ports ?? []).forEach((port, index) => {
    if (portProtocol(port) === null) {
      spec.add(`heddle carries TCP only; this port is not served`, "ports", index, "protocol");
    }
  });
}
