import type { MatchDoc, RuleDoc, ServicePortDoc, TcpRouteDoc } from "../../model/document.ts";
import { compareAge, namespacedName, namespaceOf, resourceKey } from "../meta.ts";
import { serviceOfSplit, type TrafficSplit } from "../smi/trafficsplit.ts";
import type { Attachable } from "./attachable.ts";
import { accepted, type EventClaim } from "./claims.ts";
import type { RouteKind } from "./route-kind.ts";
import { carriesHttp } from "./service-port.ts";
import {
  noteMissing,
  noteShares,
  type SplitBackend,
  type SplitPort,
  sharesAt,
  splitBackends,
} from "./split-backends.ts";
import { type SplitMatches, splitMatches } from "./split-matches.ts";
import type { CompiledWorld } from "./world.ts";

/** Objects with it are somebody else's affair (linkerd-smi). */
const skipAnnotation = "smi.linkerd.io/skip";

export interface CompiledSplit extends SplitMatches {
  readonly route: TrafficSplit;
  readonly backends: readonly SplitBackend[];
}

/**
 * TrafficSplits as routes of least rank: of a port that has any other route they say nothing (smi.md D11). Of several on
 * one Service those for some requests come first, the older before the younger, then the oldest of those for all (D7);
 * what none of them is for goes to the Service itself.
 */
export const splits: RouteKind<TrafficSplit, CompiledSplit> = {
  parents: (split) => {
    const root = rootOf(split);
    if (root === null) return [];
    return [{ group: "", kind: "Service", name: root.slice(root.indexOf("/") + 1) }];
  },
  compile: (route, { world }) => ({
    route,
    backends: splitBackends(route, world),
    ...splitMatches(route, world),
  }),
  conditions: (_, refusal) => [accepted(refusal === null ? [] : [refusal])],
  problems: () => [],
  isCarried: () => true,
  merge: (attached, { service, port, protocol }) => {
    const compiled = [...new Set(attached.map((one) => one.compiled))];
    const place = { number: port.port, protocol };
    const { some, whole } = inOrder(compiled, ({ route }) => route);
    const tcpRoute = whole === null ? null : tcpRouteOf(whole, place);
    const rules = [...some, ...(whole === null ? [] : [whole])].map((one) => ruleOf(one, place));
    const isForNone = whole === null && some.every(({ matches }) => matches!.length === 0);
    return {
      ...(isForNone || !carriesHttp(protocol)
        ? {}
        : {
            routes: {
              matches: [
                ...some.flatMap(({ matches }, rule) =>
                  matches!.map((match): MatchDoc => ({ rule, hostnames: [], ...match })),
                ),
                everything(some.length),
              ],
              rules: whole === null ? [...rules, toItself(service, place)] : rules,
            },
          }),
      // Where the port says what it carries, nothing but octets has no routes.
      ...(tcpRoute === null || (protocol !== "detect" && carriesHttp(protocol))
        ? {}
        : { tcpRoute }),
    };
  },
};

/** What is to be said of a split: it has no status. */
export const splitAttachable: Attachable<TrafficSplit> = {
  targets: (split) => {
    const root = rootOf(split);
    return root === null ? [] : [`Service/${root}`];
  },
  claims: (split, world) => ({ events: isSkipped(split) ? [] : eventsOf(split, world) }),
};

function eventsOf(split: TrafficSplit, world: CompiledWorld): readonly EventClaim[] {
  const warning = (reason: string, message: string): EventClaim => ({
    type: "Warning",
    reason,
    message,
    path: ["spec", "service"],
  });
  const { service: name } = split.spec;
  const key = rootOf(split);
  if (key === null) {
    const message = `Service ${name} is not of the split's namespace ${namespaceOf(split)}: nothing is split.`;
    return [warning("ServiceNotFound", message)];
  }
  const [root, compiled] = [world.find("Service", key), world.service(key)];
  const ports = compiled?.doc.ports ?? [];
  if (root === null || ports.length === 0) {
    const what = root === null ? "There is no Service" : "heddle serves no port of Service";
    return [warning("ServiceNotFound", `${what} ${name}: nothing is split.`)];
  }
  const backends = splitBackends(split, world);
  const { matches, events } = splitMatches(split, world);
  const rivals = ports.flatMap((port): EventClaim | [] => {
    const rival = rivalAt(port);
    if (rival === null) return [];
    const message = `Port ${port.number} of Service ${name} has ${rival}, which is before any split: it is not split.`;
    return warning("Conflicted", message);
  });
  const { whole } = inOrder(world.attached("TrafficSplit", `Service/${key}`), (one) => one);
  if (matches === null && whole !== null && namespacedName(whole) !== namespacedName(split)) {
    const message = `TrafficSplit ${whole.metadata.name} is older and splits all requests to Service ${name}, too: this one says nothing.`;
    return [...rivals, warning("Conflicted", message)];
  }
  const unread =
    matches === null
      ? []
      : ports
          .filter((port) => !carriesHttp(port.protocol))
          .map(({ number, protocol }) =>
            warning(
              "UnsupportedProtocol",
              `Port ${number} of Service ${name} carries ${protocol}, whose requests nobody reads: it is not split.`,
            ),
          );
  const divided = ports.filter(
    (port) => rivalAt(port) === null && (matches === null || carriesHttp(port.protocol)),
  );
  return [
    ...rivals,
    ...unread,
    ...noteMissing(backends, split),
    ...divided.flatMap((port) => noteShares(backends, root, port)),
    ...events,
  ];
}

/** The route of another kind that a port has; null: none. */
function rivalAt({ routes, tlsRoutes, tcpRoute }: ServicePortDoc): string | null {
  const route = routes?.rules[0]?.route ?? tlsRoutes?.[0]?.route ?? tcpRoute?.route ?? null;
  const isOurs = route === null || /^(TrafficSplit|Service)\//.test(route);
  return isOurs ? null : route;
}

/** The split service, `<namespace>/<name>`. Null: there can be none, or the split is not for us. */
function rootOf(split: TrafficSplit): string | null {
  return isSkipped(split) ? null : serviceOfSplit(split, split.spec.service);
}

function isSkipped({ metadata }: TrafficSplit): boolean {
  return metadata.annotations?.[skipAnnotation] !== undefined;
}

interface Ordered<T> {
  /** Those for some requests. */
  readonly some: readonly T[];
  /** The one for all. */
  readonly whole: T | null;
}

function inOrder<T>(all: readonly T[], splitOf: (one: T) => TrafficSplit): Ordered<T> {
  const sorted = [...all].sort((a, b) => compareAge(splitOf(a), splitOf(b)));
  const isForSome = (one: T) => (splitOf(one).spec.matches ?? []).length > 0;
  return {
    some: sorted.filter(isForSome),
    whole: sorted.find((one) => !isForSome(one)) ?? null,
  };
}

function ruleOf({ route, backends }: CompiledSplit, port: SplitPort): RuleDoc {
  return rule(resourceKey(route), sharesAt(backends, port));
}

/** The root, as if there were no split. */
function toItself(service: string, { number }: SplitPort): RuleDoc {
  const backend = { service, port: number };
  return rule(`Service/${service}`, [{ backend, weight: 1, filters: [] }]);
}

function rule(route: string, backends: RuleDoc["backends"]): RuleDoc {
  return { route, name: "0", filters: [], backends, requestTimeoutMs: null, fails: null };
}

function tcpRouteOf({ route, backends }: CompiledSplit, port: SplitPort): TcpRouteDoc {
  // Octets are carried by whoever has the port, whatever else is said of it.
  const place = { ...port, protocol: "opaque" } as const;
  return { route: resourceKey(route), name: "0", backends: sharesAt(backends, place) };
}

function everything(rule: number): MatchDoc {
  return {
    rule,
    hostnames: [],
    path: { type: "prefix", value: "/" },
    method: null,
    headers: [],
    query: [],
  };
}
