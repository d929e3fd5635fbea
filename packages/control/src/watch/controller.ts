import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import { type MeshChanges, MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import type { Snapshot, Version } from "@heddle/mesh/snapshot/snapshot.ts";
import type { Desired, Observed, SocketsBound } from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";
import type { Store, Write } from "../store/store.ts";
import { Backing } from "./backing.ts";
import { DesiredPlan, ownerOf } from "./desired.ts";
import { directPort, fillDirectPort } from "./direct.ts";
import { type DrainFollowing, Drains } from "./drains.ts";
import { HostView } from "./host-view.ts";
import { Objects, slotsWrite } from "./objects.ts";
import { Proxies } from "./proxies.ts";
import { Restarts, type Rollout, replicasOf } from "./restarts.ts";
import { type Slice, Slices } from "./slice.ts";
import { planSlots } from "./slot-plan.ts";
import { Views } from "./views.ts";
import { keyOfWorkload, planWorkloads } from "./workload-plan.ts";

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
  /** Key of the hashes of recorded values, 32 hex digits. */
  readonly hashKey: string;
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

/** How long an acknowledgement that decides nothing waits for others, in ms: of one change a large mesh's come within this time. */
const acknowledgedMs = 25;

const noCalls: readonly string[] = [];

interface Frontends {
  readonly backed: readonly ServiceKey[];
  readonly calls: readonly string[];
  readonly wants: ReadonlySet<ServiceKey>;
  readonly services: readonly ServiceKey[];
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
  readonly #drains: Drains;
  readonly #restarts: Restarts;
  readonly #views: Views;
  #endpointsVersion: number;
  #revision: number;
  readonly #plan = new DesiredPlan();
  /** Those that the index has. */
  #sockets: HostView["sockets"] = new Map();
  readonly #backing: Backing;
  readonly #slices: Slices;
  #desired: Desired | null = null;
  #due: Timer | null = null;
  #isPassing = false;
  #isDue = false;
  #isClosed = false;
  /** As of the last pass. */
  #isHostComplete = false;
  #drainTimer: Timer | null = null;
  #retryTimer: Timer | null = null;
  /** Runs while acknowledgements came that nothing waits for. */
  #acknowledgedTimer: Timer | null = null;
  /** Does a workload wait for its callers to acknowledge? */
  #isAwaited = false;
  /** Services that each workload has to do with, and what says so. */
  readonly #frontends = new Map<string, Frontends>();

  private constructor(options: ControllerOptions) {
    this.#options = options;
    this.#endpointsVersion = options.endpointsVersion;
    this.#revision = options.revision();
    this.index.setHashKey(options.hashKey);
    this.#backing = new Backing(this.index);
    this.#slices = new Slices(this.index);
    this.objects = new Objects(this.index, () => this.#schedule());
    const { clock } = options;
    this.#drains = new Drains(clock);
    this.#restarts = new Restarts(clock);
    const { index, host } = this;
    const [drains, restarts] = [this.#drains, this.#restarts];
    this.#views = new Views({ clock, index, host, drains, restarts });
  }

  /** Takes in the store; the first pass follows. */
  static async open(options: ControllerOptions): Promise<Controller> {
    const controller = new Controller(options);
    await controller.objects.follow(options.store);
    for (const workload of controller.objects.workloads.values())
      controller.#views.recall(workload);
    controller.#schedule();
    return controller;
  }

  close(): void {
    this.#isClosed = true;
    this.#due?.cancel();
    this.#drainTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#acknowledgedTimer?.cancel();
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
    return this.#views.all;
  }

  /** Are there proxies that we drive (the Run profile)? */
  get hasProxies(): boolean {
    return this.#views.hasProxies;
  }

  /** Without proxies: where a service's port is reached now; null while nobody knows. */
  directPortNow(service: string, port: number): string | null {
    return fillDirectPort(this.#directPort(service, port), this.host);
  }

  isDraining(uid: string): boolean {
    return this.#drains.has(uid);
  }

  /** How far a Process is with restarting for a changed spec; null: all of it runs as it says. */
  rolloutOf(process: string): Rollout | null {
    return this.#restarts.rollout(process);
  }

  workloadOf(uid: string): Workload | null {
    const view = this.views.get(uid);
    if (view === undefined) return null;
    return this.objects.workloads.get(`${view.namespace}/${view.name}`) ?? null;
  }

  /** Whom a workload's certificate shall name; null: there is no such workload. */
  identityOf(uid: string): SpiffeId | null {
    return this.views.get(uid)?.identity ?? null;
  }

  /**
   * What the proxy of `uid` shall run now. Null: there is no such workload, or the supervisor has not told yet what is:
   * a proxy keeps what it has rather than close doors that only seem to be missing.
   */
  snapshotFor(uid: string): Snapshot | null {
    const view = this.views.get(uid);
    if (view === undefined || !this.#isHostComplete) return null;
    return { ...this.version, documents: this.#sliceOf(view).documents };
  }

  /** Services that the proxy of `uid` is told of, or would be if they existed. */
  sliceServices(uid: string): ReadonlySet<ServiceKey> {
    const view = this.views.get(uid);
    return view === undefined ? new Set() : this.#sliceOf(view).services;
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
    const isNews = this.#views.acknowledged(uid, snapshot);
    if (isNews || this.#isAwaited) this.#schedule();
    else this.#acknowledgedTimer ??= this.#options.clock.after(acknowledgedMs, () => this.poke());
  }

  /** Looks again: time passed, or a revision was made. */
  poke(): void {
    this.#schedule();
  }

  #schedule(): void {
    this.#isDue = true;
    this.#acknowledgedTimer?.cancel();
    this.#acknowledgedTimer = null;
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
      gateways: this.hasProxies ? gateways.values() : [],
      gatewayClasses,
      workloads: this.objects.workloads,
      hasProxies: this.hasProxies,
      nowWallMs: clock.wallMs(),
      newUid,
    });
    await this.#write([...writes, ...this.#finalise()]);
    if (this.#isClosed) return;
    this.#restarts.update(replicasOf(this.objects, this.host));
    for (const uid of this.#views.update(this.objects.workloads.values())) {
      this.#drains.forget(uid);
      this.#restarts.forget(uid);
      this.proxies.forget(uid);
      this.#slices.forget(uid);
      this.#frontends.delete(uid);
    }
    if (this.#sockets !== this.host.sockets) this.index.setSockets(this.host.sockets);
    this.#sockets = this.host.sockets;
    const first = this.#compile();
    const slots = await this.#assignSlots();
    const isNewlyComplete = this.host.isComplete && !this.#isHostComplete;
    this.#isHostComplete = this.host.isComplete;
    const changed = this.#touchedBy(slots ? [first, this.#compile()] : [first], revision());
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

  #compile(): MeshChanges {
    const changes = this.index.take();
    const services = new Set([...changes.services.keys(), ...changes.endpoints.keys()]);
    if (services.size > 0) this.#slices.note(services);
    return changes;
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
      if (!this.#drains.isOver(uid) || !this.host.isGone(uid)) continue;
      writes.push({ op: "delete", key: keyOfWorkload(workload), expect: null });
    }
    return writes;
  }

  /** Gives slots to whom they belong, on disk first. True: some changed. */
  async #assignSlots(): Promise<boolean> {
    const stored = this.objects.slots;
    const planned = planSlots(this.index, stored, (uid) => !this.#drains.has(uid));
    for (const { service, slots, isNew } of planned) {
      if (isNew) await this.#write([slotsWrite(service, slots!, !stored.has(service))]);
      this.index.setSlots(service, slots);
    }
    return planned.length > 0;
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

  #followDrains(): void {
    const following: DrainFollowing = {
      endpointsVersion: this.#endpointsVersion,
      isCalled: (uid) => (this.views.get(uid)?.state ?? null) !== null,
      isKnown: (uid, version) => this.proxies.haveAcknowledged(this.#servicesOf(uid), version),
    };
    const waits = [this.#drains.follow(following), this.#restarts.follow(following)];
    this.#isAwaited = waits.some((wait) => wait !== null);
    const waitMs = Math.min(...waits.filter((wait) => wait !== null));
    this.#drainTimer?.cancel();
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#drainTimer = this.#options.clock.after(waitMs, () => this.#schedule());
  }

  #servicesOf(uid: string): readonly ServiceKey[] {
    const view = this.views.get(uid);
    return view === undefined ? [] : this.#backing.servicesOf(view);
  }

  #sendDesired(): void {
    const services = [...this.index.inputs.services.values()];
    const desired = this.#plan.of({
      services,
      workloads: [...this.objects.workloads.values()].flatMap((workload) => {
        const view = this.views.get(workload.metadata.uid!);
        if (view === undefined) return []; // came while this pass was under way: in the next
        const owner = ownerOf(workload) ?? "";
        const isGateway = workload.spec.gateway !== undefined;
        return {
          workload,
          view,
          process: this.#processOf(workload),
          gateway: isGateway ? (this.index.outputs.gateways.get(owner) ?? null) : null,
          isDrained: this.#drains.isOver(view.uid),
          mayRestart: this.#restarts.mayRestart(view.uid),
        };
      }),
      hasProxies: this.hasProxies,
      directAddress: (service, port) => this.#directPort(service, port),
      stateDir: this.#options.stateDir,
      workingDir: this.#options.workingDir,
    });
    if (desired === this.#desired || isSameData(desired, this.#desired)) return;
    this.#desired = desired;
    if (this.host.expect(desired.sockets)) this.#isDue = true;
    this.#options.events.onDesired(desired);
  }

  #directPort(service: string, port: number): string | null {
    const processOf = (uid: string) => {
      const workload = this.#drains.has(uid) ? null : this.workloadOf(uid);
      return workload === null ? null : this.#processOf(workload);
    };
    return directPort({ index: this.index, processOf }, service, port);
  }

  #processOf(workload: Workload): Process | null {
    if (workload.spec.gateway !== undefined) return null;
    return this.objects.processes.get(ownerOf(workload) ?? "") ?? null;
  }

  #sliceOf(view: WorkloadView): Slice {
    const workload = this.workloadOf(view.uid);
    const process = workload === null ? null : this.#processOf(workload);
    return this.#slices.of(view, this.#frontendsOf(view, process));
  }

  /** Those it backs, calls and has used; the same object as long as they are the same. */
  #frontendsOf(view: WorkloadView, process: Process | null): readonly ServiceKey[] {
    const known = this.#frontends.get(view.uid);
    const backed = this.#backing.servicesOf(view);
    const calls = process?.spec.calls ?? noCalls;
    const { wants } = this.proxies.get(view.uid);
    if (known?.backed === backed && known.calls === calls && known.wants === wants) {
      return known.services;
    }
    const called = calls.map((call) => {
      const [name, namespace = view.namespace] = call.split(".");
      return `${namespace}/${name}`;
    });
    const services = [...backed, ...called, ...wants];
    this.#frontends.set(view.uid, { backed, calls, wants, services });
    return services;
  }
}
