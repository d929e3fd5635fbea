import { isOpaque } from "../history/exchange.ts";
import type { PortProtocol } from "../model/protocol.ts";
import { protocolOf } from "../resource/core/service-protocol.ts";
import type { Gateway, GatewayListener } from "../resource/gateway-api/gateway.ts";
import type { GrpcRoute } from "../resource/gateway-api/grpcroute.ts";
import type { HttpRoute, HttpRouteRule } from "../resource/gateway-api/httproute.ts";
import {
  gatewayGroup,
  isServiceParent,
  type ParentReference,
} from "../resource/gateway-api/reference.ts";
import type { TlsRoute } from "../resource/gateway-api/tlsroute.ts";
import type { KnownResource } from "../resource/index.ts";
import { compareAge, namespacedName, namespaceOf, type Resource } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import type { Seen } from "./records.ts";
import { accepts, compareCandidates, isHost, matchesOf } from "./route-match.ts";
import { type SplitRule, splitRules, splitsOf } from "./split-rules.ts";

/** What intent says of routes. */
export interface Routing {
  readonly routes: readonly HttpRoute[];
  readonly tlsRoutes: readonly TlsRoute[];
  readonly grpcRoutes: readonly GrpcRoute[];
  readonly gateways: readonly Gateway[];
  /** Every Service with endpoints, `<namespace>/<name>`. */
  readonly services: readonly string[];
  /** Every port of these that is served, by `<namespace>/<name>:<port>`. */
  readonly ports: Readonly<Record<string, { name: string | null; protocol: PortProtocol }>>;
  /** Rules of routes whose matches are not judged: which of them took a request the record says, and is believed. */
  readonly others: readonly NamedRule[];
  readonly splits: readonly SplitRule[];
  /** Policies that say something of single requests. */
  readonly policies: readonly KnownResource[];
  /** What else is said of services: with a change of it proxies begin anew to count whose turn it is. */
  readonly beside: readonly unknown[];
}

export function routingIn(state: IntentState): Routing {
  const services = resourcesOf(state, "Service").filter(({ spec }) => spec.type !== "ExternalName");
  const ports = services.flatMap((service) =>
    (service.spec.ports ?? []).flatMap((one) => {
      const { port, name = null } = one;
      if (one.protocol !== undefined && one.protocol !== "TCP") return []; // nobody carries it
      const protocol = protocolOf(service, one);
      return [[`${namespacedName(service)}:${port}`, { name, protocol }] as const];
    }),
  );
  return {
    routes: resourcesOf(state, "HTTPRoute").map(intentOf),
    tlsRoutes: resourcesOf(state, "TLSRoute").map(intentOf),
    grpcRoutes: resourcesOf(state, "GRPCRoute").map(intentOf),
    gateways: resourcesOf(state, "Gateway").map(intentOf),
    services: services.map(namespacedName),
    ports: Object.fromEntries(ports),
    others: [
      ...resourcesOf(state, "GRPCRoute").flatMap(octetRules),
      ...resourcesOf(state, "TCPRoute").flatMap((one) =>
        "parentRefs" in one.spec ? octetRules(one) : [],
      ),
    ],
    splits: splitRules(resourcesOf(state, "TrafficSplit")).map((one) => ({
      ...one,
      route: intentOf(one.route),
    })),
    policies: [
      ...resourcesOf(state, "TimeoutPolicy"),
      ...resourcesOf(state, "RetryPolicy"),
      ...resourcesOf(state, "BalancingPolicy"),
    ].map(intentOf),
    beside: (["Service", "Placement", "Contract", "Fault"] as const).flatMap((kind) =>
      resourcesOf(state, kind).map(({ metadata, spec }) => [kind, metadata.name, spec]),
    ),
  };
}

/** Status and versions come and go without a change of intent. */
function intentOf<R extends Resource>({ apiVersion, kind, metadata, spec }: R): R {
  const { name, namespace, creationTimestamp } = metadata;
  const kept = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
  };
  return { apiVersion, kind, metadata: kept, spec } as R;
}

/** A rule of a route, as records name it. */
export interface NamedRule {
  /** `HTTPRoute/<namespace>/<name>#<rule>`, or of a TLSRoute. */
  readonly name: string;
  /** A TLSRoute's has backends alone. */
  readonly rule: HttpRouteRule;
  readonly route: Resource;
}

/** Rules of a route of a kind whose matches this does not read. */
function octetRules(given: Resource): readonly NamedRule[] {
  const route = intentOf(given);
  const { rules = [] } = route.spec as { readonly rules?: readonly HttpRouteRule[] };
  return rules.map((rule, index) => named(route, rule, index));
}

/** Every rule of every route. */
export function rulesIn({ routes, tlsRoutes, others, splits }: Routing): readonly NamedRule[] {
  const read = [...routes, ...tlsRoutes].flatMap((route) =>
    (route.spec.rules ?? []).map((rule, index) => named(route, rule, index)),
  );
  return [...read, ...others, ...splits];
}

function named(route: Resource, rule: HttpRouteRule, index: number): NamedRule {
  return { name: `${route.kind}/${namespacedName(route)}#${rule.name ?? index}`, rule, route };
}

/**
 * The rules that a request may have fallen under, by what the Gateway API says of matches and their precedence. More
 * than one where a match looks at header fields, which are not recorded: the first that surely matches is the last.
 * Of a connection of octets those of TLSRoutes, by the server name it asked for; without TLS none applies.
 * Where there is no other route those of TrafficSplits count (smi.md D11). Null: nothing is attached, so the Service itself is meant.
 * Empty: routes are, and none matches.
 */
export function rulesFor(
  seen: Seen,
  routing: Routing,
  evidence: Pick<Evidence, "workloads">,
): readonly NamedRule[] | null {
  if (isOpaque(seen.exchange)) {
    if (seen.exchange.protocol !== "tls") return null;
    const attached = attachedTo(seen, routing, evidence, routing.tlsRoutes);
    return attached && tlsRulesFor(seen.exchange.authority, attached);
  }
  const attached = attachedTo(seen, routing, evidence, routing.routes);
  if (attached === null) {
    if (attachedTo(seen, routing, evidence, routing.grpcRoutes) !== null) return null;
    const { some, whole } = splitsOf(seen, routing.splits);
    return whole === null ? null : [...some, whole];
  }
  const candidates = attached.flatMap(({ route, hostnames }) =>
    (route.spec.rules ?? [{}]).flatMap((rule, ruleIndex) =>
      matchesOf(rule).flatMap((match, index) =>
        (hostnames.length === 0 ? [""] : hostnames).map((hostname) => ({
          hostname,
          match,
          route,
          rule,
          ruleIndex,
          index,
        })),
      ),
    ),
  );
  candidates.sort(compareCandidates);
  const possible = new Map<string, NamedRule>();
  for (const { hostname, match, route, rule, ruleIndex } of candidates) {
    const word = accepts(match, hostname, seen);
    if (word === "no") continue;
    const meant = named(route, rule, ruleIndex);
    possible.set(meant.name, meant);
    if (word === "yes") break;
  }
  return [...possible.values()];
}

/** An exact name before a wildcard, a longer wildcard before a shorter one, the older route before the younger. */
function tlsRulesFor(
  serverName: string,
  attached: readonly Attached<TlsRoute>[],
): readonly NamedRule[] {
  const host = serverName.replace(/\.$/, "").toLowerCase();
  const candidates = attached.flatMap(({ route, hostnames }) =>
    hostnames.filter((name) => isHost(name, host)).map((name) => ({ name, route })),
  );
  const rank = (name: string) => (name.startsWith("*.") ? name.length : Number.POSITIVE_INFINITY);
  const [first] = candidates.sort((a, b) =>
    rank(a.name) === rank(b.name)
      ? compareAge(a.route, b.route)
      : rank(b.name) > rank(a.name)
        ? 1
        : -1,
  );
  return (first?.route.spec.rules ?? []).map((rule, index) => named(first!.route, rule, index));
}

/** Rules whose matches are not judged: is one of them what the record says? Null: the Service itself, as splits leave it. */
export function unjudgedRule(
  seen: Seen,
  routing: Routing,
  evidence: Pick<Evidence, "workloads">,
): NamedRule | null | undefined {
  const { route, service } = seen.exchange;
  const other = routing.others.find(({ name }) => name === route);
  if (other !== undefined || route === null) return other;
  const { some, whole } = splitsOf(seen, routing.splits);
  const isRivalled =
    !isOpaque(seen.exchange) &&
    [routing.routes, routing.grpcRoutes].some(
      (routes) => attachedTo<HttpRoute | GrpcRoute>(seen, routing, evidence, routes) !== null,
    );
  if (isRivalled) return undefined;
  if (whole === null && some.length > 0 && route === `Service/${service}#0`) return null;
  return [...some, whole].find((one) => one?.name === route) ?? undefined;
}

interface Attached<R> {
  readonly route: R;
  readonly hostnames: readonly string[];
}

function attachedTo<R extends HttpRoute | GrpcRoute | TlsRoute>(
  { exchange, of }: Seen,
  routing: Routing,
  { workloads }: Pick<Evidence, "workloads">,
  routes: readonly R[],
): readonly Attached<R>[] | null {
  if (exchange.direction === "gateway") {
    const run = workloads.find((one) => namespacedName(one) === of.workload)?.spec.gateway;
    const gateway = routing.gateways.find(
      (one) => namespacedName(one) === `${of.namespace}/${run}`,
    );
    return gateway === undefined ? null : toGateway(gateway, exchange.servicePort, routes);
  }
  const key = `${exchange.service}:${exchange.servicePort}`;
  const portName = routing.ports[key]?.name ?? null;
  const here = routes.filter((route) =>
    (route.spec.parentRefs ?? []).some(
      (parent) =>
        isServiceParent(parent) &&
        `${parent.namespace ?? namespaceOf(route)}/${parent.name}` === exchange.service &&
        (parent.port === undefined || parent.port === exchange.servicePort) &&
        (parent.sectionName === undefined || parent.sectionName === portName),
    ),
  );
  // GEP-1294: a caller's own namespace may have routes of its own, which then are all that count.
  const consumers = here.filter((route) => namespaceOf(route) === of.namespace);
  const producers = here.filter((route) => exchange.service.startsWith(`${namespaceOf(route)}/`));
  const chosen = consumers.length > 0 ? consumers : producers;
  if (chosen.length === 0) return null;
  return chosen.map((route) => ({
    route,
    // At a Service those of a TLSRoute count, those of an HTTPRoute do not (GEP-1294).
    hostnames: route.kind === "TLSRoute" ? (route.spec.hostnames ?? []) : [],
  }));
}

function toGateway<R extends HttpRoute | GrpcRoute | TlsRoute>(
  gateway: Gateway,
  port: number,
  routes: readonly R[],
): readonly Attached<R>[] {
  const onPort = gateway.spec.listeners.filter((one) => one.port === port);
  return routes.flatMap((route): Attached<R>[] => {
    const protocol = route.kind === "TLSRoute" ? "TLS" : "HTTP";
    const listeners = onPort.filter((one) => one.protocol === protocol);
    return listeners.flatMap((listener) => {
      const isMeant = (route.spec.parentRefs ?? []).some((parent) =>
        namesListener(parent, route, gateway, listener),
      );
      const from = listener.allowedRoutes?.namespaces?.from ?? "Same";
      const isAllowed =
        from === "All" || (from === "Same" && namespaceOf(route) === namespaceOf(gateway));
      const hostnames = inCommon(route.spec.hostnames ?? [], listener.hostname);
      return isMeant && isAllowed && hostnames !== null ? [{ route, hostnames }] : [];
    });
  });
}

function namesListener(
  parent: ParentReference,
  route: HttpRoute | GrpcRoute | TlsRoute,
  gateway: Gateway,
  listener: GatewayListener,
): boolean {
  const { group = gatewayGroup, kind = "Gateway", namespace = namespaceOf(route), name } = parent;
  return (
    group === gatewayGroup &&
    kind === "Gateway" &&
    `${namespace}/${name}` === namespacedName(gateway) &&
    (parent.sectionName === undefined || parent.sectionName === listener.name) &&
    (parent.port === undefined || parent.port === listener.port)
  );
}

/** Host names of both; empty: any; null: none. */
function inCommon(route: readonly string[], listener: string | undefined): string[] | null {
  if (listener === undefined || listener === "") return [...route];
  if (route.length === 0) return [listener];
  const both = route.flatMap((name) =>
    isHost(listener, name) ? [name] : isHost(name, listener) ? [listener] : [],
  );
  return both.length === 0 ? null : both;
}
