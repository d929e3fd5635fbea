import type { Clock, Timer } from "../../base/clock.ts";
import type { Connection } from "../transport.ts";
import type { Http1Limits } from "./limits.ts";

/** Whom the timers of a downstream connection tell. */
export interface ServerTimersOwner {
  readonly connection: Connection;
  readonly isIdle: boolean;
  readonly exchanges: number;
  onIdleTooLong(): void;
  /** A tick of the idle timer, amid an exchange. */
  onStillBusy(): void;
  onHeadTooSlow(): void;
  /** Others have had their turn. */
  onYielded(): void;
  /** The far end has had its time to take the last reply and to close. */
  onLingered(): void;
}

/** The time limits of one downstream connection. An exchange costs none of them a timer of its own. */
export class ServerTimers {
  readonly #clock: Clock;
  readonly #limits: Http1Limits;
  readonly #owner: ServerTimersOwner;
  /** Runs while a head has begun and not ended, or while lingering. */
  #deadline: Timer | null = null;
  #idle: Timer;
  #yield: Timer | null = null;
  #exchangesAtTick = 0;

  constructor(clock: Clock, limits: Http1Limits, owner: ServerTimersOwner) {
    this.#clock = clock;
    this.#limits = limits;
    this.#owner = owner;
    this.#idle = this.#startIdle();
  }

  /** A head has begun; nothing if that was said before. */
  startHead(): void {
    this.#deadline ??= this.#clock.after(this.#limits.headTimeoutMs, () => {
      this.#owner.onHeadTooSlow();
    });
  }

  stopHead(): void {
    if (this.#deadline === null) return;
    this.#deadline.cancel();
    this.#deadline = null;
  }

  /** The last reply is out: from here on only the end is waited for. */
  startLinger(): void {
    this.stop();
    this.#deadline = this.#startLinger();
  }

  /** Lets other events be handled before `onYielded`. */
  yield(): void {
    this.#yield = this.#clock.after(0, () => this.#owner.onYielded());
  }

  stop(): void {
    this.stopHead();
    this.#yield?.cancel();
    this.#idle.cancel();
  }

  /** One timer per connection, not per exchange: each tick asks whether the last one saw the same. */
  #startIdle(): Timer {
    return this.#clock.after(this.#limits.idleTimeoutMs, () => {
      const { isIdle, exchanges } = this.#owner;
      if (isIdle && exchanges === this.#exchangesAtTick) {
        this.#owner.onIdleTooLong();
        return;
      }
      this.#exchangesAtTick = exchanges;
      this.#idle = this.#startIdle();
      if (!isIdle) this.#owner.onStillBusy();
    });
  }

  /** A reply that is still being taken is given time; one that nobody takes is not. */
  #startLinger(): Timer {
    const queued = this.#owner.connection.queuedBytes;
    const delayMs = queued > 0 ? this.#limits.stallTimeoutMs : this.#limits.lingerTimeoutMs;
    return this.#clock.after(delayMs, () => {
      if (this.#owner.connection.queuedBytes < queued) this.#deadline = this.#startLinger();
      else this.#owner.onLingered();
    });
  }
}
