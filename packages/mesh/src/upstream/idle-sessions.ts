import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { UpstreamContext } from "./context.ts";
import { IdleLimit } from "./idle-limit.ts";
import type { PooledSession } from "./pooled-session.ts";

/** The connections of a pool on which nothing goes on. The one used last is used next, so that the others grow old and go. */
export class IdleSessions implements DeadlineHandler {
  readonly #context: UpstreamContext;
  readonly #limit: IdleLimit;
  readonly #sweep: Deadline;
  readonly #end: (session: PooledSession) => void;
  /** Oldest first. */
  readonly #idle: PooledSession[] = [];

  /** @param end closes one that has grown old */
  constructor(context: UpstreamContext, limitMs: number, end: (session: PooledSession) => void) {
    this.#context = context;
    this.#limit = new IdleLimit(limitMs);
    this.#sweep = new Deadline(this);
    this.#end = end;
  }

  get count(): number {
    return this.#idle.length;
  }

  /** Is there one whose server lets nobody in at present (MAX_CONCURRENT_STREAMS 0, RFC 9113 §6.5.2)? */
  get isShut(): boolean {
    const last = this.#idle.at(-1);
    return last !== undefined && last.codec.capacity === 0 && !last.codec.isClosing;
  }

  get limitMs(): number {
    return this.#limit.limitMs(this.#context.clock.monotonicMs());
  }

  /** The server said how long it keeps an idle connection. */
  announce(timeoutMs: number): void {
    this.#limit.announce(timeoutMs);
  }

  /** It lies down. False: there are too many already. */
  push(session: PooledSession): boolean {
    if (this.#idle.length >= this.#context.limits.idleMax) return false;
    const nowMs = this.#context.clock.monotonicMs();
    session.phase = "idle";
    session.idleSinceMs = nowMs;
    this.#idle.push(session);
    if (!this.#sweep.isSet) this.#sweepWithin(this.#limit.limitMs(nowMs));
    return true;
  }

  /** The one used last that is neither too old nor of another generation; those met that are so are ended. */
  take(generation: number, nowMs: number): PooledSession | null {
    if (this.#idle.length === 0) return null;
    const limitMs = this.#limit.limitMs(nowMs);
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined) return null;
      const { codec } = session;
      const isYoung = nowMs - session.idleSinceMs < limitMs;
      if (!isYoung || session.generation !== generation || codec.isClosing) {
        this.#end(session);
        continue;
      }
      if (codec.capacity === 0) {
        this.#idle.push(session);
        return null;
      }
      session.phase = "busy";
      return session;
    }
  }

  /** @param isByServer it has closed while it lay there: that teaches how long the server keeps one */
  remove(session: PooledSession, isByServer: boolean): void {
    const index = this.#idle.indexOf(session);
    if (index !== -1) this.#idle.splice(index, 1);
    if (!isByServer) return;
    const nowMs = this.#context.clock.monotonicMs();
    this.#limit.observeClose(nowMs - session.idleSinceMs, nowMs);
  }

  endAll(): void {
    for (const session of this.#idle.splice(0)) this.#end(session);
    this.#context.wheel.clear(this.#sweep);
  }

  /** Ends what has been idle too long; sets itself again for the next one. */
  onDeadline(): void {
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
    const limitMs = this.#limit.limitMs(nowMs);
    return count > idleKept ? Math.min(limitMs, surplusIdleMs) : limitMs;
  }

  /** More may lie down meanwhile, and then the oldest are surplus: it is looked at least so often. */
  #sweepWithin(delayMs: number): void {
    const { limits, wheel } = this.#context;
    wheel.set(this.#sweep, Math.max(1, Math.min(delayMs, limits.surplusIdleMs)));
  }
}
