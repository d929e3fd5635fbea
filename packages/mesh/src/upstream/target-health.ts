import { slowStartWeight } from "../balance/slow-start.ts";
import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { BackendPolicyDoc } from "../model/document.ts";
import type { OutlierDoc, SlowStartDoc } from "../model/policy.ts";
import { Breaker, probeMaxMs } from "../policy/breaker.ts";
import type { Verdict } from "../policy/outcome.ts";
import { OutlierHost } from "../policy/outlier.ts";
import type { UpstreamContext } from "./context.ts";

/** The targets of one backend, as far as each must know of the others. */
export class TargetGroup {
  /** Those that are ready, as the control plane says. */
  total = 0;
  /** Of these, those that a breaker or a detector has taken out. */
  out = 0;
  /** How often one was taken out, and how often one came back. */
  ejections = 0;
  returns = 0;

  /** May one more be out? One always may. */
  mayEject(ejectedMax: number): boolean {
    return this.out === 0 || this.out + 1 <= ejectedMax * this.total;
  }
}

/** Told that a target has become well, or no longer is, or waits for a request that probes it. */
export interface HealthOwner {
  onHealthChange(): void;
}

/**
 * What requests and checks have shown of one target: its breaker, its place among outliers, its health, and since when it has been
 * there. It outlives changes of configuration, and what is no longer asked for is forgotten.
 */
export class TargetHealth implements DeadlineHandler {
  readonly host = new OutlierHost();
  group = new TargetGroup();
  readonly #context: UpstreamContext;
  readonly #owner: HealthOwner;
  #policy: BackendPolicyDoc | null = null;
  #breaker: Breaker | null = null;
  #outlier: OutlierDoc | null = null;
  #slowStart: SlowStartDoc | null = null;
  /** -1: it is not ready. */
  #readySinceMs = -1;
  #isSick = false;
  /** End of the breaker's pause, or of a probe that comes to nothing. */
  readonly #pause: Deadline;
  readonly #ejection: Deadline;

  constructor(context: UpstreamContext, owner: HealthOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#pause = new Deadline(this);
    this.#ejection = new Deadline(this);
  }

  /** May it be picked like any other? */
  get isWell(): boolean {
    return !this.isEjected && !this.#isSick;
  }

  /** Has a breaker or a detector taken it out? */
  get isEjected(): boolean {
    return (this.#breaker !== null && this.#breaker.phase !== "closed") || this.host.isEjected;
  }

  /** Is its breaker's pause over, and the next request the probe? */
  get isProbeWanted(): boolean {
    return this.#breaker?.phase === "ready" && !this.host.isEjected && !this.#isSick;
  }

  /** For people. */
  get breakerPhase(): Breaker["phase"] | null {
    return this.#breaker?.phase ?? null;
  }

  /** What active checks say; well until they say otherwise. */
  get isSick(): boolean {
    return this.#isSick;
  }

  /** Is anything counted of its requests? */
  get isCounting(): boolean {
    return this.#breaker !== null || this.#outlier !== null;
  }

  weight(nowMs: number): number {
    const slowStart = this.#slowStart;
    if (slowStart === null) return 1;
    const elapsedMs = nowMs - this.#readySinceMs;
    return elapsedMs >= slowStart.windowMs ? 1 : slowStartWeight(slowStart, elapsedMs);
  }

  /** Acts on what its service says now. */
  configure(policy: BackendPolicyDoc, group: TargetGroup): void {
    if (policy === this.#policy && group === this.group) return;
    this.#policy = policy;
    this.group = group;
    this.#slowStart = policy.slowStart ?? null;
    this.#outlier = policy.outlier ?? null;
    if (this.#outlier === null) this.#endEjection();
    if (policy.breaker === undefined) {
      this.#breaker = null;
      this.#context.wheel.clear(this.#pause);
    } else if (this.#breaker === null) {
      this.#breaker = new Breaker(policy.breaker, this.#context.rng);
    } else {
      this.#breaker.doc = policy.breaker;
    }
    if (policy.health === undefined) this.#isSick = false;
  }

  /** The control plane calls it ready, or no longer does. */
  noteReady(isReady: boolean, nowMs: number): void {
    if (!isReady) this.#readySinceMs = -1;
    else if (this.#readySinceMs < 0) this.#readySinceMs = nowMs;
  }

  /** How a request ended. @param hasOwnBreaker does its rule count for itself? */
  report(verdict: Verdict, hasOwnBreaker: boolean): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#outlier !== null && !this.host.isEjected) {
      if (this.host.counts(this.#outlier, verdict)) this.eject(nowMs);
    }
    if (!hasOwnBreaker && this.#breaker !== null) this.#reportTo(this.#breaker, verdict, nowMs);
  }

  /** Out, as its detector says; not, where too many are out. */
  eject(nowMs: number): void {
    const outlier = this.#outlier;
    if (outlier === null || this.host.isEjected || !this.#mayLeave(outlier.ejectedMax)) return;
    this.#context.wheel.set(this.#ejection, this.host.eject(outlier, nowMs));
    this.#ejected();
  }

  /** The next request is the probe: it has been picked. */
  onProbe(): void {
    this.#breaker!.probe();
    this.#context.wheel.set(this.#pause, probeMaxMs);
  }

  /** What active checks have come to. One that they call well is not an outlier any more, and starts anew. */
  check(isWell: boolean): void {
    const wasSick = this.#isSick;
    this.#isSick = !isWell;
    if (isWell && (wasSick || this.host.isEjected)) {
      this.#endEjection();
      if (wasSick) this.#readySinceMs = this.#context.clock.monotonicMs();
    }
    if (wasSick === isWell) this.#owner.onHealthChange();
  }

  /** Nobody names it any more: what it was is forgotten. */
  forget(): void {
    this.#context.wheel.clear(this.#pause);
    this.#context.wheel.clear(this.#ejection);
    this.host.comeBack();
    this.#policy = null;
    this.#breaker = null;
    this.#isSick = false;
    this.#readySinceMs = -1;
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#ejection) {
      this.host.comeBack();
      this.group.returns++;
    } else {
      this.#breaker?.ready();
    }
    this.#owner.onHealthChange();
  }

  #reportTo(breaker: Breaker, verdict: Verdict, nowMs: number): void {
    switch (breaker.phase) {
      case "closed":
        if (!breaker.trips(verdict, nowMs) || !this.#mayLeave(breaker.doc.ejectedMax)) return;
        breaker.open(nowMs);
        this.#context.wheel.set(this.#pause, breaker.untilMs - nowMs);
        this.#ejected();
        return;
      case "open":
        return; // of before it opened, or of a placement's
      case "ready":
      case "probing":
        this.#context.wheel.clear(this.#pause);
        if (breaker.judge(verdict, nowMs)) {
          this.#context.wheel.set(this.#pause, breaker.untilMs - nowMs);
        } else if (verdict === "success") {
          this.group.returns++;
        }
        this.#owner.onHealthChange();
        return;
    }
  }

  #mayLeave(ejectedMax: number): boolean {
    return this.isEjected || this.group.mayEject(ejectedMax);
  }

  #ejected(): void {
    this.group.ejections++;
    this.#owner.onHealthChange();
  }

  #endEjection(): void {
    if (!this.host.isEjected) return;
    this.#context.wheel.clear(this.#ejection);
    this.host.comeBack();
    this.group.returns++;
    this.#owner.onHealthChange();
  }
}
