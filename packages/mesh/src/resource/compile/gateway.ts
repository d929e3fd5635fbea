import type { RoutesDoc, TlsRouteDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { Gateway, GatewayListener } from "../gateway-api/gateway.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import { type ConditionClaim, compareAge, namespacedName } from "../meta.ts";
import { isIpAddress } from "../schema/ip.ts";
import type { BackendScope } from "./backend.ts";
import { accepted, type ParentClaims, type Refusal, resolvedRefs } from "./claims.ts";
import { attach, isOfGateway, routeKindOf } from "./gateway-attach.ts";
import { httpRoutes, type RouteKind, tlsRoutes } from "./route-kind.ts";
import { type AttachedRoute, mergeRoutes } from "./routes.ts";
import { type AttachedTlsRoute, tlsRouteDocs } from "./tls-route.ts";

/** What a gateway's listeners are made from, besides the Gateway. Order says nothing. */
export interface GatewayInputs {
  /** Is the Gateway's class one of ours? Others are left alone. */
  readonly isOurs: boolean;
  /** Routes that have this Gateway as a parent. */
  readonly routes: readonly HttpRoute[];
  /** Likewise. Default: none. */
  readonly tlsRoutes?: readonly TlsRoute[];
  readonly findService: (key: string) => Service | null;
}

export interface CompiledGateway {
  /** Sockets to listen on, each with its routes. */
  readonly sockets: readonly GatewaySocket[];
  /** `Accepted` of the Gateway; `Programmed` depends on the world. */
  readonly conditions: readonly ConditionClaim[];
  readonly listeners: readonly ListenerClaims[];
  readonly parents: readonly ParentClaims[];
  readonly tlsParents: readonly ParentClaims[];
}

export interface GatewaySocket {
  /** Name of the first of its listeners; with several addresses `<name>@<address>`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: "http" | "tls";
  /** At a `tls` socket there are none. */
  readonly routes: RoutesDoc;
  /** At an `http` socket there are none. */
  readonly tlsRoutes: readonly TlsRouteDoc[];
}

export interface ListenerClaims {
  readonly name: string;
  /** Kinds of routes that it takes: one, or none where it is not served. */
  readonly kinds: readonly string[];
  readonly attachedRoutes: number;
  readonly conditions: readonly ConditionClaim[];
}

/** A Gateway and its routes; null where another controller has it. */
export function compileGateway(gateway: Gateway, inputs: GatewayInputs): CompiledGateway | null {
  if (!inputs.isOurs) return null;
  const scope = { crossesNamespaces: false, findService: inputs.findService };
  const refusals = gateway.spec.listeners.map((one) => listenerRefusal(one, gateway));
  const usable = gateway.spec.listeners.filter((_, index) => refusals[index] === null);
  const place = { gateway, usable, scope };
  const { attached, parents } = attachAll(inputs.routes, httpRoutes, place);
  const { attached: tlsAttached, parents: tlsParents } = attachAll(
    inputs.tlsRoutes ?? [],
    tlsRoutes,
    place,
  );
  const addresses = compileAddresses(gateway);
  return {
    sockets: compileSockets(usable, { attached, tlsAttached }, addresses.hosts),
    conditions: [gatewayAccepted(gateway, usable, addresses.refusal)],
    listeners: gateway.spec.listeners.map((listener, index) => {
      const refusal = refusals[index] ?? null;
      const kind = routeKindOf(listener);
      const routes = (kind === "TLSRoute" ? tlsAttached : attached).get(listener.name);
      return {
        name: listener.name,
        kinds: refusal !== null || kind === null ? [] : [kind],
        attachedRoutes: routes?.length ?? 0,
        conditions: [accepted(refusal === null ? [] : [refusal]), resolvedRefs([])],
      };
    }),
    parents,
    tlsParents,
  };
}

/** Routes of one kind, the older first, by the listener that takes them. */
function attachAll<Route extends HttpRoute | TlsRoute, Compiled extends { readonly route: Route }>(
  routes: readonly Route[],
  kind: RouteKind<Route, Compiled>,
  place: {
    readonly gateway: Gateway;
    readonly usable: readonly GatewayListener[];
    readonly scope: Omit<BackendScope, "route">;
  },
): {
  readonly attached: ReadonlyMap<string, readonly Attached<Compiled>[]>;
  readonly parents: readonly ParentClaims[];
} {
  const attached = new Map<string, Attached<Compiled>[]>();
  const parents: ParentClaims[] = [];
  for (const route of [...routes].sort(compareAge)) {
    const compiled = kind.compile(route, place.scope);
    (route.spec.parentRefs ?? []).forEach((parent, index) => {
      if (!isOfGateway(parent, route, place.gateway)) return;
      const { to, refusal } = attach(route, parent, place.gateway, place.usable);
      const conditions = kind.conditions(compiled, refusal);
      parents.push({ route: namespacedName(route), parent: index, conditions });
      for (const { listener, hostnames } of to) {
        const here = attached.get(listener.name) ?? [];
        // A route that names a listener twice is attached once.
        if (here.some((one) => one.compiled.route === route)) continue;
        attached.set(listener.name, [...here, { compiled, hostnames }]);
      }
    });
  }
  return { attached, parents };
}

interface Attached<Compiled> {
  readonly compiled: Compiled;
  readonly hostnames: readonly string[];
}

/** Listeners of one port share a socket; which one a request or a connection is for is a matter of its host name. */
function compileSockets(
  listeners: readonly GatewayListener[],
  {
    attached,
    tlsAttached,
  }: {
    readonly attached: ReadonlyMap<string, readonly AttachedRoute[]>;
    readonly tlsAttached: ReadonlyMap<string, readonly AttachedTlsRoute[]>;
  },
  hosts: readonly string[],
): GatewaySocket[] {
  const byPort = Map.groupBy(listeners, (one) => one.port);
  return [...byPort].flatMap(([port, ofPort]) => {
    const routes = mergeRoutes(ofPort.flatMap(({ name }) => attached.get(name) ?? []));
    const tlsRoutes = tlsRouteDocs(ofPort.flatMap(({ name }) => tlsAttached.get(name) ?? []));
    const { name } = ofPort[0]!;
    const protocol = routeKindOf(ofPort[0]!) === "TLSRoute" ? "tls" : "http";
    return hosts.map((host, index) => ({
      name: index === 0 ? name : `${name}@${host}`,
      host,
      port,
      protocol,
      routes,
      tlsRoutes,
    }));
  });
}

/** Where to listen: on this machine only, unless addresses are given. */
function compileAddresses({ spec }: Gateway): { hosts: string[]; refusal: Refusal | null } {
  const given = spec.addresses ?? [];
  const hosts: string[] = [];
  for (const { type = "IPAddress", value } of given) {
    if (type === "IPAddress" && value !== undefined && isIpAddress(value)) hosts.push(value);
    else if (type === "Hostname" && value === "localhost") hosts.push("127.0.0.1");
    else {
      const message = `heddle listens on IP addresses, not on ${type} ${value ?? "(any)"}.`;
      return { hosts: [], refusal: { reason: "UnsupportedAddress", message } };
    }
  }
  return { hosts: given.length === 0 ? ["127.0.0.1"] : [...new Set(hosts)], refusal: null };
}

function gatewayAccepted(
  gateway: Gateway,
  usable: readonly GatewayListener[],
  address: Refusal | null,
): ConditionClaim {
  if (address !== null) return accepted([address]);
  const refused = gateway.spec.listeners.length - usable.length;
  const message = `${refused} of ${gateway.spec.listeners.length} listeners cannot be served.`;
  if (usable.length === 0) return accepted([{ reason: "ListenersNotValid", message }]);
  // Gateway API: with some listeners invalid it is accepted, and the reason says so.
  return refused === 0
    ? accepted([])
    : { type: "Accepted", status: "True", reason: "ListenersNotValid", message };
}

/** Why a listener is not served; null: it is. */
function listenerRefusal(listener: GatewayListener, gateway: Gateway): Refusal | null {
  const { port, protocol, tls } = listener;
  if (routeKindOf(listener) === null) {
    const what = protocol === "TLS" ? `TLS with mode ${tls?.mode ?? "Terminate"}` : protocol;
    const message = `heddle's gateways take HTTP, and TLS to be passed through; ${what} is not served.`;
    return { reason: "UnsupportedProtocol", message };
  }
  // Gateway API, "Distinct Listeners": one port has one protocol; the first listener's counts.
  const first = gateway.spec.listeners.find(
    (one) => one.port === port && routeKindOf(one) !== null,
  )!;
  if (routeKindOf(first) === routeKindOf(listener)) return null;
  const message = `Port ${port} is that of listener ${first.name}, which has protocol ${first.protocol}.`;
  return { reason: "PortUnavailable", message };
}
