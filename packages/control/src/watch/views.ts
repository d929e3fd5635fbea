import type { Clock } from "@heddle/mesh/base/clock.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { ProxyDoc } from "@heddle/mesh/model/document.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { inboundSocket } from "@heddle/mesh/resource/compile/sockets.ts";
import type { WorkloadPort, WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import type { WorkloadObserved } from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";
import {
  type Admission,
  type AdmissionInputs,
  acknowledge,
  endpointState,
  notAdmitted,
  observeReady,
} from "./admission.ts";
import type { Drains } from "./drains.ts";
import type { HostView } from "./host-view.ts";
import { ownDocument } from "./proxies.ts";
import type { Restarts } from "./restarts.ts";
import { identityOf } from "./workload-plan.ts";

export interface ViewsOptions {
  readonly clock: Clock;
  readonly index: MeshIndex;
  readonly host: HostView;
  readonly drains: Drains;
  readonly restarts: Restarts;
}

/** All that a view is made from. */
interface Made {
  readonly workload: Workload;
  readonly observed: WorkloadObserved | null;
  /** Where its inbound socket is. */
  readonly socket: Address | null;
  readonly isDraining: boolean;
  readonly hasProxies: boolean;
  readonly trustDomain: string;
  readonly isHostKnown: boolean;
  readonly admission: Admission;
}

/** Workloads as the compiler sees them: what is meant, what the supervisor sees, what their proxies acknowledged. */
export class Views {
  readonly #options: ViewsOptions;
  readonly #views = new Map<string, WorkloadView>();
  readonly #admissions = new Map<string, Admission>();
  /** The document of its own that each proxy last acknowledged. */
  readonly #own = new Map<string, ProxyDoc | null>();
  /** What each view was made from. */
  readonly #made = new Map<string, Made>();

  constructor(options: ViewsOptions) {
    this.#options = options;
  }

  /** As of the last update, by uid. */
  get all(): ReadonlyMap<string, WorkloadView> {
    return this.#views;
  }

  /** Are there proxies that a control plane drives? In Crawl there are none, in Walk they run from files. */
  get hasProxies(): boolean {
    return meshSettings(this.#options.index.inputs.mesh).profile === "run";
  }

  /** What an earlier life of the control plane wrote down: an endpoint then is one now. */
  recall(workload: Workload): void {
    const inbound = workload.status?.inbound;
    if (inbound === undefined) return;
    const acknowledged = tcp(inbound.host, inbound.port);
    this.#admissions.set(workload.metadata.uid!, { acknowledged, serves: null, wasReady: true });
  }

  /** The workload's own proxy runs `snapshot`. True: it has another document of its own than before. */
  acknowledged(uid: string, snapshot: Snapshot): boolean {
    const own = ownDocument(snapshot);
    if (this.#own.get(uid) === own) return false;
    this.#own.set(uid, own);
    const before = this.#admissions.get(uid) ?? notAdmitted;
    this.#admissions.set(uid, acknowledge(before, own));
    return true;
  }

  /** Looks at all workloads anew and tells the index what is different. Returns the uids that are gone. */
  update(workloads: Iterable<Workload>): readonly string[] {
    const { index } = this.#options;
    const present = new Set<string>();
    for (const workload of workloads) {
      const view = this.#viewOf(workload);
      present.add(view.uid);
      const before = this.#views.get(view.uid);
      if (view === before || isSameData(before, view)) continue;
      this.#views.set(view.uid, view);
      index.putWorkload(view);
    }
    const gone = [...this.#views.keys()].filter((uid) => !present.has(uid));
    for (const uid of gone) {
      this.#views.delete(uid);
      this.#admissions.delete(uid);
      this.#own.delete(uid);
      this.#made.delete(uid);
      index.removeWorkload(uid);
    }
    return gone;
  }

  #viewOf(workload: Workload): WorkloadView {
    const { host, drains, restarts, clock, index } = this.#options;
    const { hasProxies } = this;
    const { name, labels = {}, uid = "" } = workload.metadata;
    const namespace = namespaceOf(workload);
    const isLeaving = workload.metadata.deletionTimestamp !== undefined;
    if (isLeaving) drains.note(uid);
    const observed = host.workload(uid);
    // One that restarts drains while it is ready, and is away from then on until it is again.
    const isDraining = isLeaving || (restarts.has(uid) && observed?.app?.ready === true);
    const socket = hasProxies
      ? (host.sockets.get(inboundSocket({ name, namespace })) ?? null)
      : null;
    const { trustDomain } = meshSettings(index.inputs.mesh);
    const { isKnown: isHostKnown } = host;
    const known = this.#admissions.get(uid) ?? notAdmitted;
    const from = { workload, observed, socket, isDraining, hasProxies, trustDomain, isHostKnown };
    const before = this.#made.get(uid);
    const view = this.#views.get(uid);
    if (view !== undefined && before?.admission === known && isMadeFrom(before, from)) return view;
    const ports = this.#portsOf(workload);
    const inbound = hasProxies ? socket : (ports[0]?.address ?? null);
    const inputs: AdmissionInputs = {
      inbound,
      observed,
      isHostKnown,
      isDraining,
      nowWallMs: clock.wallMs(),
    };
    const direct = { ...known, acknowledged: inbound };
    const admission = observeReady(hasProxies ? known : direct, inputs);
    this.#admissions.set(uid, admission);
    this.#made.set(uid, { ...from, admission });
    return {
      uid,
      name,
      namespace,
      identity: hasProxies ? identityOf(workload, trustDomain) : null,
      labels,
      ports,
      gateway: workload.spec.gateway ?? null,
      inbound,
      state: endpointState(admission, inputs),
      serves: hasProxies ? admission.serves : null,
      ...(hasProxies && workload.spec.capture === "transparent" ? { isCaptured: true } : {}),
    };
  }

  /** Ports of the application that the supervisor has found numbers for. */
  #portsOf(workload: Workload): readonly WorkloadPort[] {
    const observed = this.#options.host.workload(workload.metadata.uid ?? "");
    return (workload.spec.ports ?? []).flatMap(({ name, number }) => {
      const bound = observed?.ports[name];
      if (bound === undefined) return [];
      return [{ name, number: number ?? null, address: tcp("127.0.0.1", bound) }];
    });
  }
}

function isMadeFrom(a: Made, b: Omit<Made, "admission">): boolean {
  return (
    a.workload === b.workload &&
    a.observed === b.observed &&
    a.socket === b.socket &&
    a.isDraining === b.isDraining &&
    a.hasProxies === b.hasProxies &&
    a.trustDomain === b.trustDomain &&
    a.isHostKnown === b.isHostKnown
  );
}
