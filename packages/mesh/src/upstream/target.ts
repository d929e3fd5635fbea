import type { Candidate } from "../balance/picker.ts";
import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { BackendTlsDoc } from "../model/policy.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import { type Outcome, verdictOf } from "../policy/outcome.ts";
import { backoffMs } from "./backoff.ts";
import type { ConnectReason } from "./connect-failure.ts";
import type { ConnectionCaps } from "./connection-caps.ts";
import type { ConnectionMeter, UpstreamContext } from "./context.ts";
import { Dialler, type TargetKey } from "./dialler.ts";
import type { Endpoint } from "./endpoint.ts";
import { Pool, type PoolObserver } from "./pool.ts";
import { RawDial, type RawDialOwner } from "./raw-dial.ts";
import type { RuleBreakers } from "./rule-breakers.ts";
import { SpokenVersion } from "./spoken-version.ts";
import { type HealthOwner, TargetHealth } from "./target-health.ts";

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
export class Target implements Candidate, PoolObserver, HealthOwner, DeadlineHandler {
  readonly uid: string;
  readonly endpoint: Endpoint;
  /**
   * The version of HTTP that the process speaks, whatever its caller does; null: it is asked in the caller's. Never set for a
   * peer's proxy, which takes both: what its process speaks is for that proxy to know.
   */
  speaks: HttpProtocol | null = null;
  /** What its requests and checks have shown. */
  readonly health: TargetHealth;
  /** A backend's own: which of its specs named it last. */
  named: unknown = null;
  /** Of its backend; null: none. */
  caps: ConnectionCaps | null = null;
  /** What it has shown to speak, where nothing was said. */
  readonly #found: SpokenVersion;
  readonly #context: UpstreamContext;
  readonly #dialler: Dialler;
  readonly #meter: ConnectionMeter | null;
  #http1: Pool | null = null;
  #http2: Pool | null = null;
  readonly #rawDials = new Set<RawDial>();
  /** What could not connect last, and is probed. */
  #failed: Pool | null = null;
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
    key: TargetKey,
    meter: ConnectionMeter | null,
  ) {
    this.#context = context;
    this.uid = endpoint.uid;
    this.endpoint = endpoint;
    this.#dialler = new Dialler(context, key);
    this.#meter = meter;
    this.#retry = new Deadline(this);
    this.health = new TargetHealth(context, this);
    this.#found = new SpokenVersion(context.clock);
  }

  /** Did we ourselves find it away? */
  get isAway(): boolean {
    return this.awayReason !== null;
  }

  /** Longest wait for a TCP and TLS handshake, in ms. */
  get connectTimeoutMs(): number {
    return this.#dialler.connectTimeoutMs;
  }

  set connectTimeoutMs(timeoutMs: number) {
    this.#dialler.connectTimeoutMs = timeoutMs;
  }

  /** How our own process is spoken to with TLS; null: plainly. Connections made otherwise carry nothing new. */
  set originTls(doc: BackendTlsDoc | null) {
    if (doc === this.#dialler.origin) return;
    this.#dialler.origin = doc;
    if (doc !== null && doc.fails === null) this.#context.originTls?.prepare(doc.ca);
    this.#found.forget(null);
  }

  /** Connections open or being opened, of every kind. */
  get size(): number {
    return (this.#http1?.size ?? 0) + (this.#http2?.size ?? 0) + this.#rawDials.size;
  }

  /** Requests that wait for a connection. */
  get waitingCount(): number {
    return (this.#http1?.waitingCount ?? 0) + (this.#http2?.waitingCount ?? 0);
  }

  get idleCount(): number {
    return (this.#http1?.idleCount ?? 0) + (this.#http2?.idleCount ?? 0);
  }

  /** The connections for a request that came in `protocol`: in that version of HTTP, or in the one the process speaks. */
  poolFor(protocol: HttpProtocol, nowMs: number): Pool {
    return this.poolOf(this.speaks ?? this.#found.version(nowMs) ?? protocol);
  }

  /** The connections on which `protocol` is spoken; made on first use. */
  poolOf(protocol: HttpProtocol): Pool {
    if (protocol === "http/1.1") {
      this.#http1 ??= new Pool(this.#context, this.#dialler, protocol, this, this.#meter);
      return this.#http1;
    }
    this.#http2 ??= new Pool(this.#context, this.#dialler, protocol, this, this.#meter);
    return this.#http2;
  }

  /**
   * Opens one connection for octets, counted and bounded as those of pools are; `owner` is told how it went, within this call only
   * where nothing can be dialled. Its end is the owner's business.
   * @param alpn what a peer is offered: `heddle-tcp`
   */
  dial(alpn: string, owner: RawDialOwner): RawDial {
    const dial = new RawDial(this.#context, owner, this, this.#meter);
    const { tunnelsMax } = this.#context.limits;
    if (this.#rawDials.size >= tunnelsMax) {
      dial.refuse("queue-full", `${tunnelsMax} connections are open`);
    } else if (this.caps !== null && !this.caps.mayDial(this.#rawDials.size)) {
      dial.refuse("queue-full", "the service's connections are at their cap");
    } else if (this.#dialler.isWaitingForIdentity) {
      dial.refuse("shed", "this proxy has no certificate yet");
    } else {
      this.#rawDials.add(dial);
      dial.start(this.#dialler, alpn);
    }
    return dial;
  }

  /** Connections of an older identity generation, or of no use any more. */
  closeIdle(): void {
    this.#http1?.closeIdle();
    this.#http2?.closeIdle();
  }

  get groupSize(): number {
    return this.health.group.total;
  }

  get pending(): number {
    return this.endpoint.load.pending;
  }

  loadMs(nowMs: number): number {
    return this.endpoint.load.loadMs(nowMs);
  }

  weight(nowMs: number): number {
    return this.health.weight(nowMs);
  }

  /**
   * How an attempt ended that was sent here, or that could not be: once for each.
   * @param breakers of the rule, if it has its own: then they count it, and the service's does not
   */
  report(outcome: Outcome, breakers: RuleBreakers | null = null): void {
    const verdict = verdictOf(outcome);
    if (verdict === "limited") {
      this.endpoint.load.punish(outcome, this.#context.clock.monotonicMs());
    }
    if (breakers !== null) breakers.report(this, verdict, this.#context.clock.monotonicMs());
    if (this.health.isCounting) this.health.report(verdict, breakers !== null);
  }

  /** Is anything counted of how attempts end? Else `report` need only be told of 429 and its like. */
  get isReported(): boolean {
    return this.health.isCounting;
  }

  /** A pool that has `own` connections asks. */
  mayDial(own: number): boolean {
    return this.caps === null || this.caps.mayDial(own);
  }

  mayWait(): boolean {
    return this.caps === null || this.caps.mayWait();
  }

  onHealthChange(): void {
    this.#tell();
  }

  observe(observer: TargetObserver): void {
    this.#observers.add(observer);
    this.#http1?.reopen();
    this.#http2?.reopen();
  }

  /** The last observer's leaving closes the pools: no backend names the endpoint any more. */
  unobserve(observer: TargetObserver): void {
    this.#observers.delete(observer);
    if (this.#observers.size > 0) return;
    this.#http1?.close();
    this.#http2?.close();
    this.#context.wheel.clear(this.#retry);
    this.health.forget();
    this.caps = null;
    this.named = null;
    this.#failures = 0;
    this.awayReason = null;
  }

  get isObserved(): boolean {
    return this.#observers.size > 0;
  }

  /**
   * The peer's proxy said that it could not reach its application: leave it alone for a moment. One that has enough
   * to do is there: others of its requests go on, and the next, or one of a higher priority, may be let in.
   */
  onPeerFailure(reason: Reason): void {
    if (reason === "shed" || reason === "queue-full") return;
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

  onConnectFailed(reason: ConnectReason, pool: Pool | null): void {
    if (reason === "queue-full" || reason === "shed") return; // our own shortage
    this.#found.forget(null);
    if (!this.isObserved || this.endpoint.isOwn || this.#isReached) return;
    this.#failed = pool;
    // Dials that were on their way together count as one failure.
    // Of octets the next connection is the probe: where they alone are carried no pool could connect.
    if (!this.isAway || !this.#retry.isSet) this.#goAway(reason, pool !== null);
  }

  onDeadline(): void {
    if (!this.isAway) return;
    if (this.#isProbed) (this.#failed ?? this.poolOf(this.speaks ?? "http/1.1")).probe();
    else this.#comeBack();
  }

  /**
   * Of a peer's proxy it says nothing of the process. Where a port is declared, that stands.
   */
  onMisfit(pool: Pool): boolean {
    if (this.speaks !== null || this.endpoint.identity !== null) return false;
    this.#found.refute(pool.protocol);
    return true;
  }

  onEmpty(pool: Pool): void {
    this.#found.forget(pool.protocol);
  }

  /** A raw connection has ended, or never came about. */
  onRawEnd(dial: RawDial): void {
    this.#rawDials.delete(dial);
  }

  /** Does a connection of any kind show that the endpoint is there? */
  get #isReached(): boolean {
    if (this.#http1?.isConnected === true || this.#http2?.isConnected === true) return true;
    for (const { isOpen } of this.#rawDials) if (isOpen) return true;
    return false;
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
