import { exchangeOf } from "./conversations.ts";
import { isOutside, isProxy, shortName, workloadOf } from "./endpoint-name.ts";
import type { EndpointName, History, HistoryEvent } from "./event.ts";
import type { RecordedHistories } from "./histories.ts";
import type { GlobalView } from "./merge.ts";
import { formatService } from "./notation.ts";

/** An edge of the service graph: who asks a service, and how often. */
export interface ServiceEdge {
  /** A service, or the name of a process that backs none; `outside` for all beyond a gateway. */
  readonly from: string;
  readonly to: string;
  /** Requests made: what callers see. */
  readonly requests: number;
  /** Requests sent on by their proxies: more where some were tried again, fewer where some were refused. */
  readonly attempts: number;
}

/** An edge of the process graph: a hop between a process and a proxy, or between two proxies. */
export interface ProcessEdge {
  readonly from: EndpointName;
  readonly to: EndpointName;
  readonly requests: number;
  readonly replies: number;
  /** The edges of the service graph that it carries, as `from → to`; empty where that is not recorded. */
  readonly of: readonly string[];
}

/** Which services a workload backs: how processes are put together to services. */
export type ServicesOf = (workload: EndpointName) => readonly string[];

/** What workloads were seen to answer for: what their proxies received from others, for which service. */
export function servicesSeen({ histories }: RecordedHistories): ServicesOf {
  const seen = new Map<EndpointName, Set<string>>();
  for (const { endpoint, events } of histories.values()) {
    if (isProxy(endpoint) || isOutside(endpoint)) continue;
    for (const { kind, message } of events) {
      if (kind !== "recv" || message.type !== "request" || message.service === null) continue;
      const services = seen.get(endpoint) ?? new Set();
      seen.set(endpoint, services.add(message.service));
    }
  }
  return (workload) => [...(seen.get(workload) ?? [])];
}

/** {service, process} × structure: two graphs of one run. The second maps onto the first. */
export function structureOf(
  { pairs }: GlobalView,
  servicesOf: ServicesOf,
  namespace = "default",
): { readonly service: readonly ServiceEdge[]; readonly process: readonly ProcessEdge[] } {
  const source = (caller: EndpointName): string => {
    if (isOutside(caller)) return "outside";
    const services = servicesOf(caller).map((service) => formatService(service, namespace));
    return services.length > 0 ? services.sort().join(", ") : shortName(caller, namespace);
  };
  const service = new Map<
    string,
    { from: string; to: string; requests: number; attempts: number }
  >();
  /** The service edge that an exchange belongs to. */
  const edgeOf = new Map<string, string>();
  for (const { recv, send } of pairs) {
    if (send === null || recv === null || !isAsked(send, recv)) continue;
    const to = recv.message.service;
    if (to === null) continue;
    const from = source(send.endpoint);
    const name = `${from} → ${formatService(to, namespace)}`;
    edgeOf.set(exchangeOf(recv), name);
    const edge = service.get(name) ?? {
      from,
      to: formatService(to, namespace),
      requests: 0,
      attempts: 0,
    };
    edge.requests++;
    service.set(name, edge);
  }
  for (const { send, recv } of pairs) {
    if (send === null || !isSentOn(send)) continue;
    const name = edgeOf.get(exchangeOf(send));
    if (name === undefined) continue;
    service.get(name)!.attempts++;
    if (recv !== null) edgeOf.set(exchangeOf(recv), name); // the callee's proxy's exchange
  }
  return { service: [...service.values()].sort(byEnds), process: hops(pairs, edgeOf) };
}

/** {service, process} × behaviour: histories of processes alone, or of all endpoints. */
export function behaviourOf(
  { histories }: RecordedHistories,
  level: "service" | "process",
): readonly History[] {
  return [...histories.values()]
    .filter(({ endpoint }) => level === "process" || !isProxy(endpoint))
    .sort((a, b) => compare(a.endpoint, b.endpoint));
}

function hops(
  pairs: GlobalView["pairs"],
  edgeOf: ReadonlyMap<string, string>,
): readonly ProcessEdge[] {
  const found = new Map<
    string,
    ProcessEdge & { requests: number; replies: number; of: string[] }
  >();
  for (const { send, recv } of pairs) {
    if (send === null || recv === null) continue;
    const isRequest = send.message.type === "request";
    const [from, to] = isRequest ? [send.endpoint, recv.endpoint] : [recv.endpoint, send.endpoint]; // a reply goes back along the edge
    const key = `${from} ${to}`;
    const edge = found.get(key) ?? { from, to, requests: 0, replies: 0, of: [] };
    if (isRequest) edge.requests++;
    else edge.replies++;
    const of = edgeOf.get(exchangeOf(recv)) ?? edgeOf.get(exchangeOf(send));
    if (of !== undefined && !edge.of.includes(of)) edge.of.push(of);
    found.set(key, edge);
  }
  return [...found.values()].sort(byEnds);
}

/** M1: a process, or somebody outside, asks a proxy that acts for it. */
function isAsked(send: HistoryEvent, recv: HistoryEvent): boolean {
  if (send.message.type !== "request" || isProxy(send.endpoint) || !isProxy(recv.endpoint)) {
    return false;
  }
  return isOutside(send.endpoint) || send.endpoint === workloadOf(recv.endpoint);
}

/** M2: a proxy asks another workload. */
function isSentOn({ endpoint, message }: HistoryEvent): boolean {
  const meant = message.targetEndpoint;
  if (message.type !== "request" || !isProxy(endpoint)) return false;
  return meant === null || workloadOf(meant) !== workloadOf(endpoint);
}

function byEnds(a: { from: string; to: string }, b: { from: string; to: string }): number {
  return compare(a.from, b.from) || compare(a.to, b.to);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
