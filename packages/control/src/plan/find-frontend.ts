import { isIpAddress } from "@heddle/mesh/resource/schema/ip.ts";
import { frontendFor, frontendsOf, type PlannedFrontend } from "./frontend.ts";
import type { MeshView } from "./mesh-view.ts";

/** Where a request is sent to, as somebody would type it. */
export interface Asked {
  readonly host: string;
  readonly port: number;
  /** Namespace of who asks. */
  readonly namespace: string;
  /** A Gateway's name, where one is meant; null: what the host says. */
  readonly gateway: string | null;
}

export interface NotFound {
  readonly message: string;
}

/** The frontend that a host and port mean: a service by one of its names, or a gateway by where it listens. */
export function findFrontend(view: MeshView, asked: Asked): PlannedFrontend | NotFound {
  const all = frontendsOf(view);
  const { host, port, namespace } = asked;
  if (asked.gateway === null) {
    for (const service of namesOf(host, namespace, view.clusterDomain)) {
      const ports = view.services.get(service)?.doc.ports ?? null;
      if (ports === null) continue;
      const found = frontendFor(all, service, port, namespace);
      if (found !== null) return found;
      const has = ports.map(({ number }) => number).join(", ") || "no port";
      return { message: `Service ${service} has no port ${port}; it has ${has}` };
    }
  }
  const gateways = [...all.values()].filter(
    ({ name, port: listens, service }) =>
      service === null &&
      listens === port &&
      (asked.gateway === null || name === gatewayName(asked.gateway, namespace, port)),
  );
  // By a name a gateway may be asked as well; a bare one is a service that is not there.
  const mayBeGateway = asked.gateway !== null || host.includes(".") || isLocal(host);
  const [gateway] = mayBeGateway ? gateways : [];
  if (gateway !== undefined) return gateway;
  if (asked.gateway !== null) {
    return { message: `Gateway ${namespace}/${asked.gateway} listens on no port ${port}` };
  }
  return { message: `nothing in the mesh is called ${host}:${port} from namespace ${namespace}` };
}

function gatewayName(gateway: string, namespace: string, port: number): string {
  return `gateway ${gateway.includes("/") ? gateway : `${namespace}/${gateway}`}:${port}`;
}

/** `svc`, `svc.ns`, `svc.ns.svc`, `svc.ns.svc.<domain>`. */
function namesOf(host: string, namespace: string, domain: string): readonly string[] {
  if (isIpAddress(host)) return [];
  const [name = "", of = namespace, svc = "svc", ...rest] = host.toLowerCase().split(".");
  if (svc !== "svc" || (rest.length > 0 && rest.join(".") !== domain)) return [];
  return [`${of}/${name}`];
}

function isLocal(host: string): boolean {
  return host === "localhost" || isIpAddress(host.replace(/^\[|\]$/g, ""));
}
