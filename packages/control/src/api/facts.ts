import type { Clock } from "@heddle/mesh/base/clock.ts";
import { formatAddress } from "@heddle/mesh/model/address.ts";
import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import { parseSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { Claims } from "@heddle/mesh/resource/compile/claims.ts";
import { gatewaySocket } from "@heddle/mesh/resource/compile/sockets.ts";
import { selects, type WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import { type Contract, holdsCondition } from "@heddle/mesh/resource/heddle/contract.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import type { ConditionClaim } from "@heddle/mesh/resource/meta.ts";
import { compareText, namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type { ProcessObserved } from "../host/link.ts";
import type { MeshWorld } from "../plan/mesh-view.ts";
import type { Door } from "../serve/door.ts";
import { openConnections, workloadStats } from "../serve/workload-stat.ts";
import { progress } from "../status/statuses.ts";
import { constraintsOf } from "../watch/constraints.ts";
import { contractConditions } from "../watch/contracts.ts";
import type { Controller } from "../watch/controller.ts";
import { standingWarnings } from "./standing-warnings.ts";
import type {
  CheckData,
  EdgeRow,
  EndpointRow,
  MeshInfo,
  ProcessRow,
  StatRow,
  WorkloadRow,
} from "./verbs.ts";

export interface FactsOptions {
  readonly controller: Controller;
  readonly door: Door;
  readonly clock: Clock;
  readonly about: Pick<
    MeshInfo,
    "version" | "startedWallMs" | "rootFingerprint" | "isRootNew" | "epoch"
  > & { readonly rootExpiresWallMs: number };
}

/** What people and scripts ask about the mesh as it is. */
export class Facts {
  readonly #options: FactsOptions;

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  info(): MeshInfo {
    const { controller, about } = this.#options;
    const { rootExpiresWallMs: _, ...rest } = about;
    const { trustDomain, profile } = meshSettings(controller.index.inputs.mesh);
    return { ...rest, revision: controller.version.revision, trustDomain, profile };
  }

  /** By name; guests and gateways too. */
  workloads(): readonly WorkloadRow[] {
    return this.#views()
      .map((view) => this.#row(view))
      .sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
  }

  stat(by: "services" | "workloads", namespace: string | null): readonly StatRow[] {
    return by === "services" ? this.#serviceStat(namespace) : this.#workloadStat(namespace);
  }

  edges(namespace: string | null): readonly EdgeRow[] {
    const { door, clock } = this.#options;
    return door.stats.edges(clock.monotonicMs()).flatMap((edge): EdgeRow | [] => {
      const [destinationNamespace = "", destination = ""] = edge.service.split("/");
      if (namespace !== null && destinationNamespace !== namespace) return [];
      const source = edge.source === null ? null : parseSpiffeId(edge.source);
      return {
        source: source?.serviceAccount ?? "-",
        destination,
        sourceNamespace: source?.namespace ?? "-",
        destinationNamespace,
        clientId: edge.source,
        serverId: this.#identityOf(edge.service),
        isSecured: edge.tls,
        protocols: edge.protocols,
        requests: edge.requests,
        connections: edge.connections,
      };
    });
  }

  endpoints(service: string | null, namespace: string | null): readonly EndpointRow[] {
    return this.#services(namespace)
      .filter(({ metadata }) => service === null || metadata.name === service)
      .flatMap((one) => this.#endpointRows(one));
  }

  /** What was compiled for each process, or for one; nothing without proxies that could be held to it. */
  constraints(workload: string | null, namespace: string | null): readonly Constraint[] {
    const { controller } = this.#options;
    if (!controller.hasProxies) return [];
    return this.#views()
      .filter((view) => workload === null || view.name === workload)
      .filter((view) => namespace === null || view.namespace === namespace)
      .sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name))
      .flatMap((view) => {
        const documents = controller.snapshotFor(view.uid)?.documents.values() ?? [];
        return constraintsOf(documents, this.#ownerOf(view));
      });
  }

  /** What resources alone do not say: who runs, and who keeps which keys. */
  world(): MeshWorld {
    const { slots } = this.#options.controller.index.inputs;
    return { workloads: this.#views(), slots: Object.fromEntries(slots) };
  }

  /** What intent calls a workload. */
  #ownerOf({ uid, namespace, name, gateway }: WorkloadView): string {
    if (gateway !== null) return `Gateway/${namespace}/${gateway}`;
    const process = this.#options.controller.workloadOf(uid)?.spec.process;
    return process === undefined
      ? `Workload/${namespace}/${name}`
      : `Process/${namespace}/${process}`;
  }

  check(): CheckData {
    const { controller, clock, about } = this.#options;
    const workloads = this.workloads();
    return {
      info: this.info(),
      nowWallMs: clock.wallMs(),
      rootExpiresWallMs: about.rootExpiresWallMs,
      workloads,
      refusals: this.#views().flatMap(({ uid, name }) =>
        [...controller.proxies.get(uid).refused].map(([document, errors]) => ({
          workload: name,
          document,
          errors,
        })),
      ),
      failedSockets: controller.host.failedSockets,
      conditions: this.#conditions(),
      warnings: standingWarnings(controller.index),
    };
  }

  #views(): readonly WorkloadView[] {
    return [...this.#options.controller.views.values()];
  }

  #services(namespace: string | null): readonly Service[] {
    const services = [...this.#options.controller.index.inputs.services.values()];
    return services
      .filter((service) => namespace === null || namespaceOf(service) === namespace)
      .sort(
        (a, b) =>
          compareText(namespaceOf(a), namespaceOf(b)) ||
          compareText(a.metadata.name, b.metadata.name),
      );
  }

  #row(view: WorkloadView): WorkloadRow {
    const { controller, door } = this.#options;
    const { uid, name, namespace, gateway, state } = view;
    const observed = controller.host.workload(uid);
    const session = door.session(uid);
    const hasProxies = this.info().profile === "run";
    const app = rowOf(observed?.app ?? null);
    const proxy = rowOf(observed?.proxy ?? null);
    const isCurrent = !hasProxies || session?.isCurrent === true;
    const process = controller.workloadOf(uid)?.spec.process ?? null;
    const backs = this.#services(namespace).some((service) => selects(service, view));
    const urls = this.#urls(view);
    const serves =
      gateway !== null
        ? urls.length > 0
        : backs
          ? state?.phase === "ready"
          : app === null || app.isReady;
    const isReady = serves && (!hasProxies || proxy?.isReady === true);
    const reason = this.#reasonOf(view, app, proxy);
    return {
      uid,
      name,
      namespace,
      process,
      gateway,
      app,
      proxy,
      isCurrent,
      isConnected: session !== null,
      isReady,
      isDraining: controller.isDraining(uid),
      ports: observed?.ports ?? {},
      urls,
      reason: isReady ? null : (reason ?? "waiting for its proxy to know its part"),
    };
  }

  #reasonOf(view: WorkloadView, app: ProcessRow | null, proxy: ProcessRow | null): string | null {
    const isLeaving = this.#options.controller.isDraining(view.uid);
    if (isLeaving || view.state?.phase === "draining") return "draining";
    const failed = this.#options.controller.host.failedSockets;
    const socket = Object.keys(failed).find((name) =>
      name.startsWith(`${view.name}.${view.namespace}/`),
    );
    if (socket !== undefined) return failed[socket]!;
    if (app !== null && !app.isReady) return app.reason ?? app.phase;
    if (proxy !== null && !proxy.isReady) return proxy.reason ?? `proxy ${proxy.phase}`;
    return null;
  }

  #urls(view: WorkloadView): readonly string[] {
    const { controller } = this.#options;
    if (view.gateway === null) return [];
    const gateway = controller.index.outputs.gateways.get(`${view.namespace}/${view.gateway}`);
    return (gateway?.sockets ?? []).flatMap(({ name, protocol }) => {
      const address = controller.host.sockets.get(gatewaySocket(view, name));
      return address === undefined ? [] : [`${protocol}://${formatAddress(address)}`];
    });
  }

  #serviceStat(namespace: string | null): readonly StatRow[] {
    const { door, clock } = this.#options;
    const stats = door.stats.services(clock.monotonicMs());
    return this.#services(namespace).map((service) => {
      const { name } = service.metadata;
      const found = stats.find((row) => row.service === `${namespaceOf(service)}/${name}`);
      const views = this.#views().filter((view) => selects(service, view));
      return {
        name,
        namespace: namespaceOf(service),
        meshed: {
          ready: views.filter(({ state }) => state?.phase === "ready").length,
          total: views.length,
        },
        success: found?.success ?? null,
        rps: found?.rps ?? 0,
        p50Ms: found?.p50Ms ?? null,
        p95Ms: found?.p95Ms ?? null,
        p99Ms: found?.p99Ms ?? null,
        tcpConnections: found?.tcpConnections ?? 0,
        protocols: found?.protocols ?? [],
      };
    });
  }

  #workloadStat(namespace: string | null): readonly StatRow[] {
    const { door, clock } = this.#options;
    const stats = workloadStats(door.stats, clock.monotonicMs());
    return this.workloads()
      .filter((row) => namespace === null || row.namespace === namespace)
      .map(({ uid, name, namespace: own, isReady }) => {
        const found = stats.get(uid);
        return {
          name,
          namespace: own,
          meshed: { ready: isReady ? 1 : 0, total: 1 },
          success: found?.success ?? null,
          rps: found?.rps ?? 0,
          p50Ms: found?.p50Ms ?? null,
          p95Ms: found?.p95Ms ?? null,
          p99Ms: found?.p99Ms ?? null,
          tcpConnections: openConnections(door.summary(uid)),
          protocols: [],
        };
      });
  }

  #endpointRows(service: Service): readonly EndpointRow[] {
    const { controller } = this.#options;
    const namespace = namespaceOf(service);
    const key = `${namespace}/${service.metadata.name}`;
    const slots = controller.index.outputs.endpoints.get(key)?.slots ?? null;
    return this.#views()
      .filter((view) => selects(service, view))
      .sort((a, b) => compareText(a.name, b.name))
      .map((view) => {
        const owner = slots?.owners.indexOf(view.uid) ?? -1;
        const row = this.#row(view);
        return {
          namespace,
          service: service.metadata.name,
          workload: view.name,
          uid: view.uid,
          address: view.inbound === null ? "" : formatAddress(view.inbound),
          identity: view.identity,
          state: view.state?.phase ?? "waiting",
          reason: view.state?.phase === "away" ? view.state.reason : row.reason,
          slots: slots === null ? null : slots.assignment.filter((slot) => slot === owner).length,
        };
      });
  }

  #identityOf(serviceKey: string): string | null {
    const service = this.#options.controller.index.inputs.services.get(serviceKey);
    if (service === undefined) return null;
    return this.#views().find((view) => selects(service, view))?.identity ?? null;
  }

  /** Of every Contract what follows from intent, and what its last check came to. */
  #contractClaims() {
    const { index, objects } = this.#options.controller;
    const claims = contractConditions(index, objects.processes.values());
    return [...claims].map(([key, list]) => {
      const contract = objects.latest(index.inputs.resources.all("Contract").get(key)!) as Contract;
      const conditions = contract.status?.conditions ?? [];
      const said = conditions.filter(({ type }) => type === holdsCondition);
      return { resource: `Contract/${key}`, list: [...list, ...said] };
    });
  }

  #conditions(): CheckData["conditions"] {
    const { controller } = this.#options;
    const { outputs } = controller.index;
    const claims = [
      ...[...controller.objects.processes.keys()].map((key) => ({
        resource: `Process/${key}`,
        list: [progress(controller.rolloutOf(key))],
      })),
      ...this.#contractClaims(),
      ...[...outputs.gateways].map(([key, { conditions }]) => ({
        resource: `Gateway/${key}`,
        list: conditions,
      })),
      ...[...outputs.claims].flatMap(([resource, all]) =>
        resource.startsWith("Contract/")
          ? []
          : conditionLists(all).map((list) => ({ resource, list })),
      ),
    ];
    return claims.flatMap(({ resource, list }) =>
      list
        .filter(({ type, status }) => status === "False" || type === "PartiallyInvalid")
        .map(({ type, reason, message }) => ({ resource, type, reason, message })),
    );
  }
}

/** All that is said of a resource, by whom it is said. */
function conditionLists(claims: Claims): readonly (readonly ConditionClaim[])[] {
  const { conditions = [], parents = [], ancestors = [] } = claims;
  return [conditions, ...[...parents, ...ancestors].map((one) => one.conditions)];
}

function rowOf(observed: ProcessObserved | null): ProcessRow | null {
  if (observed === null) return null;
  const { phase, ready, pid, restarts, sinceWallMs, reason } = observed;
  return { phase, isReady: ready, pid, restarts, sinceWallMs, reason };
}
