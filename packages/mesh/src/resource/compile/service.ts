import type { ServiceDoc, ServicePortDoc } from "../../model/document.ts";
import { defaultBackendPolicy } from "../../policy/backend-policy.ts";
import type { Service, ServicePort } from "../core/service.ts";
import { notePicker, pickerOf } from "../core/service-picker.ts";
import { noteProtocols, protocolOf } from "../core/service-protocol.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import { isServiceParent, type ParentReference } from "../gateway-api/reference.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Placement } from "../heddle/placement.ts";
import { compareAge, namespacedName, namespaceOf } from "../meta.ts";
import { type Problem, Problems } from "../schema/problem.ts";
import { accepted, type ParentClaims, type Refusal } from "./claims.ts";
import { compileContract } from "./contract.ts";
import { compileFault } from "./fault.ts";
import { compilePlacement } from "./placement.ts";
import { type CompiledRoute, compileRoute, mergeRoutes, routeConditions } from "./routes.ts";
import { carriesHttp, noteUnserved, servedPorts } from "./service-port.ts";

/** What a service's document is made from, besides the Service itself. Order says nothing. */
export interface ServiceInputs {
  /** Routes that have this Service as a parent, from any namespace. */
  readonly routes: readonly HttpRoute[];
  /** Placements that target it. */
  readonly placements: readonly Placement[];
  /** Contracts and Faults that target it. Default: none. */
  readonly contracts?: readonly Contract[];
  readonly faults?: readonly Fault[];
  /** Key of the hashes of recorded values, 32 hex digits. Default: zeros, which keep nothing secret. */
  readonly hashKey?: string;
  readonly findService: (key: string) => Service | null;
}

export interface CompiledService {
  /** For callers in namespaces without routes of their own. */
  readonly doc: ServiceDoc;
  /** By namespace, where consumer routes replace those of the service's own namespace (GEP-1294). */
  readonly consumers: ReadonlyMap<string, ServiceDoc>;
  readonly parents: readonly ParentClaims[];
  /** Placements, Contracts and Faults that target the service and do not hold, by `<namespace>/<name>`. */
  readonly lostPlacements: ReadonlyMap<string, Refusal>;
  readonly lostContracts: ReadonlyMap<string, Refusal>;
  readonly lostFaults: ReadonlyMap<string, Refusal>;
  readonly notes: readonly Problem[];
}

/** Hashes with it can be made by anybody who knows the values. */
export const noHashKey = "0".repeat(32);

/** The document a caller in `namespace` is given. */
export function serviceDocFor(compiled: CompiledService, namespace: string): ServiceDoc {
  return compiled.consumers.get(namespace) ?? compiled.doc;
}

/** A Service and all that is attached to it. Total: whatever is wrong becomes a condition and a defined failure. */
export function compileService(service: Service, inputs: ServiceInputs): CompiledService {
  const own = namespaceOf(service);
  const scope = { crossesNamespaces: true, findService: inputs.findService };
  const attachments: Attachment[] = [];
  const parents: ParentClaims[] = [];
  for (const route of [...inputs.routes].sort(compareAge)) {
    const compiled = compileRoute(route, scope);
    (route.spec.parentRefs ?? []).forEach((parent, index) => {
      if (!pointsAt(parent, route, service)) return;
      const meant = servedPorts(service).filter((port) => isMeant(parent, port));
      const ports = meant.filter((port) => carriesHttp(protocolOf(service, port)));
      const conditions = [...routeConditions(compiled)];
      if (ports.length === 0) conditions[0] = accepted([noPort(parent, service, meant)]);
      parents.push({ route: namespacedName(route), parent: index, conditions });
      for (const port of ports) {
        attachments.push({ compiled, namespace: namespaceOf(route), port: port.port });
      }
    });
  }
  const { name } = service.metadata;
  const { contracts = [], faults = [], hashKey = noHashKey } = inputs;
  const placement = compilePlacement(inputs.placements, name);
  const contract = compileContract(contracts, name, hashKey);
  const fault = compileFault(faults, name);
  const policy = { ...defaultBackendPolicy, picker: pickerOf(service) };
  const docFor = (consumer: string | null): ServiceDoc => ({
    kind: "service",
    namespace: own,
    name,
    ports: servedPorts(service).map((port) => portDoc(service, port, { attachments, consumer })),
    placement: placement.doc,
    policy,
    contract: contract.doc,
    fault: fault.doc,
  });
  const strangers = new Set(attachments.map(({ namespace }) => namespace));
  strangers.delete(own);
  const notes = new Problems();
  noteUnserved(service, notes);
  noteProtocols(service, servedPorts(service), notes);
  notePicker(service, notes);
  return {
    doc: docFor(null),
    consumers: new Map([...strangers].sort().map((one) => [one, docFor(one)])),
    parents,
    lostPlacements: placement.losers,
    lostContracts: contract.losers,
    lostFaults: fault.losers,
    notes: notes.found,
  };
}

/** Does this parentRef of `route` name `service`? */
export function pointsAt(parent: ParentReference, route: HttpRoute, service: Service): boolean {
  const { namespace = namespaceOf(route), name } = parent;
  return isServiceParent(parent) && `${namespace}/${name}` === namespacedName(service);
}

interface Attachment {
  readonly compiled: CompiledRoute;
  readonly namespace: string;
  readonly port: number;
}

function portDoc(
  service: Service,
  port: ServicePort,
  { attachments, consumer }: { attachments: readonly Attachment[]; consumer: string | null },
): ServicePortDoc {
  const own = namespaceOf(service);
  const here = attachments.filter((one) => one.port === port.port);
  const theirs = here.filter(({ namespace }) => namespace === consumer);
  const chosen = theirs.length > 0 ? theirs : here.filter(({ namespace }) => namespace === own);
  // A route that names the service twice (by sectionName) is attached once.
  const routes = [...new Set(chosen.map(({ compiled }) => compiled))];
  return {
    name: port.name ?? null,
    number: port.port,
    protocol: protocolOf(service, port),
    routes:
      routes.length === 0
        ? null
        : mergeRoutes(routes.map((compiled) => ({ compiled, hostnames: [] }))),
  };
}

function isMeant({ port, sectionName }: ParentReference, candidate: ServicePort): boolean {
  const isPort = port === undefined || candidate.port === port;
  return isPort && (sectionName === undefined || candidate.name === sectionName);
}

/** @param meant ports that the reference means, none of which carries HTTP that is read */
function noPort(
  { port, sectionName }: ParentReference,
  service: Service,
  meant: readonly ServicePort[],
): Refusal {
  if (meant.length > 0) {
    const ports = meant.map((one) => `${one.port} carries ${protocolOf(service, one)}`).join(", ");
    const message = `Port ${ports}: nobody reads requests on Service ${namespacedName(service)}.`;
    return { reason: "NoMatchingParent", message };
  }
  const what = [
    port === undefined ? [] : `port ${port}`,
    sectionName === undefined ? [] : `port name ${sectionName}`,
  ].flat();
  const asked = what.length === 0 ? "port that heddle serves" : what.join(" with ");
  return {
    reason: "NoMatchingParent",
    message: `Service ${namespacedName(service)} has no ${asked}.`,
  };
}
