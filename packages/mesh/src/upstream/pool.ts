import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { TransportFailure } from "../net/transport.ts";
import { type ConnectReason, connectReason } from "./connect-failure.ts";
import type { ConnectionMeter, UpstreamContext } from "./context.ts";
import type { Dialler } from "./dialler.ts";
import { IdleSessions } from "./idle-sessions.ts";
import { PooledSession, type SessionPool, type SessionTaker } from "./pooled-session.ts";
import { WaitingTakers } from "./waiting-takers.ts";

/** Told how dials end, so that an endpoint that cannot be reached is left alone. */
export interface PoolObserver {
  onConnected(): void;
  /** No connection of this pool is there either. */
  onConnectFailed(reason: ConnectReason, pool: Pool): void;
  /** What was reached does not speak the pool's version of HTTP. True: it will be asked in the other one. */
  onMisfit(pool: Pool): boolean;
  /** Of the connections that came about none is left. */
  onEmpty(pool: Pool): void;
  /** May a pool with `own` connections open another, as far as caps say? */
  mayDial(own: number): boolean;
  /** May one more request wait for a connection? */
  mayWait(): boolean;
}

/** How long a server may take to close its side of a connection that we closed, in ms. */
const closingMs = 2000;
/** How long somebody must have waited before more than the usual number of connections is opened, in ms. */
const patienceMs = 1000;
/** Exchanges that one HTTP/2 connection is taken to carry until its server has said (RFC 9113 §6.5.2 recommends no less). */
const streamsExpected = 100;

/**
 * Connections to one target on which one version of HTTP is spoken. An exchange goes to a connection that is in use and takes
 * one more (HTTP/2), else to the idle one that was used last. Who finds none waits for whichever comes first: a place on one
 * that is there, or one that is being dialled. Only so many are dialled at a time, lest a burst of handshakes starve
 * itself. A connection of an older identity generation, or one that its server is about to end, finishes what it carries
 * and gets nothing new.
 */
export class Pool implements DeadlineHandler, SessionPool {
  readonly protocol: HttpProtocol;
  /** Has a reply come on a connection that is there, or was until others came? Then this version is spoken. */
  isProven = false;
  readonly #context: UpstreamContext;
  readonly #dialler: Dialler;
  readonly #observer: PoolObserver;
  readonly #meter: ConnectionMeter | null;
  /** Set while many are connected and somebody waits. */
  readonly #patience: Deadline;
  readonly #all = new Set<PooledSession>();
  readonly #idle: IdleSessions;
  /** In use, and one exchange more had room when it was looked at last. HTTP/1.1: none, ever. */
  readonly #roomy: PooledSession[] = [];
  readonly #dialling = new Set<PooledSession>();
  readonly #waiting: WaitingTakers;
  /** Of all, those that are leaving: tunnels above all. They take no place of others. */
  #leavingCount = 0;
  /** Connections that have come about. */
  #opened = 0;
  /** Exchanges that a connection is taken to carry at a time. */
  #places: number;
  /** Has the last dial been closed without an octet? The next tells whether that was chance. */
  #isInDoubt = false;
  #isClosed = false;

  constructor(
    context: UpstreamContext,
    dialler: Dialler,
    protocol: HttpProtocol,
    observer: PoolObserver,
    meter: ConnectionMeter | null,
  ) {
    this.protocol = protocol;
    this.#context = context;
    this.#dialler = dialler;
    this.#observer = observer;
    this.#meter = meter;
    const { limits } = context;
    const idleMs = dialler.isTls ? limits.peerIdleMs : limits.appIdleMs;
    this.#idle = new IdleSessions(context, idleMs, (session) => this.#end(session));
    this.#waiting = new WaitingTakers(context);
    this.#patience = new Deadline(this);
    this.#places = protocol === "h2" ? streamsExpected : 1;
  }

  /** Connections open or being opened. */
  get size(): number {
    return this.#all.size;
  }

  get waitingCount(): number {
    return this.#waiting.count;
  }

  get idleCount(): number {
    return this.#idle.count;
  }

  get idleLimitMs(): number {
    return this.#idle.limitMs;
  }

  /** Is a connection there that is not on its way out? */
  get isConnected(): boolean {
    for (const { phase } of this.#all) if (phase !== "dialling" && phase !== "closing") return true;
    return false;
  }

  /**
   * A connection that takes an exchange, to be started at once; or null, and `taker` is told later, or within this call where
   * nothing can be dialled.
   * @param isFresh take none that is open by now
   */
  take(taker: SessionTaker, isFresh: boolean, nowMs: number): PooledSession | null {
    if (!isFresh) {
      if (this.#roomy.length > 0) {
        const roomy = this.#takeRoomy();
        if (roomy !== null) return roomy;
      }
      const session = this.#idle.take(this.#dialler.generation, nowMs);
      if (session !== null) {
        if (session.codec.capacity > 1) this.#list(session);
        return session;
      }
    }
    this.#wait(taker, isFresh);
    return null;
  }

  /** `taker` waits no longer; what is being dialled for it will serve another. */
  cancel(taker: SessionTaker): void {
    this.#waiting.remove(taker);
  }

  /** Opens one connection for nobody, to see whether it can be. */
  probe(): void {
    if (!this.#isClosed) this.#dial();
  }

  /** Closes what is idle; what is in use closes when nothing goes on there any more. */
  close(): void {
    this.#isClosed = true;
    this.#idle.endAll();
  }

  /** Its endpoint is back. */
  reopen(): void {
    this.#isClosed = false;
  }

  closeIdle(): void {
    this.#idle.endAll();
  }

  onOpen(session: PooledSession): void {
    if (session.phase !== "dialling") return;
    this.#context.wheel.clear(session.deadline);
    this.#dialling.delete(session);
    session.opened = ++this.#opened;
    session.phase = "busy";
    this.#isInDoubt = false;
    this.#meter?.onOpen(session.connection!);
    this.#measure(session);
    this.#keep(session);
    this.#dialEnough();
    this.#observer.onConnected(); // last: those who waited for the endpoint find the connection
  }

  onExchangeEnd(session: PooledSession): void {
    const announcedMs = session.codec.keepAliveTimeoutMs;
    if (announcedMs !== null) this.#idle.announce(announcedMs);
    this.#look(session);
  }

  onCapacity(session: PooledSession): void {
    if (session.phase === "dialling") return;
    this.#measure(session);
    this.#look(session);
    if (this.#waiting.count > 0) this.#dialEnough(); // it may let fewer in than was thought
  }

  onClose(session: PooledSession, failure: TransportFailure | null): void {
    const { phase } = session;
    session.phase = "closed";
    this.#all.delete(session);
    if (session.opened > 0) this.#meter?.onClose(session.connection!);
    this.#context.wheel.clear(session.deadline);
    if (session.isListed) this.#unlist(session);
    if (phase === "leaving") this.#leavingCount--;
    if (phase === "dialling") {
      this.#dialling.delete(session);
      const { misfit, isUnheard } = session.codec;
      // Where it was ever heard, it is silent because it ends.
      const isSilent = isUnheard && this.#opened === 0;
      if (misfit !== null) this.#onDialFailed("bad-response", misfit, true);
      else if (this.#dialler.origin !== null && failure?.kind === "misdirected") {
        this.#onDialFailed("bad-response", failure.detail, true); // it says so in its handshake
      } else if (isSilent && !session.isSecondLook && this.#waiting.count > 0) {
        this.#isInDoubt = true; // those who wait go on waiting
      } else {
        const detail = failure?.detail ?? "closed while connecting";
        this.#onDialFailed(connectReason(failure), detail, isSilent && session.isSecondLook);
      }
    } else if (phase === "idle") {
      this.#idle.remove(session, true);
    }
    if (this.#waiting.count > 0) this.#dialEnough(); // there is room for another
    if (session.opened > 0 && this.#all.size === 0) {
      this.isProven = false;
      this.#observer.onEmpty(this);
    }
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
    const detail = `not connected within ${this.#dialler.connectTimeoutMs} ms`;
    this.#onDialFailed("connect-timeout", detail, false);
  }

  onDeadline(): void {
    this.#dialEnough();
  }

  /** One that is in use and takes an exchange more. The list is put right here, as it is looked at. */
  #takeRoomy(): PooledSession | null {
    const generation = this.#dialler.generation;
    for (;;) {
      const session = this.#roomy.at(-1);
      if (session === undefined) return null;
      if (session.generation !== generation) this.#leave(session);
      else if (session.phase === "busy" && session.codec.capacity > 0) return session;
      else this.#unlist(session);
    }
  }

  #wait(taker: SessionTaker, isFresh: boolean): void {
    const { waitingMax } = this.#context.limits;
    if (this.#waiting.count >= waitingMax) {
      taker.onNoSession("queue-full", `${waitingMax} requests wait for a connection`);
      return;
    }
    if (!this.#observer.mayWait()) {
      taker.onNoSession("queue-full", "as many requests wait for a connection as the cap allows");
      return;
    }
    if (this.#dialler.isWaitingForIdentity) {
      taker.onNoSession("shed", "this proxy has no certificate yet");
      return;
    }
    this.#waiting.add(taker, isFresh ? this.#opened + 1 : 0);
    this.#dialEnough();
  }

  /** As many dials as those who wait need, as far as the limits allow. */
  #dialEnough(): void {
    const { dialsMax, connectionsMax, tunnelsMax } = this.#context.limits;
    while (
      this.#dialling.size < Math.min(Math.ceil(this.#waiting.count / this.#places), dialsMax) &&
      this.#all.size - this.#leavingCount < connectionsMax &&
      this.#leavingCount < tunnelsMax
    ) {
      if (!this.#mayDial() || !this.#dial()) return;
    }
  }

  /** Beyond the usual number only for somebody who has been patient; looks again when that is so. */
  #mayDial(): boolean {
    if (this.#idle.isShut) return false; // another would let nobody in either
    if (!this.#observer.mayDial(this.#all.size - this.#leavingCount)) return false;
    if (this.#all.size - this.#leavingCount < this.#context.limits.eagerMax) return true;
    const waitedMs = this.#context.clock.monotonicMs() - this.#waiting.oldestSinceMs!;
    if (waitedMs >= patienceMs) return true;
    if (!this.#patience.isSet) {
      this.#context.wheel.set(this.#patience, Math.max(1, patienceMs - waitedMs));
    }
    return false;
  }

  #dial(): boolean {
    const dialler = this.#dialler;
    if (dialler.isWaitingForIdentity) return false;
    const session = new PooledSession(this, dialler.generation, (owner) =>
      this.#context.codec(owner, this.protocol),
    );
    session.isSecondLook = this.#isInDoubt;
    this.#all.add(session);
    this.#dialling.add(session);
    this.#context.wheel.set(session.deadline, dialler.connectTimeoutMs);
    const connection = dialler.dial(this.protocol, session.codec);
    session.connection = connection;
    session.codec.attach(connection);
    return true;
  }

  /**
   * While other connections to the endpoint live it is there, and one dial's failure is one request's. Else it is away:
   * all who wait go elsewhere at once.
   */
  #onDialFailed(reason: ConnectReason, detail: string, isMisfit: boolean): void {
    const isThere = this.isConnected;
    const isAskedOtherwise = isMisfit && !isThere && this.#observer.onMisfit(this);
    const isReached = isAskedOtherwise || reason === "bad-response";
    this.#isInDoubt = false;
    if (!isThere && !isReached) this.#observer.onConnectFailed(reason, this);
    for (const taker of this.#waiting.takeFirst(isThere ? 1 : this.#waiting.count)) {
      taker.onNoSession(reason, detail);
    }
    if (isReached) this.#observer.onConnected(); // who speaks another version is there for those who speak it
    this.#dialEnough();
  }

  /** How many exchanges it carries at most is taken to hold for those to come as well. */
  #measure({ codec }: PooledSession): void {
    if (!codec.isClosing) this.#places = Math.max(1, codec.capacity + codec.active);
  }

  /** Something is over, or the server has had a word: may it be given to somebody, or must it go? */
  #look(session: PooledSession): void {
    switch (session.phase) {
      case "busy":
        if (session.codec.isClosing) this.#leave(session);
        else this.#keep(session);
        return;
      case "idle":
        if (session.codec.isClosing) {
          this.#idle.remove(session, false);
          this.#end(session);
        } else if (session.codec.capacity > 0 && this.#waiting.count > 0) {
          this.#idle.remove(session, false);
          session.phase = "busy";
          this.#keep(session);
        }
        return;
      case "leaving":
        if (session.codec.active > 0) return;
        this.#leavingCount--;
        this.#end(session);
        return;
      default: // it has been ended already
    }
  }

  /** Those who wait longest get what room it has; then it is there for who comes next, or lies down. */
  #keep(session: PooledSession): void {
    if (session.generation !== this.#dialler.generation) {
      this.#leave(session);
      return;
    }
    const { codec } = session;
    // Also when closed: who waits began before that.
    while (codec.capacity > 0 && this.#waiting.count > 0) {
      const taker = this.#waiting.takeFor(session.opened);
      if (taker === null) break;
      taker.onSession(session);
      if (session.phase !== "busy") return;
    }
    if (codec.active > 0) {
      if (codec.capacity > 0 && !session.isListed) this.#list(session);
    } else if (!codec.isClosing) {
      if (session.isListed) this.#unlist(session);
      if (this.#isClosed || !this.#idle.push(session)) this.#end(session);
    }
  }

  /** It gets nothing new, and closes once what goes on is over. */
  #leave(session: PooledSession): void {
    if (session.isListed) this.#unlist(session);
    if (session.codec.active === 0) {
      this.#end(session);
      return;
    }
    session.phase = "leaving";
    this.#leavingCount++;
    session.codec.close();
  }

  #end(session: PooledSession): void {
    session.phase = "closing";
    this.#context.wheel.set(session.deadline, closingMs);
    session.codec.close();
  }

  #list(session: PooledSession): void {
    session.isListed = true;
    this.#roomy.push(session);
  }

  #unlist(session: PooledSession): void {
    session.isListed = false;
    const index = this.#roomy.lastIndexOf(session);
    if (index !== -1) this.#roomy.splice(index, 1);
  }
}
