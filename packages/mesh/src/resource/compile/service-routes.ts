import type { ServicePortDoc } from "../../model/document.ts";
import type { Service, ServicePort } from "../core/service.ts";
import { protocolOf } from "../core/service-protocol.ts";
import { isServiceParent, type ParentReference } from "../gateway-api/reference.ts";
import { compareAge, namespacedName, namespaceOf, type Resource } from "../meta.ts";
import type { ParentClaims, Refusal } from "./claims.ts";
import type { AnyRouteKind, CompiledAnyRoute } from "./route-kind.ts";
import { routeKinds } from "./route-kinds.ts";
import { servedPorts } from "./service-port.ts";
import type { TableName } from "./tables.ts";
import type { World } from "./world.ts";

export interface ServiceRoutes {
  /** Ports of the document for callers of a namespace; null: for those without routes of their own. */
  readonly portsFor: (consumer: string | null) => readonly ServicePortDoc[];
  /** Namespaces of callers that have routes of their own (GEP-1294). */
  readonly consumers: readonly string[];
  readonly parents: readonly ParentClaims[];
}

/** All routes on a Service. Total: whatever is wrong becomes a condition and a defined failure. */
export function compileServiceRoutes(service: Service, world: World): ServiceRoutes {
  const own = namespaceOf(service);
  const candidates = routeKinds.flatMap(([table, kind], rank) =>
    candidatesOf(service, { table, kind, rank }, world),
  );
  /** Those of one group of callers that apply at a port: of the first kind that is there. */
  const winners = (port: number, namespace: string): readonly Candidate[] => {
    const here = candidates.filter(
      (one) => one.ports.includes(port) && one.namespace === namespace,
    );
    const [first] = here;
    if (first?.kind.isAlone === true) return here.filter((one) => one.compiled === first.compiled);
    return here.filter(({ rank }) => rank === first?.rank);
  };
  const portDoc = (port: ServicePort, consumer: string | null): ServicePortDoc => {
    const theirs = consumer === null ? [] : winners(port.port, consumer);
    const here = theirs.length > 0 ? theirs : winners(port.port, own);
    const [name, number, protocol] = [port.name ?? null, port.port, protocolOf(service, port)];
    const plain = { name, number, protocol, routes: null };
    if (here.length === 0) return plain;
    // A route that names the service twice (by sectionName) is attached once.
    const attached = [...new Set(here.map(({ compiled }) => compiled))].map((compiled) => ({
      compiled,
      hostnames: [],
    }));
    const place = { service: namespacedName(service), port, protocol };
    return { ...plain, ...here[0]!.kind.merge(attached, place) };
  };
  const strangers = new Set(
    candidates.filter(({ ports }) => ports.length > 0).map(({ namespace }) => namespace),
  );
  strangers.delete(own);
  return {
    portsFor: (consumer) => servedPorts(service).map((port) => portDoc(port, consumer)),
    consumers: [...strangers].sort(),
    parents: candidates.map((one) => {
      const { table, kind, compiled, parent, ports, refusal, namespace } = one;
      const rivals = ports.flatMap((port) => {
        const here = winners(port, namespace);
        return here.includes(one) ? [] : here.slice(0, 1);
      });
      const isLost = ports.length > 0 && rivals.length === ports.length;
      const why = isLost ? conflict(service, ports, rivals[0]!) : refusal;
      return {
        route: `${table}/${namespacedName(compiled.route)}`,
        parent,
        conditions: kind.conditions(compiled, why),
      };
    }),
  };
}

interface RankedKind {
  readonly table: TableName;
  readonly kind: AnyRouteKind;
  /** Place in the table of kinds: on one port the least counts. */
  readonly rank: number;
}

/** One parentRef that means the Service. */
interface Candidate extends RankedKind {
  readonly compiled: CompiledAnyRoute;
  readonly namespace: string;
  /** Index of the parentRef. */
  readonly parent: number;
  /** Numbers; none where it is refused. */
  readonly ports: readonly number[];
  readonly refusal: Refusal | null;
}

/** Routes of one kind, the older first, on the ports of `service` that their parentRefs mean. */
function candidatesOf(service: Service, ranked: RankedKind, world: World): readonly Candidate[] {
  const { table, kind } = ranked;
  const routes: readonly Resource[] = world.attached(table, `Service/${namespacedName(service)}`);
  return [...routes].sort(compareAge).flatMap((route) => {
    const here = kind.parents(route).flatMap((parent, index) => {
      if (!pointsAt(parent, route, service)) return [];
      return { ...portsFor(parent, service, kind), parent: index };
    });
    if (here.length === 0) return []; // attached for another reason
    const compiled = kind.compile(route, { crossesNamespaces: true, world });
    const namespace = namespaceOf(route);
    return here.map((one): Candidate => ({ ...ranked, ...one, compiled, namespace }));
  });
}

function conflict(service: Service, ports: readonly number[], rival: Candidate): Refusal {
  const where = ports.length === 1 ? `Port ${ports[0]}` : `Ports ${ports.join(", ")}`;
  const name = `${rival.table} ${namespacedName(rival.compiled.route)}`;
  const why =
    rival.kind.isAlone === true ? "of several the oldest" : "of several kinds of routes one";
  return {
    reason: "Conflicted",
    message: `${where} of Service ${namespacedName(service)}: ${name} is before it; ${why} applies to a port.`,
  };
}

/** Does this parentRef of `route` name `service`? */
export function pointsAt(parent: ParentReference, route: Resource, service: Service): boolean {
  const { namespace = namespaceOf(route), name } = parent;
  return isServiceParent(parent) && `${namespace}/${name}` === namespacedName(service);
}

/** Ports of `service` that a parentRef means and whose connections show what its rules look at, or why there are none. */
function portsFor(
  parent: ParentReference,
  service: Service,
  { isCarried }: AnyRouteKind,
): Pick<Candidate, "ports" | "refusal"> {
  if (service.spec.clusterIP === "None") {
    const message = `Service ${namespacedName(service)} is headless: nobody calls it by its own address.`;
    return { ports: [], refusal: { reason: "NoMatchingParent", message } };
  }
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
