import type { Gateway, GatewayListener } from "../gateway-api/gateway.ts";
import { gatewayGroup } from "../gateway-api/reference.ts";
import { type ConditionClaim, compareAge, namespacedName, type Resource } from "../meta.ts";
import { isIpAddress } from "../schema/ip.ts";
import { accepted, type ParentClaims, type Refusal, resolvedRefs } from "./claims.ts";
import type { CompiledGateway, GatewaySocket } from "./compiled.ts";
import {
  allowedKinds,
  attach,
  isOfGateway,
  isPassedThrough,
  routeKindsOf,
} from "./gateway-attach.ts";
import { isOurClass } from "./gateway-class.ts";
import { grpcRoutes } from "./grpc-route.ts";
import { httpRoutes } from "./http-route.ts";
import type { AttachedTo, RouteKind } from "./route-kind.ts";
import { type CompiledRoute, mergeRoutes } from "./routes.ts";
import type { Tables } from "./tables.ts";
import { tcpRoutes } from "./tcp-route.ts";
import { type CompiledTlsRoute, tlsRouteDocs, tlsRoutes } from "./tls-route.ts";
import type { World } from "./world.ts";

/** A Gateway and its routes; null where another controller has it. */
export function compileGateway(gateway: Gateway, world: World): CompiledGateway | null {
  const { gatewayClassName } = gateway.spec;
  if (!isOurClass(gatewayClassName, world.find("GatewayClass", gatewayClassName))) return null;
  const refusals = gateway.spec.listeners.map((one) => listenerRefusal(one, gateway));
  const usable = gateway.spec.listeners.filter((_, index) => refusals[index] === null);
  const place = { gateway, usable, world };
  const http = attachAll("HTTPRoute", httpRoutes, place);
  const grpc = attachAll("GRPCRoute", grpcRoutes, place);
  const tls = attachAll("TLSRoute", tlsRoutes, place);
  const tcp = attachAll("TCPRoute", tcpRoutes, place); // no listener takes them: they are told
  const addresses = compileAddresses(gateway);
  const requests = [http.attached, amongOthers(grpc.attached)];
  return {
    sockets: compileSockets(usable, { requests, tls: tls.attached }, addresses.hosts),
    conditions: [gatewayAccepted(gateway, usable, addresses.refusal)],
    listeners: gateway.spec.listeners.map((listener, index) => {
      const refusal = refusals[index] ?? null;
      const routes = [...requests, tls.attached].map((of) => of.get(listener.name)?.length ?? 0);
      return {
        name: listener.name,
        kinds: refusal === null ? allowedKinds(listener) : [],
        attachedRoutes: routes.reduce((sum, count) => sum + count, 0),
        conditions: [
          accepted(refusal === null ? [] : [refusal]),
          resolvedRefs(refusal === null ? unknownKinds(listener) : []),
        ],
      };
    }),
    parents: [http, grpc, tls, tcp].flatMap(({ parents }) => parents),
  };
}

/** Kinds that a listener names and does not take. */
function unknownKinds(listener: GatewayListener): readonly Refusal[] {
  const known = routeKindsOf(listener);
  return (listener.allowedRoutes?.kinds ?? []).flatMap(({ group = gatewayGroup, kind }) => {
    if (group === gatewayGroup && known.includes(kind)) return [];
    const message = `Listener ${listener.name} takes ${known.join(", ")}, no ${kind} of ${group}.`;
    return { reason: "InvalidRouteKinds", message };
  });
}

/** At a listener that HTTPRoutes share a GRPCRoute means calls of gRPC alone: it goes first, and must not take all the rest. */
function amongOthers(
  attached: ReadonlyMap<string, readonly AttachedTo<CompiledRoute>[]>,
): ReadonlyMap<string, readonly AttachedTo<CompiledRoute>[]> {
  const isCall = { name: "content-type", value: "application/grpc.*", type: "regex" } as const;
  const narrowed = ({ compiled, hostnames }: AttachedTo<CompiledRoute>) => ({
    hostnames,
    compiled: {
      ...compiled,
      rules: compiled.rules.map((rule) => ({
        ...rule,
        matches: rule.matches.map(({ match, ...rest }) => ({
          ...rest,
          match: { ...match, headers: [...match.headers, isCall] },
        })),
      })),
    },
  });
  return new Map([...attached].map(([name, all]) => [name, all.map(narrowed)]));
}

/** Routes of one kind, the older first, by the listener that takes them. */
function attachAll<
  K extends "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute",
  Compiled extends { readonly route: Resource },
>(
  table: K,
  kind: RouteKind<Tables[K], Compiled>,
  {
    gateway,
    usable,
    world,
  }: {
    readonly gateway: Gateway;
    readonly usable: readonly GatewayListener[];
    readonly world: World;
  },
): {
  readonly attached: ReadonlyMap<string, readonly AttachedTo<Compiled>[]>;
  readonly parents: readonly ParentClaims[];
} {
  const attached = new Map<string, AttachedTo<Compiled>[]>();
  const parents: ParentClaims[] = [];
  const routes = world.attached(table, `Gateway/${namespacedName(gateway)}`);
  for (const route of [...routes].sort(compareAge)) {
    const compiled = kind.compile(route, { crossesNamespaces: false, world });
    kind.parents(route).forEach((parent, index) => {
      if (!isOfGateway(parent, route, gateway)) return;
      const { to, refusal } = attach(route, parent, gateway, usable);
      const conditions = kind.conditions(compiled, refusal);
      parents.push({ route: `${table}/${namespacedName(route)}`, parent: index, conditions });
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

/** Listeners of one port share a socket; which one a request or a connection is for is a matter of its host name. */
function compileSockets(
  listeners: readonly GatewayListener[],
  attached: {
    readonly requests: readonly ReadonlyMap<string, readonly AttachedTo<CompiledRoute>[]>[];
    readonly tls: ReadonlyMap<string, readonly AttachedTo<CompiledTlsRoute>[]>;
  },
  hosts: readonly string[],
): GatewaySocket[] {
  const byPort = Map.groupBy(listeners, (one) => one.port);
  return [...byPort].flatMap(([port, ofPort]) => {
    const routes = mergeRoutes(
      ofPort.flatMap(({ name }) => attached.requests.flatMap((of) => of.get(name) ?? [])),
    );
    const tlsRoutes = tlsRouteDocs(ofPort.flatMap(({ name }) => attached.tls.get(name) ?? []));
    const { name } = ofPort[0]!;
    const protocol = isPassedThrough(ofPort[0]!) ? "tls" : "http";
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
  if (routeKindsOf(listener).length === 0) {
    const what = protocol === "TLS" ? `TLS with mode ${tls?.mode ?? "Terminate"}` : protocol;
    const message = `heddle's gateways take HTTP, and TLS to be passed through; ${what} is not served.`;
    return { reason: "UnsupportedProtocol", message };
  }
  // Gateway API, "Distinct Listeners": one port has one protocol; the first listener's counts.
  const first = gateway.spec.listeners.find(
    (one) => one.port === port && routeKindsOf(one).length > 0,
  )!;
  if (isPassedThrough(first) === isPassedThrough(listener)) return null;
  const message = `Port ${port} is that of listener ${first.name}, which has protocol ${first.protocol}.`;
  return { reason: "PortUnavailable", message };
}
