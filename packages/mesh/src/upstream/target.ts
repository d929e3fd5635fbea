import type { Candidate } from "../balance/picker.ts";
import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Reason } from "../model/reason.ts";
import { backoffMs } from "./backoff.ts";
import type { ConnectReason } from "./connect-failure.ts";
import type { ConnectionMeter, UpstreamContext } from "./context.ts";
import type { Endpoint } from "./endpoint.ts";
import { Pool, type PoolKey, type PoolObserver } from "./pool.ts";

/** Told when a target can be used again, or no longer. */
export interface TargetObserver {
  onTargetChange(): void;
}

/**
 * One service port at one endpoint: what a picker chooses and an attempt goes to. Besides what the control plane says
 * of the endpoint it keeps what we saw ourselves: one that could not be reached is away until a probe reaches it.
 *
 * ```
 *  usable ──cannot connect──▶ away ──backoff──▶ probing ──connected──▶ usable
 *                              ▲───────────────────┘ failed: the pause doubles
 * ```
 */
export class Target implements Candidate, PoolObserver, DeadlineHandler {
  readonly uid: string;
  readonly endpoint: Endpoint;
  readonly pool: Pool;
  readonly #context: UpstreamContext;
  readonly #retry: Deadline;
  readonly #observers = new Set<TargetObserver>();
  /** Failures in a row; 0 while it is not away. */
  #failures = 0;
  /** Does the pause end with a probe of the connection, or is the next request the probe? */
  #isProbed = false;
  /** Why it is away. */
  awayReason: Reason | null = null;

  constructor(
    context: UpstreamContext,
    endpoint: Endpoint,
    key: PoolKey,
    meter: ConnectionMeter | null,
  ) {
    this.#context = context;
    this.uid = endpoint.uid;
    this.endpoint = endpoint;
    this.pool = new Pool(context, key, this, meter);
    this.#retry = new Deadline(this);
  }

  /** Did we ourselves find it away? */
  get isAway(): boolean {
    return this.awayReason !== null;
  }

  loadMs(nowMs: number): number {
    return this.endpoint.load.loadMs(nowMs);
  }

  observe(observer: TargetObserver): void {
    this.#observers.add(observer);
    this.pool.reopen();
  }

  /** The last observer's leaving closes the pool: no backend names the endpoint any more. */
  unobserve(observer: TargetObserver): void {
    this.#observers.delete(observer);
    if (this.#observers.size > 0) return;
    this.pool.close();
    this.#context.wheel.clear(this.#retry);
    this.#failures = 0;
    this.awayReason = null;
  }

  get isObserved(): boolean {
    return this.#observers.size > 0;
  }

  /** The peer's proxy said that it could not reach its application: leave it alone for a moment. */
  onPeerFailure(reason: Reason): void {
    if (this.isAway || !this.isObserved || this.endpoint.isOwn) return;
    this.#goAway(reason, false);
  }

  /** A request was answered. */
  onAnswer(): void {
    if (this.#failures !== 0 && !this.isAway) this.#failures = 0;
  }

  onConnected(): void {
    if (this.isAway && this.#isProbed) this.#comeBack();
    if (this.#isProbed) this.#failures = 0;
  }

  onConnectFailed(reason: ConnectReason): void {
    if (reason === "queue-full" || reason === "shed") return; // our own shortage
    if (!this.isObserved || this.endpoint.isOwn) return;
    // Dials that were on their way together count as one failure.
    if (!this.isAway || !this.#retry.isSet) this.#goAway(reason, true);
  }

  onDeadline(): void {
    if (!this.isAway) return;
    if (this.#isProbed) this.pool.probe();
    else this.#comeBack();
  }

  #goAway(reason: Reason, isProbed: boolean): void {
    const wasAway = this.isAway;
    this.#failures++;
    this.#isProbed = isProbed;
    this.awayReason = reason;
    this.#context.wheel.set(this.#retry, backoffMs(this.#failures, this.#context.rng));
    if (!wasAway) this.#tell();
  }

  #comeBack(): void {
    this.awayReason = null;
    this.#context.wheel.clear(this.#retry);
    this.#tell();
  }

  #tell(): void {
    for (const observer of this.#observers) observer.onTargetChange();
  }
}
