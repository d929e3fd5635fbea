import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { HealthCheckDoc } from "../model/policy.ts";
import type { UpstreamContext } from "./context.ts";
import { HealthProbe } from "./health-probe.ts";
import type { Target } from "./target.ts";

/** Checks of one service port that go on at a time; others wait for their turn. */
export const checksMax = 16;
/** Without a request for so long, in ms, endpoints are checked no more often than this (Envoy `no_traffic_interval`). */
export const unusedIntervalMs = 60_000;
/** A check that finds no turn, in ms, tries again. */
const turnMs = 50;
/** A connection of octets that is open for so long, in ms, is taken: its peer's proxy has had time to reach the process. */
const settledMs = 200;

/** Which endpoints are checked, and how; `null` where none are. */
export interface ChecksSpec {
  readonly doc: HealthCheckDoc | null;
  readonly authority: string;
  /** What peers that carry octets are offered; null: requests are carried. */
  readonly octetsAlpn: string | null;
  readonly targets: readonly Target[];
}

/**
 * Asks the endpoints of one backend whether they are well (HealthCheck), each once in an interval, not all at the same time, and none before
 * somebody has used the backend. Callers ask: besides the process they see the way to it, and need nobody to tell them
 * (decision 44).
 */
export class HealthChecks {
  /** When an endpoint was picked last; -1: none was. */
  usedMs = -1;
  /** Checks going on. */
  running = 0;
  readonly #context: UpstreamContext;
  readonly #checkers = new Map<Target, Checker>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  apply({ doc, targets, authority, octetsAlpn }: ChecksSpec): void {
    const wanted = new Set(doc === null ? [] : targets);
    for (const [target, checker] of this.#checkers) {
      if (wanted.has(target)) continue;
      checker.stop();
      this.#checkers.delete(target);
    }
    if (doc === null) return;
    const how = { doc, authority, octetsAlpn };
    for (const target of targets) {
      const checker = this.#checkers.get(target) ?? new Checker(this, this.#context, target, how);
      this.#checkers.set(target, checker);
      checker.how = how;
      if (this.usedMs >= 0) checker.start();
    }
  }

  /** A request picks an endpoint. */
  onUse(nowMs: number): void {
    const isFirst = this.usedMs < 0;
    this.usedMs = nowMs;
    if (isFirst) for (const checker of this.#checkers.values()) checker.start();
  }
}

type How = Omit<ChecksSpec, "doc" | "targets"> & { readonly doc: HealthCheckDoc };

/** The checks of one target, one after the other. */
class Checker implements DeadlineHandler {
  how: How;
  readonly #checks: HealthChecks;
  readonly #context: UpstreamContext;
  readonly #target: Target;
  readonly #deadline: Deadline;
  #probe: HealthProbe | null = null;
  /** In a row. */
  #failures = 0;
  #successes = 0;

  constructor(checks: HealthChecks, context: UpstreamContext, target: Target, how: How) {
    this.how = how;
    this.#checks = checks;
    this.#context = context;
    this.#target = target;
    this.#deadline = new Deadline(this);
  }

  /** Begins, somewhere within the interval. */
  start(): void {
    if (this.#deadline.isSet) return;
    this.#wait(this.how.doc.intervalMs * this.#context.rng.float());
  }

  stop(): void {
    this.#context.wheel.clear(this.#deadline);
    if (this.#probe !== null) this.#leave().giveUp();
  }

  onDeadline(): void {
    if (this.#probe !== null) this.#onTimeout(this.#leave());
    else if (this.#checks.running >= checksMax) this.#wait(turnMs);
    else if (this.#target.isAway)
      this.#next(); // the way to it is probed already
    else this.#begin();
  }

  onProbed(isWell: boolean | null): void {
    this.#leave();
    this.#count(isWell);
  }

  #begin(): void {
    const { doc, authority, octetsAlpn } = this.how;
    const probe = new HealthProbe(this.#context, this.#target, doc, authority, this);
    this.#probe = probe;
    this.#checks.running++;
    const isOctets = doc.check.protocol === "tcp";
    this.#wait(isOctets ? Math.min(doc.timeoutMs, settledMs) : doc.timeoutMs);
    probe.start(octetsAlpn);
  }

  /** Where nothing but a connection was asked for, one that is still there is the answer. */
  #onTimeout(probe: HealthProbe): void {
    this.#count(probe.giveUp());
  }

  #leave(): HealthProbe {
    const probe = this.#probe!;
    this.#probe = null;
    this.#checks.running--;
    return probe;
  }

  #count(isWell: boolean | null): void {
    const { unhealthyAfter, healthyAfter } = this.how.doc;
    if (isWell === true) {
      this.#failures = 0;
      if (++this.#successes >= healthyAfter) this.#target.health.check(true);
    } else if (isWell === false) {
      this.#successes = 0;
      if (++this.#failures >= unhealthyAfter) this.#target.health.check(false);
    }
    this.#next();
  }

  /** A tenth sooner or later, lest callers march in step. */
  #next(): void {
    const { doc } = this.how;
    const idleMs = this.#context.clock.monotonicMs() - this.#checks.usedMs;
    const isUnused = idleMs >= unusedIntervalMs;
    const intervalMs = isUnused ? Math.max(doc.intervalMs, unusedIntervalMs) : doc.intervalMs;
    this.#wait(intervalMs * (0.9 + 0.2 * this.#context.rng.float()));
  }

  #wait(delayMs: number): void {
    this.#context.wheel.set(this.#deadline, delayMs);
  }
}
