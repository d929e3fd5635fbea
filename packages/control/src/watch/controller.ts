import { assignSlots } from "@heddle/mesh/balance/assign.ts";
import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import { type MeshChanges, MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { inboundSocket } from "@heddle/mesh/resource/compile/sockets.ts";
import { resolveTargetPort } from "@heddle/mesh/resource/compile/target-port.ts";
import { selects, type WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import { compareText, namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type { Snapshot, Version } from "@heddle/mesh/snapshot/snapshot.ts";
import type { Desired, Observed, SocketsBound } from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";
import type { Store, Write } from "../store/store.ts";
import {
  type Admission,
  type AdmissionInputs,
  acknowledge,
  endpointState,
  notAdmitted,
  observeReady,
} from "./admission.ts";
import { desiredOf, ownerOf } from "./desired.ts";
import { HostView } from "./host-view.ts";
import { Objects, slotsWrite } from "./objects.ts";
import { ownDocument, Proxies } from "./proxies.ts";
import { sliceOf } from "./slice.ts";
import { identityOf, keyOfWorkload, planWorkloads } from "./workload-plan.ts";

export interface ControllerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUid: () => string;
  /** The latest revision of intent. */
  readonly revision: () => number;
  /** Where counting of endpoints versions starts: above all of earlier lives. */
  readonly endpointsVersion: number;
  readonly stateDir: string;
  /** Where processes run that do not say. */
  readonly workingDir: string;
  readonly events: ControllerEvents;
}

export interface ControllerEvents {
  /** The supervisor shall run this. */
  onDesired(desired: Desired): void;
  /** Documents changed; `sliceFor` of those concerned may be another now. */
  onDocuments(touched: Touched): void;
  /** A pass is over: everything shown to people may have changed. */
  onSettled(): void;
}

export interface Touched {
  /** Everybody: the intent's revision is another. */
  readonly all: boolean;
  readonly uids: ReadonlySet<string>;
  readonly services: ReadonlySet<ServiceKey>;
}

/** How long callers are waited for before a workload drains, in ms. */
const drainNoticeMs = 2_000;

interface Drain {
  readonly sinceMs: number;
  /** The version that tells callers; null until it is out. */
  readonly endpointsVersion: number | null;
  readonly isOver: boolean;
}

/**
 * The one task that turns intent and what is into what shall be. Everything that happens (a change in the store, a word
 * of the supervisor, an acknowledgement) only marks that a pass is due; a pass looks at all there is and is done when
 * nothing is left to do. So it makes no difference in which order things happen, or how often.
 *
 *   objects ─▶ workloads ─▶ views ─▶ index ─▶ slots ─▶ documents ─▶ slices of proxies
 *                             ▲                            └──▶ desired ─▶ supervisor
 *                 supervisor, acknowledgements
 */
export class Controller {
  readonly index = new MeshIndex();
  readonly host = new HostView();
  readonly proxies = new Proxies();
  readonly objects: Objects;
  readonly #options: ControllerOptions;
  readonly #admissions = new Map<string, Admission>();
  readonly #drains = new Map<string, Drain>();
  readonly #views = new Map<string, WorkloadView>();
  #endpointsVersion: number;
  #revision: number;
  #desired: Desired | null = null;
  #due: Timer | null = null;
  #isPassing = false;
  #isDue = false;
  #isClosed = false;
  /** As of the last pass. */
  #isHostComplete = false;
  #drainTimer: Timer | null = null;
  #retryTimer: Timer | null = null;

  private constructor(options: ControllerOptions) {
    this.#options = options;
    this.#endpointsVersion = options.endpointsVersion;
    this.#revision = options.revision();
    this.objects = new Objects(this.index, () => this.#schedule());
  }

  /** Takes in the store; the first pass follows. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const controller = new Controller(options);
    await controller.objects.follow(options.store);
    for (const workload of controller.objects.workloads.values()) controller.#recall(workload);
    controller.#schedule();
    return controller;
  }

  close(): void {
    this.#isClosed = true;
    this.#due?.cancel();
    this.#drainTimer?.cancel();
    this.#retryTimer?.cancel();
    this.objects.close();
  }

  /** Where the documents stand. */
  get version(): Version {
    return {
      epoch: this.#options.store.epoch,
      revision: this.#revision,
      endpointsVersion: this.#endpointsVersion,
    };
  }

  observe(message: Observed): void {
    this.host.observe(message);
    this.#schedule();
  }

  bind(message: SocketsBound): void {
    this.host.bind(message);
    this.#schedule();
  }

  /** Every workload's view as of the last pass, by uid. */
  get views(): ReadonlyMap<string, WorkloadView> {
    return this.#views;
  }

  /** Are there proxies (all profiles but Crawl)? */
  get hasProxies(): boolean {
    return this.#hasProxies;
  }

  /** Without proxies: where a service's port is reached now; null while nobody knows. */
  directPortNow(service: string, port: number): string | null {
    const template = this.#directPort(service, port);
    const named = /^\{\{port:([^/]+)\/(.+)\}\}$/.exec(template ?? "");
    if (named === null) return template;
    return this.host.workload(named[1]!)?.ports[named[2]!]?.toString() ?? null;
  }

  isDraining(uid: string): boolean {
    return this.#drains.has(uid);
  }

  workloadOf(uid: string): Workload | null {
    const view = this.#views.get(uid);
    if (view === undefined) return null;
    return this.objects.workloads.get(`${view.namespace}/${view.name}`) ?? null;
  }

  /** Whom a workload's certificate shall name; null: there is no such workload. */
  identityOf(uid: string): SpiffeId | null {
    return this.#views.get(uid)?.identity ?? null;
  }

  /**
   * What the proxy of `uid` shall run now. Null: there is no such workload, or the supervisor has not told yet what is:
   * a proxy keeps what it has rather than close doors that only seem to be missing.
   */
  snapshotFor(uid: string): Snapshot | null {
    const view = this.#views.get(uid);
    if (view === undefined || !this.#isHostComplete) return null;
    const { documents } = sliceOf(this.index, view, this.#calls(view), this.proxies.get(uid).wants);
    return { ...this.version, documents };
  }

  /** Services that the proxy of `uid` is told of, or would be if they existed. */
  sliceServices(uid: string): ReadonlySet<ServiceKey> {
    const view = this.#views.get(uid);
    if (view === undefined) return new Set();
    return sliceOf(this.index, view, this.#calls(view), this.proxies.get(uid).wants).services;
  }

  /** A proxy came or went. */
  setConnected(uid: string, isConnected: boolean): void {
    this.proxies.update(uid, { isConnected });
    this.#schedule();
  }

  /** It uses these services. True: some are new to us, and its slice is another. */
  want(uid: string, services: readonly ServiceKey[]): boolean {
    const { wants } = this.proxies.get(uid);
    if (services.every((service) => wants.has(service))) return false;
    this.proxies.update(uid, { wants: new Set([...wants, ...services]) });
    this.#endpointsVersion++; // another slice is another version, so that a delta has a base
    return true;
  }

  /** The proxy runs `snapshot`. */
  acknowledged(
    uid: string,
    snapshot: Snapshot,
    refused: ReadonlyMap<string, readonly string[]>,
  ): void {
    this.proxies.update(uid, { acknowledged: snapshot, refused });
    const before = this.#admissions.get(uid) ?? notAdmitted;
    this.#admissions.set(uid, acknowledge(before, ownDocument(snapshot)));
    this.#schedule();
  }

  /** Looks again: time passed, or a revision was made. */
  poke(): void {
    this.#schedule();
  }

  #schedule(): void {
    this.#isDue = true;
    if (this.#due !== null || this.#isPassing || this.#isClosed) return;
    this.#due = this.#options.clock.after(0, () => {
      this.#due = null;
      void this.#passes();
    });
  }

  async #passes(): Promise<void> {
    this.#isPassing = true;
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.#pass();
      }
    } catch (cause) {
      this.#options.log.error({ cause: String(cause) }, "pass failed; again in a second");
      this.#retryTimer?.cancel();
      this.#retryTimer = this.#options.clock.after(1_000, () => this.#schedule());
    } finally {
      this.#isPassing = false;
    }
  }

  async #pass(): Promise<void> {
    const { clock, newUid, events, revision } = this.#options;
    const { gateways, gatewayClasses } = this.index.inputs;
    const writes = planWorkloads({
      processes: this.objects.processes.values(),
      gateways: this.#hasProxies ? gateways.values() : [],
      gatewayClasses,
      workloads: this.objects.workloads,
      hasProxies: this.#hasProxies,
      nowWallMs: clock.wallMs(),
      newUid,
    });
    await this.#write([...writes, ...this.#finalise()]);
    if (this.#isClosed) return;
    this.#updateViews();
    this.index.setSockets(this.host.sockets);
    const first = this.index.take();
    const slots = await this.#assignSlots();
    const isNewlyComplete = this.host.isComplete && !this.#isHostComplete;
    this.#isHostComplete = this.host.isComplete;
    const changed = this.#touchedBy(slots ? [first, this.index.take()] : [first], revision());
    const touched = { ...changed, all: changed.all || isNewlyComplete };
    if (touched.uids.size > 0 || touched.services.size > 0) this.#endpointsVersion++;
    this.#revision = revision();
    this.#followDrains();
    this.#sendDesired();
    if (touched.all || touched.uids.size > 0 || touched.services.size > 0) {
      events.onDocuments(touched);
    }
    events.onSettled();
  }

  /** Commits what a pass decided. Whoever was faster than us marked another pass. */
  async #write(writes: readonly Write[]): Promise<void> {
    for (const write of writes) {
      const outcome = await this.#options.store.commit([write]);
      if (!outcome.ok) {
        this.#options.log.debug(
          { key: write.key, problem: outcome.problem },
          "write was overtaken",
        );
        this.#isDue = true;
      }
    }
  }

  /** Workloads that have drained and of which nothing runs any more are deleted for good. */
  #finalise(): readonly Write[] {
    const writes: Write[] = [];
    for (const workload of this.objects.workloads.values()) {
      const uid = workload.metadata.uid!;
      if (workload.metadata.deletionTimestamp === undefined) continue;
      if (this.#drains.get(uid)?.isOver !== true || !this.host.isGone(uid)) continue;
      writes.push({ op: "delete", key: keyOfWorkload(workload), expect: null });
    }
    return writes;
  }

  get #hasProxies(): boolean {
    return meshSettings(this.index.inputs.mesh).profile === "run"; // in Walk they run from files
  }

  #updateViews(): void {
    const present = new Set<string>();
    for (const workload of this.objects.workloads.values()) {
      const view = this.#viewOf(workload);
      present.add(view.uid);
      if (isSameData(this.#views.get(view.uid), view)) continue;
      this.#views.set(view.uid, view);
      this.index.putWorkload(view);
    }
    for (const uid of this.#views.keys()) {
      if (present.has(uid)) continue;
      this.#views.delete(uid);
      this.#admissions.delete(uid);
      this.#drains.delete(uid);
      this.proxies.forget(uid);
      this.index.removeWorkload(uid);
    }
  }

  #viewOf(workload: Workload): WorkloadView {
    const { name, labels = {}, uid = "" } = workload.metadata;
    const namespace = namespaceOf(workload);
    const isDraining = workload.metadata.deletionTimestamp !== undefined;
    if (isDraining && !this.#drains.has(uid)) {
      const sinceMs = this.#options.clock.monotonicMs();
      this.#drains.set(uid, { sinceMs, endpointsVersion: null, isOver: false });
    }
    const observed = this.host.workload(uid);
    const ports = (workload.spec.ports ?? []).flatMap((port) => {
      const bound = observed?.ports[port.name];
      if (bound === undefined) return [];
      return [{ name: port.name, number: port.number ?? null, address: tcp("127.0.0.1", bound) }];
    });
    const inbound = this.#hasProxies
      ? (this.host.sockets.get(inboundSocket({ name, namespace })) ?? null)
      : (ports[0]?.address ?? null);
    const inputs: AdmissionInputs = {
      inbound,
      observed,
      isHostKnown: this.host.isKnown,
      isDraining,
      nowWallMs: this.#options.clock.wallMs(),
    };
    const known = this.#admissions.get(uid) ?? notAdmitted;
    const admission = observeReady(
      this.#hasProxies ? known : { ...known, acknowledged: inbound },
      inputs,
    );
    this.#admissions.set(uid, admission);
    const { trustDomain } = meshSettings(this.index.inputs.mesh);
    return {
      uid,
      name,
      namespace,
      identity: this.#hasProxies ? identityOf(workload, trustDomain) : null,
      labels,
      ports,
      gateway: workload.spec.gateway ?? null,
      inbound,
      state: endpointState(admission, inputs),
      serves: this.#hasProxies ? admission.serves : null,
    };
  }

  /** What an earlier life of the control plane wrote down: an endpoint then is one now. */
  #recall(workload: Workload): void {
    const inbound = workload.status?.inbound;
    if (inbound === undefined) return;
    const acknowledged = tcp(inbound.host, inbound.port);
    this.#admissions.set(workload.metadata.uid!, { acknowledged, serves: null, wasReady: true });
  }

  /** Gives slots to whom they belong, on disk first. True: some changed. */
  async #assignSlots(): Promise<boolean> {
    let hasChanged = false;
    for (const [key, service] of this.index.inputs.services) {
      const placement = this.index.outputs.services.get(key)?.doc.placement ?? null;
      const current = this.index.inputs.slots.get(key) ?? null;
      const stored = this.objects.slots.get(key) ?? null;
      let next = placement === null ? null : stored;
      if (placement !== null) {
        const owners = [...this.#views.values()]
          .filter((view) => selects(service, view) && !this.#drains.has(view.uid))
          .map(({ uid }) => uid);
        if (owners.length > 0) next = assignSlots(stored, owners, placement.slots);
      }
      if (next !== null && next !== stored)
        await this.#write([slotsWrite(key, next, stored === null)]);
      if (isSameData(next, current)) continue;
      this.index.setSlots(key, next);
      hasChanged = true;
    }
    return hasChanged;
  }

  #touchedBy(changes: readonly MeshChanges[], revision: number): Touched {
    const uids = new Set<string>();
    const services = new Set<ServiceKey>();
    for (const change of changes) {
      for (const uid of change.proxies.keys()) uids.add(uid);
      for (const key of [...change.services.keys(), ...change.endpoints.keys()]) services.add(key);
    }
    return { all: revision !== this.#revision, uids, services };
  }

  /** Callers first: a workload drains once they know, or have had 2 s to know. */
  #followDrains(): void {
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [uid, drain] of this.#drains) {
      if (drain.isOver) continue;
      if (this.#views.get(uid)?.state === null) {
        this.#drains.set(uid, { ...drain, isOver: true }); // nobody calls it
        continue;
      }
      const leftMs = drain.sinceMs + drainNoticeMs - this.#options.clock.monotonicMs();
      const endpointsVersion = drain.endpointsVersion ?? this.#endpointsVersion;
      const isKnown =
        drain.endpointsVersion !== null &&
        this.proxies.haveAcknowledged(this.#servicesOf(uid), endpointsVersion);
      const isOver = leftMs <= 0 || isKnown;
      this.#drains.set(uid, { ...drain, endpointsVersion, isOver });
      // The version that tells of it goes out after this pass; the next one looks who knows.
      if (!isOver) waitMs = Math.min(waitMs, drain.endpointsVersion === null ? 0 : leftMs);
    }
    this.#drainTimer?.cancel();
    if (waitMs < Number.POSITIVE_INFINITY) {
      this.#drainTimer = this.#options.clock.after(waitMs, () => this.#schedule());
    }
  }

  #servicesOf(uid: string): readonly ServiceKey[] {
    const view = this.#views.get(uid);
    if (view === undefined) return [];
    return [...this.index.inputs.services]
      .filter(([, service]) => selects(service, view))
      .map(([key]) => key);
  }

  #sendDesired(): void {
    const services = [...this.index.inputs.services.values()];
    const desired = desiredOf({
      services,
      workloads: [...this.objects.workloads.values()].map((workload) => {
        const owner = ownerOf(workload) ?? "";
        const isGateway = workload.spec.gateway !== undefined;
        return {
          workload,
          view: this.#views.get(workload.metadata.uid!)!,
          process: isGateway ? null : (this.objects.processes.get(owner) ?? null),
          gateway: isGateway ? (this.index.outputs.gateways.get(owner) ?? null) : null,
          isDrained: this.#drains.get(workload.metadata.uid!)?.isOver === true,
        };
      }),
      hasProxies: this.#hasProxies,
      directAddress: (service, port) => this.#directPort(service, port),
      stateDir: this.#options.stateDir,
      workingDir: this.#options.workingDir,
    });
    if (isSameData(desired, this.#desired)) return;
    this.#desired = desired;
    if (this.host.expect(desired.sockets)) this.#isDue = true;
    this.#options.events.onDesired(desired);
  }

  /** Without proxies: the port of the first process that stands behind a Service's, which the supervisor knows. */
  #directPort(serviceKey: string, port: number): string | null {
    const service = this.index.inputs.services.get(serviceKey);
    const servicePort = service?.spec.ports?.find((one) => one.port === port);
    if (service === undefined || servicePort === undefined) return null;
    const backing = [...this.#views.values()]
      .filter((view) => selects(service, view) && !this.#drains.has(view.uid))
      .sort((a, b) => compareText(a.name, b.name));
    for (const { uid } of backing) {
      const workload = this.workloadOf(uid);
      const process =
        workload === null ? null : this.objects.processes.get(ownerOf(workload) ?? "");
      const ports = (process?.spec.ports ?? []).map((one) => ({
        ...one,
        number: one.number ?? null,
      }));
      const target = resolveTargetPort(servicePort, ports);
      if (target !== null) return target.bind?.toString() ?? `{{port:${uid}/${target.name}}}`;
    }
    return null;
  }

  #calls(view: WorkloadView): readonly ServiceKey[] {
    const workload = this.objects.workloads.get(`${view.namespace}/${view.name}`);
    const process =
      workload === undefined ? undefined : this.objects.processes.get(ownerOf(workload) ?? "");
    return (process?.spec.calls ?? []).map((call) => {
      const [name, namespace = view.namespace] = call.split(".");
      return `${namespace}/${name}`;
    });
  }
}
