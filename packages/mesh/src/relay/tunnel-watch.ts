import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import type { RelayContext } from "./context.ts";
import type { TcpLimits } from "./tcp-limits.ts";

/** Whose tunnel it is. */
export interface TunnelOwner {
  /** Octets that have gone through it, both ways. */
  readonly tunnelBytes: number;
  /** The proxy ends, and nothing moves: it is to be ended in good order. */
  onTunnelDrained(): void;
  /** It has lasted too long, or stood still for too long. */
  onTunnelTooLong(detail: string): void;
}

/**
 * How long two connections may be joined, by `tcp-limits.ts`: an opaque connection, or a tunnel, for which no request's time
 * limit holds any more. While the proxy ends it is ended once nothing moves; what moves on goes down with the proxy.
 */
export class TunnelWatch implements DeadlineHandler {
  readonly #context: RelayContext;
  readonly #owner: TunnelOwner;
  readonly #policy: Pick<RequestPolicy, "idleTimeoutMs" | "lifetimeMs"> | null;
  readonly #deadline: Deadline = new Deadline(this);
  readonly #startMs: number;
  #bytesBefore = 0;
  #isDraining = false;
  #hasDrained = false;

  /**
   * @param policy what it says of times wins; null: it says nothing
   * @param startMs from when its lifetime counts. Default now.
   */
  constructor(
    context: RelayContext,
    owner: TunnelOwner,
    policy: Pick<RequestPolicy, "idleTimeoutMs" | "lifetimeMs"> | null,
    startMs?: number,
  ) {
    this.#context = context;
    this.#policy = policy;
    this.#owner = owner;
    this.#startMs = startMs ?? context.clock.monotonicMs();
    this.#isDraining = context.isDraining;
    context.tunnels.add(this);
    this.#look();
  }

  /** The proxy ends. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#look();
  }

  stop(): void {
    this.#context.tunnels.delete(this);
    this.#context.wheel.clear(this.#deadline);
  }

  onDeadline(): void {
    const { idleMs, lifetimeMs, drainQuietMs } = this.#limits;
    const ageMs = this.#context.clock.monotonicMs() - this.#startMs;
    if (lifetimeMs !== null && ageMs >= lifetimeMs) {
      this.#owner.onTunnelTooLong(`it has lasted ${lifetimeMs} ms`);
    } else if (this.#owner.tunnelBytes !== this.#bytesBefore) {
      this.#look();
    } else if (!this.#isDraining) {
      this.#owner.onTunnelTooLong(`nothing moved for ${idleMs} ms`);
    } else if (this.#hasDrained) {
      this.#owner.onTunnelTooLong(`it did not end within ${drainQuietMs} ms`);
    } else {
      this.#hasDrained = true;
      this.#look(); // before the owner ends it
      this.#owner.onTunnelDrained();
    }
  }

  get #limits(): TcpLimits {
    const limits = this.#context.tunnelLimits;
    const policy = this.#policy;
    if (policy === null) return limits;
    const { idleTimeoutMs: idleMs, lifetimeMs } = policy;
    return {
      ...limits,
      idleMs: idleMs ?? limits.idleMs,
      lifetimeMs: lifetimeMs ?? limits.lifetimeMs,
    };
  }

  /** Looks again after the shortest of what may end it. */
  #look(): void {
    const { idleMs, lifetimeMs, drainQuietMs } = this.#limits;
    this.#bytesBefore = this.#owner.tunnelBytes;
    let delayMs = this.#isDraining ? drainQuietMs : idleMs;
    if (lifetimeMs !== null) {
      const leftMs = this.#startMs + lifetimeMs - this.#context.clock.monotonicMs();
      if (leftMs < delayMs) {
        delayMs = Math.max(1, leftMs);
        this.#bytesBefore = -1; // it is not for its silence that it is looked at then
      }
    }
    this.#context.wheel.set(this.#deadline, delayMs);
  }
}
