import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Address } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { TlsDialOptions, TransportFailure } from "../net/transport.ts";
import { defaultBackendPolicy } from "../policy/backend-policy.ts";
import { type ConnectReason, connectReason } from "./connect-failure.ts";
import type { ConnectionMeter, UpstreamContext } from "./context.ts";
import { IdleLimit } from "./idle-limit.ts";
import { PooledSession, type SessionPool, type SessionTaker } from "./pooled-session.ts";

/** What all connections of one pool have in common, but for the identity's generation. */
export interface PoolKey {
  readonly address: Address;
  /** Null: plain. */
  readonly tls: { readonly serverName: string; readonly identity: SpiffeId } | null;
}

/** Told how dials end, so that an endpoint that cannot be reached is left alone. */
export interface PoolObserver {
  onConnected(): void;
  onConnectFailed(reason: ConnectReason): void;
}

/** Protocols offered to peers, best first. */
const alpn: readonly string[] = ["http/1.1"];
/** How long a server may take to close its side of a connection that we closed, in ms. */
const closingMs = 2000;
/** How long somebody must have waited before more than the usual number of connections is opened, in ms. */
const patienceMs = 1000;
/** How long a request waits for a connection when dials and connections are at their limits, in ms. */
const waitMaxMs = 5000;

/**
 * Connections to one endpoint for one service port. The one used last is used next, so that the others grow old and go.
 * Who finds none waits for whichever comes first: one that is given back, or one that is being dialled. Only so many are
 * dialled at a time, lest a burst of handshakes starve itself. A connection of an older identity generation finishes what it carries and is not used again.
 */
export class Pool implements DeadlineHandler, SessionPool {
  readonly key: PoolKey;
  connectTimeoutMs = defaultBackendPolicy.connectTimeoutMs;
  readonly #context: UpstreamContext;
  readonly #observer: PoolObserver;
  readonly #idleLimit: IdleLimit;
  readonly #sweep: Deadline;
  /** Set while many are connected and somebody waits. */
  readonly #patience: Deadline;
  readonly #all = new Set<PooledSession>();
  /** Oldest first. */
  readonly #idle: PooledSession[] = [];
  readonly #dialling = new Set<PooledSession>();
  /** Oldest first. */
  readonly #waiting = new Map<SessionTaker, WaitingTaker>();
  readonly #meter: ConnectionMeter | null;
  #isClosed = false;

  constructor(
    context: UpstreamContext,
    key: PoolKey,
    observer: PoolObserver,
    meter: ConnectionMeter | null,
  ) {
    this.#meter = meter;
    this.#context = context;
    this.key = key;
    this.#observer = observer;
    const { limits } = context;
    this.#idleLimit = new IdleLimit(key.tls === null ? limits.appIdleMs : limits.peerIdleMs);
    this.#sweep = new Deadline(this);
    this.#patience = new Deadline(this);
  }

  /** Connections open or being opened. */
  get size(): number {
    return this.#all.size;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  get idleLimitMs(): number {
    return this.#idleLimit.limitMs(this.#context.clock.monotonicMs());
  }

  /**
   * A connection that is ready; or null, and `taker` is told later, or within this call where nothing can be dialled.
   * @param isFresh take none that was used before
   */
  take(taker: SessionTaker, isFresh: boolean, nowMs: number): PooledSession | null {
    if (!isFresh) {
      const session = this.#takeIdle(nowMs);
      if (session !== null) return session;
    }
    this.#wait(taker, isFresh);
    return null;
  }

  /** `taker` waits no longer; what is being dialled for it will serve another. */
  cancel(taker: SessionTaker): void {
    const waiting = this.#waiting.get(taker);
    if (waiting === undefined) return;
    this.#waiting.delete(taker);
    this.#context.wheel.clear(waiting.deadline);
  }

  /** Opens one connection for nobody, to see whether it can be. */
  probe(): void {
    if (!this.#isClosed) this.#dial();
  }

  /** Closes what is idle; what is in use closes when its exchange is over. */
  close(): void {
    this.#isClosed = true;
    this.closeIdle();
    this.#context.wheel.clear(this.#sweep);
  }

  /** Its endpoint is back. */
  reopen(): void {
    this.#isClosed = false;
  }

  closeIdle(): void {
    for (const session of this.#idle.splice(0)) this.#end(session);
  }

  onOpen(session: PooledSession): void {
    if (session.phase !== "dialling") return;
    this.#context.wheel.clear(session.deadline);
    this.#dialling.delete(session);
    session.isOpen = true;
    this.#meter?.onOpen(session.connection!);
    this.#keep(session);
    this.#dialEnough();
    this.#observer.onConnected(); // last: those who waited for the endpoint find the connection
  }

  onExchangeEnd(session: PooledSession): void {
    if (session.phase !== "busy") return;
    const { codec } = session;
    const announcedMs = codec.keepAliveTimeoutMs;
    if (announcedMs !== null) this.#idleLimit.announce(announcedMs);
    if (codec.capacity > 0) this.#keep(session);
    else session.phase = "closing"; // the codec has closed it
  }

  onClose(session: PooledSession, failure: TransportFailure | null): void {
    const { phase } = session;
    session.phase = "closed";
    this.#all.delete(session);
    if (session.isOpen) this.#meter?.onClose(session.connection!);
    this.#context.wheel.clear(session.deadline);
    if (phase === "dialling") {
      this.#dialling.delete(session);
      this.#onDialFailed(connectReason(failure), failure?.detail ?? "closed while connecting");
    } else if (phase === "idle") {
      remove(this.#idle, session);
      const nowMs = this.#context.clock.monotonicMs();
      this.#idleLimit.observeClose(nowMs - session.idleSinceMs, nowMs);
    }
    if (this.#waiting.size > 0) this.#dialEnough(); // there is room for another
  }

  /** A dial or a closing has taken too long. */
  onDeadlineOf(session: PooledSession): void {
    const { phase } = session;
    if (phase !== "dialling") {
      session.connection?.reset();
      return;
    }
    session.phase = "closing";
    this.#dialling.delete(session);
    session.codec.close();
    this.#onDialFailed("connect-timeout", `not connected within ${this.connectTimeoutMs} ms`);
  }

  /** The wait of `taker` is over. */
  onWaitExpired(taker: SessionTaker): void {
    this.cancel(taker);
    taker.onNoSession("queue-full", `no connection became free within ${waitMaxMs} ms`);
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#sweep) this.#closeOld();
    else this.#dialEnough();
  }

  /** Closes what has been idle too long; sets itself again for the next one. */
  #closeOld(): void {
    const idle = this.#idle;
    const nowMs = this.#context.clock.monotonicMs();
    const leftMs = (index: number): number =>
      idle[index]!.idleSinceMs + this.#idleMs(idle.length - index, nowMs) - nowMs;
    let old = 0;
    while (old < idle.length && leftMs(old) <= 0) old++;
    for (const session of idle.splice(0, old)) this.#end(session);
    if (idle.length > 0) this.#sweepWithin(leftMs(0));
  }

  /** How long the oldest of `count` may lie idle, in ms. */
  #idleMs(count: number, nowMs: number): number {
    const { idleKept, surplusIdleMs } = this.#context.limits;
    const limitMs = this.#idleLimit.limitMs(nowMs);
    return count > idleKept ? Math.min(limitMs, surplusIdleMs) : limitMs;
  }

  /** More may lie down meanwhile, and then the oldest are surplus: it is looked at least so often. */
  #sweepWithin(delayMs: number): void {
    const { limits, wheel } = this.#context;
    wheel.set(this.#sweep, Math.max(1, Math.min(delayMs, limits.surplusIdleMs)));
  }

  #takeIdle(nowMs: number): PooledSession | null {
    if (this.#idle.length === 0) return null;
    const limitMs = this.#idleLimit.limitMs(nowMs);
    const generation = this.#generation();
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined) return null;
      const isYoung = nowMs - session.idleSinceMs < limitMs;
      if (isYoung && session.generation === generation && session.codec.capacity > 0) {
        session.phase = "busy";
        return session;
      }
      this.#end(session);
    }
  }

  #wait(taker: SessionTaker, isFresh: boolean): void {
    const { limits, wheel } = this.#context;
    if (this.#waiting.size >= limits.waitingMax) {
      taker.onNoSession("queue-full", `${limits.waitingMax} requests wait for a connection`);
      return;
    }
    if (this.#tlsOptions() === undefined) {
      taker.onNoSession("shed", "this proxy has no certificate yet");
      return;
    }
    const sinceMs = this.#context.clock.monotonicMs();
    const waiting = new WaitingTaker(this, taker, isFresh, sinceMs);
    this.#waiting.set(taker, waiting);
    wheel.set(waiting.deadline, waitMaxMs);
    this.#dialEnough();
  }

  /** One dial for each who waits, as far as the limits allow. */
  #dialEnough(): void {
    const { dialsMax, connectionsMax } = this.#context.limits;
    while (
      this.#dialling.size < Math.min(this.#waiting.size, dialsMax) &&
      this.#all.size < connectionsMax
    ) {
      if (!this.#mayDial() || !this.#dial()) return;
    }
  }

  /** Beyond the usual number only for somebody who has been patient; looks again when that is so. */
  #mayDial(): boolean {
    if (this.#all.size < this.#context.limits.eagerMax) return true;
    const [oldest] = this.#waiting.values();
    const waitedMs = this.#context.clock.monotonicMs() - oldest!.sinceMs;
    if (waitedMs >= patienceMs) return true;
    if (!this.#patience.isSet) {
      this.#context.wheel.set(this.#patience, Math.max(1, patienceMs - waitedMs));
    }
    return false;
  }

  #dial(): boolean {
    const { wheel, transport } = this.#context;
    const tls = this.#tlsOptions();
    if (tls === undefined) return false;
    const generation = tls?.credentials.generation ?? 0;
    const session = new PooledSession(this, generation, (owner) =>
      this.#context.codec(owner, "http/1.1"),
    );
    this.#all.add(session);
    this.#dialling.add(session);
    wheel.set(session.deadline, this.connectTimeoutMs);
    const connection = transport.dial({ address: this.key.address, tls }, session.codec);
    session.connection = connection;
    session.codec.attach(connection);
    return true;
  }

  /** Undefined where TLS is needed and we have no identity. */
  #tlsOptions(): TlsDialOptions | null | undefined {
    const { tls } = this.key;
    if (tls === null) return null;
    const { trust } = this.#context;
    const credentials = trust?.credentials() ?? null;
    if (trust === null || credentials === null) return undefined;
    return { credentials, serverName: tls.serverName, alpn, verify: trust.verifier(tls.identity) };
  }

  #generation(): number {
    return this.key.tls === null ? 0 : (this.#context.trust?.credentials()?.generation ?? 0);
  }

  /**
   * While other connections to the endpoint live it is there, and one dial's failure is one request's. Else it is away:
   * all who wait go elsewhere at once.
   */
  #onDialFailed(reason: ConnectReason, detail: string): void {
    const isThere = this.#all.size > this.#dialling.size + this.#closingCount();
    if (!isThere) this.#observer.onConnectFailed(reason);
    const failed = [...this.#waiting.keys()].slice(0, isThere ? 1 : this.#waiting.size);
    for (const taker of failed) this.cancel(taker);
    for (const taker of failed) taker.onNoSession(reason, detail);
    this.#dialEnough();
  }

  /** Connections on their way out. */
  #closingCount(): number {
    let count = 0;
    for (const { phase } of this.#all) if (phase === "closing") count++;
    return count;
  }

  /** Nobody's now: the one who waits longest gets it, or it lies down. */
  #keep(session: PooledSession): void {
    if (session.generation !== this.#generation()) {
      this.#end(session);
      return;
    }
    // Also when closed: who waits began before that.
    for (const { taker, isFresh } of this.#waiting.values()) {
      if (isFresh && session.isUsed) continue;
      this.cancel(taker);
      session.phase = "busy";
      taker.onSession(session);
      return;
    }
    if (this.#isClosed || this.#idle.length >= this.#context.limits.idleMax) {
      this.#end(session);
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    session.phase = "idle";
    session.idleSinceMs = nowMs;
    this.#idle.push(session);
    if (!this.#sweep.isSet) this.#sweepWithin(this.#idleLimit.limitMs(nowMs));
  }

  #end(session: PooledSession): void {
    session.phase = "closing";
    this.#context.wheel.set(session.deadline, closingMs);
    session.codec.close();
  }
}

/** Somebody who found no connection. */
class WaitingTaker implements DeadlineHandler {
  readonly taker: SessionTaker;
  readonly isFresh: boolean;
  readonly sinceMs: number;
  readonly deadline: Deadline;
  readonly #pool: Pool;

  constructor(pool: Pool, taker: SessionTaker, isFresh: boolean, sinceMs: number) {
    this.sinceMs = sinceMs;
    this.#pool = pool;
    this.taker = taker;
    this.isFresh = isFresh;
    this.deadline = new Deadline(this);
  }

  onDeadline(): void {
    this.#pool.onWaitExpired(this.taker);
  }
}

function remove<T>(items: T[], item: T): void {
  const index = items.indexOf(item);
  if (index !== -1) items.splice(index, 1);
}
