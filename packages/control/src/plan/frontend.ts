import type {
  RoutesDoc,
  RuleDoc,
  ServiceDoc,
  ServicePortDoc,
  TlsRouteDoc,
  WeightedBackendDoc,
} from "@heddle/mesh/model/document.ts";
import { reasonRow } from "@heddle/mesh/model/reason.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { MeshView } from "./mesh-view.ts";

/** What a caller named, with all that is said of its requests: a service's port, or a gateway's. */
export interface PlannedFrontend {
  /** `default/kvs:80`, `gateway default/front:8080`. */
  readonly name: string;
  /** Namespace whose own routes these are (GEP-1294); null: for all others. */
  readonly consumer: string | null;
  readonly port: number;
  /** Null at a gateway: it has no service of its own. */
  readonly service: ServiceDoc | null;
  /** Null: all requests go to the service itself. */
  readonly routes: RoutesDoc | null;
  /** Rules of connections, of which requests know nothing. */
  readonly connections: readonly ConnectionRule[];
}

/** Where connections go that are not read. */
export interface ConnectionRule {
  readonly name: string;
  /** Server names; empty: any connection. */
  readonly hostnames: readonly string[];
  readonly backends: readonly WeightedBackendDoc[];
}

/** Every frontend of a mesh by name, and by its consumer where it has one: `default/kvs:80 for shop`. */
export function frontendsOf(view: MeshView): ReadonlyMap<string, PlannedFrontend> {
  const found = new Map<string, PlannedFrontend>();
  for (const [key, { doc, consumers }] of view.services) {
    for (const port of doc.ports) found.set(`${key}:${port.number}`, ofPort(doc, port, null));
    for (const [consumer, theirs] of consumers) {
      for (const port of theirs.ports) {
        found.set(`${key}:${port.number} for ${consumer}`, ofPort(theirs, port, consumer));
      }
    }
  }
  for (const [key, gateway] of view.gateways) {
    for (const { port, routes, tlsRoutes } of gateway.sockets) {
      const name = `gateway ${key}:${port}`;
      const connections = tlsRoutes.map(connectionRule);
      found.set(name, { name, consumer: null, port, service: null, routes, connections });
    }
  }
  return found;
}

/** The one that a caller in `namespace` has of a service's port. */
export function frontendFor(
  all: ReadonlyMap<string, PlannedFrontend>,
  service: ServiceKey,
  port: number,
  namespace: string,
): PlannedFrontend | null {
  const name = `${service}:${port}`;
  return all.get(`${name} for ${namespace}`) ?? all.get(name) ?? null;
}

function ofPort(doc: ServiceDoc, port: ServicePortDoc, consumer: string | null): PlannedFrontend {
  const { tlsRoutes = [], tcpRoute } = port;
  const tcp = tcpRoute === undefined ? [] : [{ ...tcpRoute, hostnames: [] }];
  return {
    name: `${doc.namespace}/${doc.name}:${port.number}`,
    consumer,
    port: port.number,
    service: doc,
    routes: port.routes,
    connections: [...tlsRoutes, ...tcp].map(connectionRule),
  };
}

function connectionRule(rule: TlsRouteDoc): ConnectionRule {
  return { name: ruleName(rule), hostnames: rule.hostnames, backends: rule.backends };
}

export function ruleName({ route, name }: Pick<RuleDoc, "route" | "name">): string {
  return `${route}#${name}`;
}

/** A share of requests: to a backend, or failing. */
export interface Share {
  /** `default/kvs:80`, or how it fails: `nobody (500)`. */
  readonly to: string;
  readonly backend: WeightedBackendDoc["backend"];
  /** Why it fails, where there is no backend; else null. */
  readonly fails: NonNullable<WeightedBackendDoc["fails"]> | null;
  /** 0 to 1. */
  readonly share: number;
}

/** The shares of weighted backends; those of weight 0 have none and are left out. Several of one name are one. */
export function sharesOf(backends: readonly WeightedBackendDoc[]): readonly Share[] {
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  const found = new Map<string, Share>();
  for (const { backend, weight, fails = "invalid-backend" } of backends) {
    if (weight === 0) continue;
    const nobody = `nobody (${reasonRow(fails).status})`;
    const to = backend === null ? nobody : `${backend.service}:${backend.port}`;
    const share = (found.get(to)?.share ?? 0) + weight / sum;
    found.set(to, { to, backend, fails: backend === null ? fails : null, share });
  }
  return [...found.values()];
}

/** `default/kvs:80`, or with shares `default/v1:80 90%, default/v2:80 10%`; `nobody (500)` where there is none. */
export function shareWords(shares: readonly Share[]): string {
  if (shares.length === 0) return "nobody (500)";
  if (shares.length === 1) return shares[0]!.to;
  return shares.map(({ to, share }) => `${to} ${percentWords(share)}`).join(", ");
}

/** `10%`, `33.3%` */
export function percentWords(share: number): string {
  return `${Number((100 * share).toFixed(1))}%`;
}
