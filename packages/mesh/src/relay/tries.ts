import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import type { RelayContext } from "./context.ts";

/** Whose attempts are timed: an exchange. */
export interface TriesOwner {
  /** The pause before another attempt is over. */
  onPauseOver(): void;
  /** The present attempt has taken too long. */
  onTryTimeout(detail: string): void;
  /** It is time for another attempt beside those that are going on. */
  onHedgeDue(): void;
}

/** When the attempts of one exchange are given up, repeated and hedged. Made only where a policy says something of it. */
export class Tries implements DeadlineHandler {
  readonly policy: RequestPolicy;
  readonly #context: RelayContext;
  readonly #owner: TriesOwner;
  #attempt: Deadline | null = null;
  #head: Deadline | null = null;
  #hedge: Deadline | null = null;
  #pause: Deadline | null = null;

  constructor(context: RelayContext, owner: TriesOwner, policy: RequestPolicy) {
    this.#context = context;
    this.#owner = owner;
    this.policy = policy;
  }

  /** An attempt begins, or has gone on for so long when it becomes the only one. */
  begin(elapsedMs: number): void {
    const { attemptTimeoutMs } = this.policy;
    if (attemptTimeoutMs === null) return;
    this.#attempt ??= new Deadline(this);
    this.#context.wheel.set(this.#attempt, attemptTimeoutMs - elapsedMs);
  }

  /** The request's head has gone to an endpoint. @param isEnded the rest of it as well */
  onAsked(isEnded: boolean): void {
    if (this.policy.hedge !== null) this.#setHedge(this.policy.hedge.delayMs);
    if (isEnded) this.onRequestSent();
  }

  /** The request's last octet has gone. */
  onRequestSent(): void {
    const { headTimeoutMs } = this.policy;
    if (headTimeoutMs === null) return;
    this.#head ??= new Deadline(this);
    this.#context.wheel.set(this.#head, headTimeoutMs);
  }

  /** The attempt is over, or its reply's head is here: nothing of this holds any more. */
  end(): void {
    const { wheel } = this.#context;
    if (this.#attempt !== null) wheel.clear(this.#attempt);
    if (this.#head !== null) wheel.clear(this.#head);
    if (this.#hedge !== null) wheel.clear(this.#hedge);
  }

  /** The owner is told when `pauseMs` have passed. */
  pause(pauseMs: number): void {
    this.#pause ??= new Deadline(this);
    this.#context.wheel.set(this.#pause, pauseMs);
  }

  /** The exchange is over. */
  lift(): void {
    this.end();
    if (this.#pause !== null) this.#context.wheel.clear(this.#pause);
  }

  onDeadline(deadline: Deadline): void {
    const { attemptTimeoutMs, headTimeoutMs, hedge } = this.policy;
    if (deadline === this.#pause) {
      this.#owner.onPauseOver();
    } else if (deadline === this.#hedge) {
      this.#setHedge(hedge!.delayMs); // before the owner, which may end it
      this.#owner.onHedgeDue();
    } else if (deadline === this.#attempt) {
      this.#owner.onTryTimeout(`no reply within ${attemptTimeoutMs} ms of the attempt`);
    } else {
      this.#owner.onTryTimeout(`no reply within ${headTimeoutMs} ms of the request's end`);
    }
  }

  #setHedge(delayMs: number): void {
    this.#hedge ??= new Deadline(this);
    this.#context.wheel.set(this.#hedge, delayMs);
  }
}
