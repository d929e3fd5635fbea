import type { PortProtocol, ServiceDoc, ServicePortDoc } from "../../model/document.ts";
import { defaultBackendPolicy } from "../../policy/backend-policy.ts";
import type { Service, ServicePort } from "../core/service.ts";
import { notePicker, pickerOf } from "../core/service-picker.ts";
import { noteProtocols, protocolOf } from "../core/service-protocol.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import { isServiceParent, type ParentReference } from "../gateway-api/reference.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Placement } from "../heddle/placement.ts";
import { compareAge, namespacedName, namespaceOf, type Resource } from "../meta.ts";
import { type Problem, Problems } from "../schema/problem.ts";
import type { BackendScope } from "./backend.ts";
import type { ParentClaims, Refusal } from "./claims.ts";
import { compileContract } from "./contract.ts";
import { compileFault } from "./fault.ts";
import { compilePlacement } from "./placement.ts";
import { httpRoutes, type RouteKind, tlsRoutes } from "./route-kind.ts";
import { type CompiledRoute, mergeRoutes } from "./routes.ts";
import { carriesHttp, carriesTls, noteUnserved, servedPorts } from "./service-port.ts";
import { type CompiledTlsRoute, tlsRouteDocs } from "./tls-route.ts";

/** What a service's document is made from, besides the Service itself. Order says nothing. */
export interface ServiceInputs {
  /** Routes that have this Service as a parent, from any namespace. */
  readonly routes: readonly HttpRoute[];
  /** Likewise. Default: none. */
  readonly tlsRoutes?: readonly TlsRoute[];
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
  readonly tlsParents: readonly ParentClaims[];
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
  const { attachments, parents } = attach(service, inputs.routes, scope, {
    ...httpRoutes,
    isCarried: carriesHttp,
  });
  const { attachments: tlsAttachments, parents: tlsParents } = attach(
    service,
    inputs.tlsRoutes ?? [],
    scope,
    { ...tlsRoutes, isCarried: carriesTls },
  );
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
    ports: servedPorts(service).map((port) =>
      portDoc(service, port, { attachments, tlsAttachments, consumer }),
    ),
    placement: placement.doc,
    policy,
    contract: contract.doc,
    fault: fault.doc,
  });
  const strangers = new Set([...attachments, ...tlsAttachments].map(({ namespace }) => namespace));
  strangers.delete(own);
  const notes = new Problems();
  noteUnserved(service, notes);
  noteProtocols(service, servedPorts(service), notes);
  notePicker(service, notes);
  return {
    doc: docFor(null),
    consumers: new Map([...strangers].sort().map((one) => [one, docFor(one)])),
    parents,
    tlsParents,
    lostPlacements: placement.losers,
    lostContracts: contract.losers,
    lostFaults: fault.losers,
    notes: notes.found,
  };
}

/** Does this parentRef of `route` name `service`? */
export function pointsAt(parent: ParentReference, route: Resource, service: Service): boolean {
  const { namespace = namespaceOf(route), name } = parent;
  return isServiceParent(parent) && `${namespace}/${name}` === namespacedName(service);
}

/** Routes of one kind, the older first, on the ports of `service` that their parentRefs mean. */
function attach<Route extends HttpRoute | TlsRoute, Compiled>(
  service: Service,
  routes: readonly Route[],
  scope: Omit<BackendScope, "route">,
  kind: RouteKind<Route, Compiled> & { readonly isCarried: (protocol: PortProtocol) => boolean },
): {
  readonly attachments: readonly Attachment<Compiled>[];
  readonly parents: readonly ParentClaims[];
} {
  const attachments: Attachment<Compiled>[] = [];
  const parents: ParentClaims[] = [];
  for (const route of [...routes].sort(compareAge)) {
    const compiled = kind.compile(route, scope);
    (route.spec.parentRefs ?? []).forEach((parent, index) => {
      if (!pointsAt(parent, route, service)) return;
      const { ports, refusal } = portsFor(parent, service, kind.isCarried);
      const conditions = kind.conditions(compiled, refusal);
      parents.push({ route: namespacedName(route), parent: index, conditions });
      for (const port of ports) attachments.push({ compiled, namespace: namespaceOf(route), port });
    });
  }
  return { attachments, parents };
}

interface Attachment<Compiled> {
  readonly compiled: Compiled;
  readonly namespace: string;
  readonly port: number;
}

interface Attachments {
  readonly attachments: readonly Attachment<CompiledRoute>[];
  readonly tlsAttachments: readonly Attachment<CompiledTlsRoute>[];
  /** Namespace of the callers; null: those without routes of their own. */
  readonly consumer: string | null;
}

function portDoc(
  service: Service,
  port: ServicePort,
  { attachments, tlsAttachments, consumer }: Attachments,
): ServicePortDoc {
  const scope = { port: port.port, own: namespaceOf(service), consumer };
  const routes = routesHere(attachments, scope);
  const tlsRoutes = routesHere(tlsAttachments, scope);
  return {
    name: port.name ?? null,
    number: port.port,
    protocol: protocolOf(service, port),
    routes:
      routes.length === 0
        ? null
        : mergeRoutes(routes.map((compiled) => ({ compiled, hostnames: [] }))),
    ...(tlsRoutes.length === 0
      ? {}
      : {
          tlsRoutes: tlsRouteDocs(
            tlsRoutes.map((compiled) => ({ compiled, hostnames: compiled.route.spec.hostnames })),
          ),
        }),
  };
}

/** Routes of one kind on a port, for callers of one namespace: theirs, or else those of the service's own. */
function routesHere<Compiled>(
  attachments: readonly Attachment<Compiled>[],
  { port, own, consumer }: { port: number; own: string; consumer: string | null },
): readonly Compiled[] {
  const here = attachments.filter((one) => one.port === port);
  const theirs = here.filter(({ namespace }) => namespace === consumer);
  const chosen = theirs.length > 0 ? theirs : here.filter(({ namespace }) => namespace === own);
  // A route that names the service twice (by sectionName) is attached once.
  return [...new Set(chosen.map(({ compiled }) => compiled))];
}

/** Ports of `service` that a parentRef means and whose connections show what its rules look at, or why there are none. */
function portsFor(
  parent: ParentReference,
  service: Service,
  isCarried: (protocol: PortProtocol) => boolean,
): { readonly ports: readonly number[]; readonly refusal: Refusal | null } {
  const meant = servedPorts(service).filter((port) => isMeant(parent, port));
  const usable = meant.filter((port) => isCarried(protocolOf(service, port)));
  const ports = usable.map(({ port }) => port);
  return { ports, refusal: ports.length > 0 ? null : noPort(parent, service, meant) };
}

function isMeant({ port, sectionName }: ParentReference, candidate: ServicePort): boolean {
  const isPort = port === undefined || candidate.port === port;
  return isPort && (sectionName === undefined || candidate.name === sectionName);
}

/** @param meant ports that the reference means, none of which carries what the route's rules look at */
function noPort(
  { port, sectionName }: ParentReference,
  service: Service,
  meant: readonly ServicePort[],
): Refusal {
  if (meant.length > 0) {
    const ports = meant.map((one) => `${one.port} carries ${protocolOf(service, one)}`).join(", ");
    const message = `Port ${ports}: Service ${namespacedName(service)} has none to which such rules could apply.`;
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
