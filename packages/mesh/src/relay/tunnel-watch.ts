import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { RelayContext } from "./context.ts";

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
  readonly #deadline: Deadline = new Deadline(this);
  readonly #startMs: number;
  #bytesBefore = 0;
  #isDraining = false;
  #hasDrained = false;

  /** @param startMs from when its lifetime counts. Default now. */
  constructor(context: RelayContext, owner: TunnelOwner, startMs?: number) {
    this.#context = context;
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
    const { idleMs, lifetimeMs, drainQuietMs } = this.#context.tunnelLimits;
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

  /** Looks again after the shortest of what may end it. */
  #look(): void {
    const { idleMs, lifetimeMs, drainQuietMs } = this.#context.tunnelLimits;
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
