import type { ServicePortDoc, WeightedBackendDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import { protocolOf } from "../core/service-protocol.ts";
import { namespacedName, namespaceOf } from "../meta.ts";
import type { Path } from "../schema/path.ts";
import { serviceOfSplit, type TrafficSplit } from "../smi/trafficsplit.ts";
import type { EventClaim } from "./claims.ts";
import { carriesHttp, servedPorts } from "./service-port.ts";
import type { World } from "./world.ts";

/** A backend of a split, and the Service it means; null where there is none. */
export interface SplitBackend {
  /** As the split calls it. */
  readonly name: string;
  readonly weight: number;
  readonly service: Service | null;
  readonly path: Path;
}

/** What of a port decides who takes part. */
export type SplitPort = Pick<ServicePortDoc, "number" | "protocol">;

/** Largest weight of a document. Shares finer than a millionth are rounded. */
const weightMax = 1_000_000;

/** The share of a split that nobody has: answered 503, and closed where octets are carried. */
const nobody: WeightedBackendDoc = { backend: null, fails: "no-endpoint", weight: 1, filters: [] };

export function splitBackends(split: TrafficSplit, world: World): readonly SplitBackend[] {
  return split.spec.backends.map(({ service: name, weight }, index) => {
    const key = serviceOfSplit(split, name);
    const found = key === null ? null : world.find("Service", key);
    const service = found?.spec.type === "ExternalName" ? null : found; // it has no endpoints
    return { name, weight, service, path: ["spec", "backends", index, "service"] };
  });
}

/**
 * Shares of what comes for one port of the root. A Service that has no port of this number takes no part; one that is not
 * there keeps its share, which fails. A backend means its own endpoints, also where it is the root of another split.
 */
export function sharesAt(
  backends: readonly SplitBackend[],
  port: SplitPort,
): readonly WeightedBackendDoc[] {
  const taking = backends.filter((one) => takesPart(one, port));
  const scale = scaleOf(taking.map(({ weight }) => weight));
  const shares = taking.flatMap(({ service, weight }): WeightedBackendDoc | [] => {
    const share = weight === 0 ? 0 : Math.max(1, Math.round(weight * scale));
    if (service !== null && canCarry(service, port)) {
      const backend = { service: namespacedName(service), port: port.number };
      return { backend, weight: share, filters: [] };
    }
    return share === 0 ? [] : { ...nobody, weight: share };
  });
  return shares.some(({ weight }) => weight > 0) ? shares : [nobody];
}

/** What people should know of the shares at one port. */
export function noteShares(
  backends: readonly SplitBackend[],
  root: Service,
  port: SplitPort,
): readonly EventClaim[] {
  const at = `port ${port.number} of Service ${root.metadata.name}`;
  const weighty = backends.filter(({ weight }) => weight > 0);
  const events = weighty.flatMap(({ service, name, path }): EventClaim | [] => {
    if (service === null) return []; // told once, of all ports
    if (!hasPort(service, port)) {
      const message = `Service ${name} has no port ${port.number}: it gets nothing of what comes for ${at}.`;
      return { type: "Warning", reason: "BackendWithoutPort", message, path };
    }
    if (canCarry(service, port)) return [];
    const message = `Port ${port.number} of Service ${name} does not carry HTTP: its share of what comes for ${at} gets 503.`;
    return { type: "Warning", reason: "UnsupportedProtocol", message, path };
  });
  if (weighty.some((one) => takesPart(one, port))) return events;
  const message = `No backend with a weight takes part in ${at}: all of it gets 503, and octets are closed.`;
  const path = ["spec", "backends"];
  return [...events, { type: "Warning", reason: "NoBackends", message, path }];
}

/** Backends that are not there and are to get something. */
export function noteMissing(
  backends: readonly SplitBackend[],
  split: TrafficSplit,
): readonly EventClaim[] {
  return backends.flatMap(({ service, weight, name, path }): EventClaim | [] => {
    if (service !== null || weight === 0) return [];
    const where = serviceOfSplit(split, name);
    const missing =
      where === null
        ? `Service ${name} is not of the split's namespace ${namespaceOf(split)}`
        : `There is no Service ${name} with endpoints in namespace ${namespaceOf(split)}`;
    const message = `${missing}: its share gets 503.`;
    return { type: "Warning", reason: "BackendNotFound", message, path };
  });
}

function takesPart({ service }: SplitBackend, port: SplitPort): boolean {
  return service === null || hasPort(service, port);
}

function hasPort(service: Service, { number }: SplitPort): boolean {
  return servedPorts(service).some((one) => one.port === number);
}

/** Requests go only where requests are read; octets go anywhere. */
function canCarry(service: Service, { number, protocol }: SplitPort): boolean {
  const own = servedPorts(service).find((one) => one.port === number);
  if (own === undefined) return false;
  return !carriesHttp(protocol) || carriesHttp(protocolOf(service, own));
}

/** By what weights are multiplied so that the largest fits a document; 1 where it does. */
function scaleOf(weights: readonly number[]): number {
  const largest = Math.max(0, ...weights);
  return largest <= weightMax ? 1 : weightMax / largest;
}
