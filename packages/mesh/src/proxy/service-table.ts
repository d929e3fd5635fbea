import type { Rng } from "../base/rng.ts";
import {
  documentKey,
  type EndpointsDoc,
  type FaultDoc,
  type RoutesDoc,
  type ServiceDoc,
  type ServiceKey,
  type TcpRouteDoc,
  type TlsRouteDoc,
  type WorkloadDoc,
} from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { spokenVersion } from "../model/protocol.ts";
import type { RetryBudget } from "../policy/budget.ts";
import type { FaultDraws } from "../policy/fault.ts";
import { EffectivePolicy } from "../policy/request-policy.ts";
import type { Edit, Frontend, FrontendSlot } from "../relay/frontend.ts";
import { tcpAlpn } from "../relay/tcp.ts";
import { compileRoutes } from "../route/compile.ts";
import type { RouteTable } from "../route/match.ts";
import { TcpRouteTable } from "../route/tcp-route.ts";
import { compileTlsRoutes, type TlsRouteTable } from "../route/tls-routes.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { unknownServices } from "../snapshot/unknown-services.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { Arrivals } from "./arrivals.ts";
import { serviceAuthority } from "./authority.ts";
import type { ContractReaders } from "./contract-readers.ts";
import { ServiceBudgets } from "./service-budgets.ts";
import { RuleFaults, ServiceFaults } from "./service-faults.ts";

/** A document that is not acted on, and why. */
export type Refused = ReadonlyMap<string, readonly string[]>;

/** Told that a service's documents are wanted. */
export type Want = (service: ServiceKey) => void;

export interface ServiceTableOptions {
  readonly upstream: Upstream;
  readonly rng: Rng;
  readonly contracts: ContractReaders;
  readonly want: Want;
}

/**
 * What a workload knows of the services it may call: for each service port one frontend and one backend, both made new
 * only where a document they depend on is another object than before.
 */
export class ServiceTable {
  readonly #options: ServiceTableOptions;
  readonly #arrivals: Arrivals;
  readonly #slots = new Map<string, FrontendSlot & ServicePort>();
  readonly #budgets = new ServiceBudgets();
  readonly #wanted = new Set<ServiceKey>();
  readonly #faults = new ServiceFaults();
  readonly #ruleFaults = new RuleFaults();
  readonly #routes = new WeakMap<RoutesDoc, RouteTable>();
  readonly #tlsRoutes = new WeakMap<readonly TlsRouteDoc[], TlsRouteTable>();
  readonly #tcpRoutes = new WeakMap<TcpRouteDoc, TcpRouteTable>();
  #documents: Snapshot["documents"] = new Map();
  #refused: Refused = new Map();
  #workload: WorkloadDoc | null = null;

  constructor(options: ServiceTableOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals(options.upstream.context.wheel);
  }

  /** The place of the frontend for `port` of `service`. */
  slot(service: ServiceKey, port: number): FrontendSlot {
    const key = `${service}:${port}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { service, port, frontend: this.#frontend(service, port) };
      this.#slots.set(key, slot);
    }
    return slot;
  }

  /** Do the documents say that `service` has no such port? False also while they are not here. */
  lacks(service: ServiceKey, port: number): boolean {
    const doc = this.#serviceDoc(service);
    return doc !== undefined && !doc.ports.some(({ number }) => number === port);
  }

  /** The backend for a rule; its documents are asked for if they are not here. */
  readonly backendOf = (service: ServiceKey, port: number): Backend => {
    if (!this.#documents.has(`service/${service}`)) this.#want(service);
    return this.#options.upstream.backend(service, port);
  };

  readonly budgetOf = (service: ServiceKey): RetryBudget => this.#budgets.of(service);

  readonly faultOf = (rule: string, doc: FaultDoc): FaultDraws | null =>
    this.#ruleFaults.of(rule, doc, this.#workload);

  /** Acts on the documents of `snapshot`. Requests that wait are told afterwards, by `flush`. */
  apply(snapshot: Snapshot, refused: Refused, workload: WorkloadDoc | null): void {
    const before = this.#documents;
    const refusedBefore = this.#refused;
    const isOtherWorkload = workload !== this.#workload;
    const zone = this.#workload?.zone;
    this.#documents = snapshot.documents;
    this.#refused = refused;
    this.#workload = workload;
    const changed = new Set<ServiceKey>();
    for (const [key, document] of snapshot.documents) {
      if (document.kind === "proxy") continue;
      const isSame = before.get(key) === document && refusedBefore.get(key) === refused.get(key);
      if (!isSame) changed.add(`${document.namespace}/${document.name}`);
    }
    for (const [key, document] of before) {
      if (document.kind === "proxy" || snapshot.documents.has(key)) continue;
      changed.add(`${document.namespace}/${document.name}`);
    }
    // Who is near is another question in another zone.
    if (workload?.zone !== zone) for (const key of this.#servicesKnown()) changed.add(key);
    for (const service of this.#gone(this.#wanted)) this.#wanted.delete(service);
    for (const service of this.#gone(this.#budgets.keys())) this.#budgets.delete(service);
    if (isOtherWorkload) this.#ruleFaults.clear();
    for (const service of changed) this.#applyService(service);
    for (const slot of this.#slots.values()) {
      if (isOtherWorkload || changed.has(slot.service)) {
        slot.frontend = this.#frontend(slot.service, slot.port);
      }
    }
    this.#options.upstream.prune(
      ({ service }) => this.#documents.has(`service/${service}`) || this.#wanted.has(service),
    );
  }

  /** Forgets the places of services that are gone, but for those that a connection or a request still points at. */
  forgetGone(held: () => ReadonlySet<FrontendSlot | null>): void {
    const gone = new Set(this.#gone([...this.#slots.values()].map(({ service }) => service)));
    if (gone.size === 0) return;
    const slots = held();
    for (const [key, slot] of this.#slots) {
      const isOver = gone.has(slot.service) && !this.#arrivals.isAwaited(slot.service);
      if (isOver && !slots.has(slot)) this.#slots.delete(key);
    }
  }

  /** Lets requests go on that waited for what has come. */
  flush(): void {
    for (const backend of this.#options.upstream.backends()) backend.flush();
    for (const { service, frontend } of this.#slots.values()) {
      if (frontend.pending === null) this.#arrivals.arrived(service);
    }
  }

  /** Those of `services` that the documents do not know any more. */
  #gone(services: Iterable<ServiceKey>): readonly ServiceKey[] {
    return this.#refused.has("proxy") ? [] : unknownServices(services, this.#documents);
  }

  *#servicesKnown(): Iterable<ServiceKey> {
    for (const document of this.#documents.values()) {
      if (document.kind === "service") yield `${document.namespace}/${document.name}`;
    }
  }

  #serviceDoc(service: ServiceKey): ServiceDoc | undefined {
    return this.#documents.get(`service/${service}`) as ServiceDoc | undefined;
  }

  #want(service: ServiceKey): void {
    if (this.#wanted.has(service)) return;
    this.#wanted.add(service);
    this.#options.want(service);
  }

  #applyService(service: ServiceKey): void {
    const doc = this.#serviceDoc(service);
    if (doc === undefined) this.#faults.of(service, null, null); // forgets it
    if (doc === undefined || this.#refused.has(documentKey(doc))) return;
    const endpoints = this.#documents.get(`endpoints/${service}`) as EndpointsDoc | undefined;
    const isRefused = this.#refused.has(`endpoints/${service}`);
    const { upstream, contracts } = this.#options;
    this.#budgets.apply(service, doc.policy.budget ?? null);
    for (const { number: port, protocol } of doc.ports) {
      const members = (isRefused ? [] : (endpoints?.endpoints ?? [])).map((endpoint) => ({
        target: upstream.endpoint({ ...endpoint, isOwn: false }).target(service, port),
        phase: endpoint.state.phase,
        ...(endpoint.zone === undefined ? {} : { zone: endpoint.zone }),
        ...(endpoint.priority === undefined ? {} : { priority: endpoint.priority }),
        ...(endpoint.labels === undefined ? {} : { labels: endpoint.labels }),
      }));
      upstream.backend(service, port).apply({
        policy: doc.policy,
        placement: doc.placement,
        slots: isRefused ? null : (endpoints?.slots ?? null),
        contract: contracts.of(doc.contract),
        fault: this.#faults.of(service, doc.fault, this.#workload),
        speaks: spokenVersion(protocol),
        octetsAlpn: protocol === "opaque" || protocol === "tls" ? tcpAlpn : null,
        zone: this.#workload?.zone ?? "",
        members,
      });
    }
  }

  #frontend(service: ServiceKey, port: number): Frontend {
    const doc = this.#serviceDoc(service);
    const errors =
      this.#refused.get(`service/${service}`) ?? this.#refused.get(`endpoints/${service}`);
    const portDoc = doc?.ports.find((candidate) => candidate.number === port);
    let fails: Frontend["fails"] = null;
    let routes: RouteTable | null = null;
    if (errors !== undefined) fails = { reason: "unsupported", detail: errors[0] ?? "refused" };
    else if (doc !== undefined && portDoc === undefined) {
      fails = { reason: "no-route", detail: `${service} has no port ${port}` };
    } else if (portDoc?.routes) routes = this.#routesOf(portDoc.routes);
    const tlsRoutes = portDoc?.tlsRoutes;
    return {
      direction: "outbound",
      service,
      port,
      fails,
      pending: doc === undefined && errors === undefined ? this.#pending(service) : null,
      edit: this.#edit(service, port),
      gate: null,
      routes,
      protocol: portDoc?.protocol ?? "http",
      tlsRoutes: tlsRoutes === undefined ? null : this.#tlsRoutesOf(tlsRoutes),
      tcpRoute: portDoc?.tcpRoute === undefined ? null : this.#tcpRouteOf(portDoc.tcpRoute),
      backend: fails === null ? this.#options.upstream.backend(service, port) : null,
      backendOf: this.backendOf,
      requestTimeoutMs: doc?.policy.requestTimeoutMs ?? null,
      budgetOf: this.budgetOf,
      policy: new EffectivePolicy(service, null),
      faultOf: this.faultOf,
      isEdge: false,
    };
  }

  /** The same table for the same document: whose turn it is in a split outlives endpoints that come and go. */
  #routesOf(doc: RoutesDoc): RouteTable {
    let table = this.#routes.get(doc);
    if (table === undefined) {
      table = compileRoutes(doc, this.#options.rng);
      this.#routes.set(doc, table);
    }
    return table;
  }

  #tlsRoutesOf(docs: readonly TlsRouteDoc[]): TlsRouteTable {
    let table = this.#tlsRoutes.get(docs);
    if (table === undefined) {
      table = compileTlsRoutes(docs, this.#options.rng);
      this.#tlsRoutes.set(docs, table);
    }
    return table;
  }

  #tcpRouteOf(doc: TcpRouteDoc): TcpRouteTable {
    let table = this.#tcpRoutes.get(doc);
    if (table === undefined) {
      table = new TcpRouteTable(doc, this.#options.rng);
      this.#tcpRoutes.set(doc, table);
    }
    return table;
  }

  #pending(service: ServiceKey): Frontend["pending"] {
    return {
      wait: (waiter) => {
        this.#want(service);
        this.#arrivals.wait(service, waiter);
      },
      cancel: (waiter) => this.#arrivals.cancel(waiter),
    };
  }

  /** A client that was told `127.0.0.1:port` says so in Host; the process is told which service was asked. */
  #edit(service: ServiceKey, port: number): Edit {
    const authority = serviceAuthority(service, port, this.#workload?.namespace ?? "default");
    return (head: RequestHead, source) => {
      if (head.authority === source.ownAuthority || head.authority === "") {
        head.authority = authority;
      }
    };
  }
}

interface ServicePort {
  readonly service: ServiceKey;
  readonly port: number;
}
