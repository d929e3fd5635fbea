import { Affinity } from "../balance/affinity.ts";
import { Placement } from "../balance/placement.ts";
import { Subset } from "../balance/subset.ts";
import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { ContractReader } from "../contract/reader.ts";
import type { Reason } from "../model/reason.ts";
import { type ServiceKey, splitServiceKey } from "../model/service-key.ts";
import { defaultBackendPolicy } from "../policy/backend-policy.ts";
import type { FaultDraws } from "../policy/fault.ts";
import { BackendChoice } from "./backend-choice.ts";
import type { BackendMember, BackendSpec } from "./backend-spec.ts";
import { ConnectionCaps } from "./connection-caps.ts";
import type { UpstreamContext } from "./context.ts";
import { HealthChecks } from "./health-checks.ts";
import { OutlierWatch } from "./outlier-watch.ts";
import type { PickWish } from "./pick-wish.ts";
import { RequestCaps } from "./request-caps.ts";
import type { Target, TargetObserver } from "./target.ts";

export type { BackendMember, BackendSpec } from "./backend-spec.ts";

/** Waits until the backend has an endpoint for it. */
export interface EndpointWaiter {
  /** There may be one now: pick again. */
  onEndpoint(): void;
  onNoEndpoint(reason: "no-endpoint" | "slot-away", detail: string): void;
}

/** How long a request waits for the process that keeps its key, in ms (`whenAway: wait`). */
export const slotWaitMs = 2000;
/** After this long, in ms, a key's process that has refused it is asked again: one of the two proxies was behind. */
const retryPauseMs = 100;

/** What a request waits for. */
export interface EndpointWish {
  /** The request's slot, or -1. */
  readonly slot: number;
  /** The end of the wait where there is a slot. */
  readonly untilMs: number;
  /** The slot's owner is there and has just refused the request. */
  readonly isRetry: boolean;
  /** There are endpoints, and all said that the request is not theirs: documents are on their way. */
  readonly isPause: boolean;
}

/** Until the first documents arrive. */
const emptySpec: BackendSpec = {
  policy: defaultBackendPolicy,
  placement: null,
  slots: null,
  contract: null,
  fault: null,
  members: [],
};

/**
 * The endpoints behind one port of a service and the choice among them. It outlives its documents: `apply` replaces
 * what it knows in one step, and requests that wait get the benefit.
 */
export class Backend implements TargetObserver {
  readonly service: ServiceKey;
  readonly port: number;
  readonly #context: UpstreamContext;
  #spec = emptySpec;
  /** Null: none, any endpoint may answer. */
  placement: Placement | null = null;
  /** What keeps requests of one key at one endpoint, where the picker hashes; null: nothing. */
  affinity: Affinity | null = null;
  /** Only endpoints that its service's policy asks for; null: any. A rule may ask for others. */
  subset: Subset | null = null;
  /** What is in force of requests and retries at a time. */
  readonly caps = new RequestCaps();
  /** Which endpoints may be picked now, and how. */
  readonly choice: BackendChoice;
  readonly #outliers: OutlierWatch;
  /** Null: none were ever asked for. */
  #checks: HealthChecks | null = null;
  /** Made when somebody asks; null: nobody has since the last documents. */
  #members: ReadonlyMap<string, BackendMember> | null = null;
  /** By index of `SlotsDoc.owners`; null where no endpoint has that uid. */
  #owners: readonly (BackendMember | null)[] = [];
  readonly #waiting = new Map<EndpointWaiter, Waiting>();
  /** Since when there has been no endpoint; null while there is one. */
  #emptySinceMs: number | null;

  constructor(context: UpstreamContext, service: ServiceKey, port: number) {
    this.#context = context;
    this.service = service;
    this.port = port;
    this.choice = new BackendChoice(context);
    this.#outliers = new OutlierWatch(context);
    this.#emptySinceMs = context.clock.monotonicMs();
  }

  get contract(): ContractReader | null {
    return this.#spec.contract;
  }

  get fault(): FaultDraws | null {
    return this.#spec.fault;
  }

  get spec(): BackendSpec {
    return this.#spec;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Must a request with a slot go to that slot's owner and to nobody else? */
  get isPinning(): boolean {
    return this.placement !== null && this.placement.whenAway !== "move";
  }

  /** Acts on new documents. Requests that wait are told by `flush`, once everything has been swapped. */
  apply(spec: BackendSpec): void {
    const before = this.#spec;
    this.#spec = spec;
    if (spec.placement !== before.placement) {
      this.placement = spec.placement === null ? null : new Placement(spec.placement);
    }
    const { policy } = spec;
    if (policy.affinity !== before.policy.affinity) {
      this.affinity = policy.affinity === undefined ? null : new Affinity(policy.affinity);
    }
    if (policy.subset !== before.policy.subset) {
      this.subset = policy.subset === undefined ? null : new Subset(policy.subset);
    }
    this.caps.doc = policy.caps ?? null;
    const caps = connectionCaps(spec);
    const nowMs = this.#context.clock.monotonicMs();
    for (const { target, phase } of spec.members) {
      target.named = spec;
      target.caps = caps;
      target.health.configure(policy, this.choice.group);
      target.health.noteReady(phase === "ready", nowMs);
      target.connectTimeoutMs = spec.policy.connectTimeoutMs;
      target.speaks = target.endpoint.identity === null ? (spec.speaks ?? null) : null;
      target.observe(this);
    }
    for (const { target } of before.members) if (target.named !== spec) target.unobserve(this);
    this.#members = null;
    this.#owners = spec.slots?.owners.map((uid) => this.#byUid.get(uid) ?? null) ?? [];
    this.#outliers.apply(policy.outlier ?? null, spec.members);
    this.#check(spec);
    this.#rebuild();
  }

  onTargetChange(): void {
    this.#rebuild();
    this.flush();
  }

  /**
   * The target for the next attempt, or null where none can be had now: `wait`, then pick again.
   * @param slot the request's slot, or -1 where placement says nothing of it
   * @param avoid one that just failed
   * @param wish what else is asked for; null: nothing
   */
  pick(
    nowMs: number,
    slot: number,
    avoid: Target | null,
    wish: PickWish | null = null,
  ): Target | null {
    if (this.#checks !== null) this.#checks.onUse(nowMs);
    if (slot < 0 || this.placement === null) {
      if (wish === null) return this.choice.pick(nowMs, avoid);
      const isKept = wish.stickTo !== null && wish.stickTo !== avoid?.uid;
      const kept = isKept ? this.#kept(wish.stickTo!, wish, nowMs) : null;
      if (kept !== null) return kept;
      return this.choice.pickWished(nowMs, avoid, wish);
    }
    const target = this.#slotTarget(slot);
    return target === avoid ? null : target;
  }

  /** A request begins here, and ends with `leave`; or the reason why it must not: `queue-full`, its cap is reached. */
  enter(): "queue-full" | null {
    return this.caps.enter();
  }

  /** A request that `enter` let in is over. */
  leave(): void {
    this.caps.leave();
  }

  /** May a retry or a hedge go on now? Then it ends with `endRetry`. */
  tryRetry(): boolean {
    return this.caps.tryRetry();
  }

  endRetry(): void {
    this.caps.endRetry();
  }

  /**
   * Waits for a target. A reason at once instead of null where waiting is not allowed: the queue is full, there has
   * been no endpoint for too long, or the placement refuses.
   */
  wait(
    waiter: EndpointWaiter,
    wish: EndpointWish,
  ): "queue-full" | "no-endpoint" | "slot-away" | null {
    const nowMs = this.#context.clock.monotonicMs();
    const isSlot = wish.slot >= 0 && this.placement !== null;
    if (isSlot && this.placement?.whenAway === "refuse" && !wish.isRetry) return "slot-away";
    const emptyMs = this.#emptySinceMs === null ? 0 : nowMs - this.#emptySinceMs;
    const isTimed = isSlot || wish.isPause;
    const leftMs = isTimed ? wish.untilMs - nowMs : this.#spec.policy.failfastMs - emptyMs;
    if (leftMs <= 0) return isSlot ? "slot-away" : "no-endpoint";
    if (this.#waiting.size >= this.#spec.policy.queueMax) return "queue-full";
    const untilMs = isTimed ? wish.untilMs : nowMs;
    const waiting = new Waiting(this, waiter, isSlot ? wish.slot : -1, untilMs);
    this.#waiting.set(waiter, waiting);
    this.#context.wheel.set(
      waiting.deadline,
      wish.isPause || (isSlot && wish.isRetry) ? Math.min(leftMs, retryPauseMs) : leftMs,
    );
    return null;
  }

  /** `waiter` waits no longer. */
  cancel(waiter: EndpointWaiter): void {
    const waiting = this.#waiting.get(waiter);
    if (waiting === undefined) return;
    this.#waiting.delete(waiter);
    this.#context.wheel.clear(waiting.deadline);
  }

  /** Tells those that wait and need not any more. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting.values()]) {
      if (!this.#waiting.has(waiting.waiter) || !this.#canPick(waiting.slot)) continue;
      this.cancel(waiting.waiter);
      waiting.waiter.onEndpoint();
    }
  }

  /** The service is gone: nobody waits any more, and its endpoints are let go. */
  close(): void {
    this.apply({ ...this.#spec, members: [], slots: null });
    for (const waiting of [...this.#waiting.values()]) this.onExpired(waiting);
  }

  /** Why a request cannot go anywhere, for people. */
  describe(reason: Reason, slot: number): string {
    if (reason === "slot-away") return this.#describeSlot(slot);
    if (reason === "queue-full")
      return `${this.#waiting.size} requests wait for an endpoint already`;
    return this.#describeMembers();
  }

  /** The wait of `waiting` is over. */
  onExpired(waiting: Waiting): void {
    this.cancel(waiting.waiter);
    if (this.#context.clock.monotonicMs() < waiting.untilMs) {
      waiting.waiter.onEndpoint(); // the pause before another attempt is over
      return;
    }
    const reason = waiting.slot >= 0 ? "slot-away" : "no-endpoint";
    waiting.waiter.onNoEndpoint(reason, this.describe(reason, waiting.slot));
  }

  #describeSlot(slot: number): string {
    const member = this.#ownerOf(slot);
    const index = this.#spec.slots?.assignment[slot];
    const uid = index === undefined ? undefined : this.#spec.slots?.owners[index];
    if (uid === undefined) return `slot ${slot} has no owner`;
    if (member === null) return `slot ${slot} belongs to workload ${uid}, which has no endpoint`;
    const { target, phase } = member;
    const why = target.awayReason ?? phase;
    return `slot ${slot} belongs to ${target.endpoint.workload}, which is away (${why})`;
  }

  #describeMembers(): string {
    const { members } = this.#spec;
    if (members.length === 0) return `${this.service} has no endpoint`;
    return `none of ${members.length} endpoints of ${this.service} is ready`;
  }

  #canPick(slot: number): boolean {
    return slot >= 0 && this.placement !== null
      ? this.#slotTarget(slot) !== null
      : this.choice.count > 0;
  }

  get #byUid(): ReadonlyMap<string, BackendMember> {
    this.#members ??= new Map(this.#spec.members.map((member) => [member.target.uid, member]));
    return this.#members;
  }

  /** The endpoint of a session, while new requests go there and it is well. */
  #kept(uid: string, wish: PickWish, nowMs: number): Target | null {
    const member = this.#byUid.get(uid);
    if (member === undefined || member.phase !== "ready") return null;
    const { target, labels = {} } = member;
    if (target.isAway || (!target.health.isWell && !this.choice.isPanic)) return null;
    if (wish.subset !== null && !wish.subset.has(wish.subsetKey!, labels)) return null;
    if (wish.breakers !== null) {
      if (!wish.breakers.allows(target, nowMs)) return null;
      wish.breakers.onPicked(target, nowMs);
    }
    return target;
  }

  #slotTarget(slot: number): Target | null {
    const owner = this.#ownerOf(slot);
    if (owner !== null && canAnswer(owner)) return owner.target;
    if (this.placement?.whenAway !== "move") return null;
    const count = this.#owners.length;
    const first = this.#spec.slots?.assignment[slot] ?? 0;
    for (let step = 1; step < count; step++) {
      const next = this.#owners[(first + step) % count]!;
      if (next !== null && next.phase === "ready" && !next.target.isAway) return next.target;
    }
    return null;
  }

  #ownerOf(slot: number): BackendMember | null {
    const index = this.#spec.slots?.assignment[slot];
    return index === undefined ? null : (this.#owners[index] ?? null);
  }

  #check({ policy, members, octetsAlpn = null }: BackendSpec): void {
    if (policy.health === undefined && this.#checks === null) return;
    this.#checks ??= new HealthChecks(this.#context);
    this.#checks.apply({
      doc: policy.health ?? null,
      authority: `${splitServiceKey(this.service).name}:${this.port}`,
      octetsAlpn,
      targets: members.filter(({ phase }) => phase === "ready").map(({ target }) => target),
    });
  }

  #rebuild(): void {
    this.choice.rebuild(this.#spec);
    if (this.choice.count > 0) this.#emptySinceMs = null;
    else this.#emptySinceMs ??= this.#context.clock.monotonicMs();
  }
}

function connectionCaps({ policy, members }: BackendSpec): ConnectionCaps | null {
  const { caps } = policy;
  if (caps?.connectionsMax === undefined && caps?.pendingMax === undefined) return null;
  return new ConnectionCaps(
    caps,
    members.map(({ target }) => target),
  );
}

/** One request in a backend's queue. */
class Waiting implements DeadlineHandler {
  readonly waiter: EndpointWaiter;
  readonly slot: number;
  readonly untilMs: number;
  readonly deadline: Deadline;
  readonly #backend: Backend;

  constructor(backend: Backend, waiter: EndpointWaiter, slot: number, untilMs: number) {
    this.#backend = backend;
    this.waiter = waiter;
    this.slot = slot;
    this.untilMs = untilMs;
    this.deadline = new Deadline(this);
  }

  onDeadline(): void {
    this.#backend.onExpired(this);
  }
}

function canAnswer(member: BackendMember): boolean {
  return member.phase !== "away" && !member.target.isAway;
}
