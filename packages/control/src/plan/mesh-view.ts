import { assignSlots } from "@heddle/mesh/balance/assign.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { EndpointsDoc, ServiceDoc, SlotsDoc } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import {
  type CompiledGateway,
  type CompiledService,
  compileAll,
  inputsOf,
  plainWorld,
  selects,
  type WorkloadView,
  type World,
} from "@heddle/mesh/resource/compile.ts";
import { type Process, workloadName } from "@heddle/mesh/resource/heddle/process.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { namespaceOf } from "@heddle/mesh/resource/meta.ts";

/** The processes there are, and who keeps which keys: what resources alone do not say. JSON all through. */
export interface MeshWorld {
  readonly workloads: readonly WorkloadView[];
  readonly slots: Readonly<Record<ServiceKey, SlotsDoc>>;
}

/** A mesh as its proxies are told of it: what would be decided, without anybody to decide it. */
export interface MeshView {
  readonly services: ReadonlyMap<ServiceKey, CompiledService>;
  readonly endpoints: ReadonlyMap<ServiceKey, EndpointsDoc>;
  /** By `<namespace>/<name>`. */
  readonly gateways: ReadonlyMap<string, CompiledGateway>;
  readonly workloads: readonly WorkloadView[];
  readonly clusterDomain: string;
  /** What it was all compiled from. */
  readonly stated: World;
}

/**
 * The mesh that resources make in a world; without one each Process is imagined to run, all of it ready. A Process that has
 * another number of workloads than the world gains or loses some, and slots follow as they would.
 * @param previous who keeps which keys until then
 */
export function meshViewOf(
  resources: readonly KnownResource[],
  world: MeshWorld | null,
  previous: (service: ServiceKey) => SlotsDoc | null = (service) => world?.slots[service] ?? null,
): MeshView {
  const intent = inputsOf(resources);
  const workloads = workloadsOf(resources, world);
  const bare = compileAll(intent);
  const slots = new Map<ServiceKey, SlotsDoc>();
  for (const [key, service] of intent.services) {
    const placement = bare.services.get(key)?.doc.placement ?? null;
    if (placement === null) continue;
    const owners = workloads
      .filter((view) => selects(service, view) && view.state?.phase !== "draining")
      .map(({ uid }) => uid);
    slots.set(key, assignSlots(previous(key), owners, placement.slots));
  }
  const inputs = {
    ...intent,
    workloads: new Map(workloads.map((view) => [view.uid, view])),
    slots,
  };
  const { services, endpoints, gateways } = compileAll(inputs);
  const clusterDomain = intent.mesh?.spec.clusterDomain ?? "cluster.local";
  return { services, endpoints, gateways, workloads, clusterDomain, stated: plainWorld(inputs) };
}

function workloadsOf(
  resources: readonly KnownResource[],
  world: MeshWorld | null,
): readonly WorkloadView[] {
  const processes = resources.filter((one): one is Process => one.kind === "Process");
  const there = new Map(
    (world?.workloads ?? []).map((view) => [`${view.namespace}/${view.name}`, view]),
  );
  const meant = processes.flatMap((process) =>
    Array.from({ length: process.spec.replicas ?? 1 }, (_, ordinal): WorkloadView => {
      const name = workloadName(process.metadata.name, ordinal);
      const known = there.get(`${namespaceOf(process)}/${name}`);
      return { ...(known ?? imagined(name, process)), labels: process.metadata.labels ?? {} };
    }),
  );
  const isMeant = new Set(meant.map(({ namespace, name }) => `${namespace}/${name}`));
  // Guests and gateways run for other reasons than a Process.
  const owned = new Set(processes.map((one) => `${namespaceOf(one)}/${one.metadata.name}`));
  const others = [...there].filter(([key]) => {
    const owner = /^(.*)-\d+$/.exec(key)?.[1] ?? "";
    return !isMeant.has(key) && !owned.has(owner);
  });
  return [...meant, ...others.map(([, view]) => view)];
}

/** One that is not there yet; where it will be nobody knows. */
function imagined(name: string, process: Process): WorkloadView {
  return {
    uid: `${name}.${namespaceOf(process)}`,
    name,
    namespace: namespaceOf(process),
    identity: null,
    labels: {},
    ports: (process.spec.ports ?? []).map((port) => ({
      name: port.name,
      number: port.number ?? null,
      address: tcp("127.0.0.1", port.bind ?? port.number ?? 1),
    })),
    gateway: null,
    inbound: tcp("127.0.0.1", 1),
    state: { phase: "ready" },
  };
}

/** The document that callers of a namespace have of a service; null: there is no such service. */
export function serviceDoc(
  view: MeshView,
  service: ServiceKey,
  namespace: string,
): ServiceDoc | null {
  const compiled = view.services.get(service);
  return compiled === undefined ? null : (compiled.consumers.get(namespace) ?? compiled.doc);
}
