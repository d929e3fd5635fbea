import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import type { Validity } from "./certificate.ts";

export interface RotationOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  /** Gets a new leaf and puts it to use; its validity when done. A rejection is tried again. */
  readonly renew: () => Promise<Validity>;
}

/** Share of a leaf's life after which it is renewed. */
const renewAtRatio = 0.7;
/** The moment is drawn from this share of the life before that, so that proxies started together spread. */
const jitterRatio = 0.05;
const retryMinMs = 1_000;
const retryMaxMs = 300_000;
/** The longest single timer: Node's timers hold 2^31 - 1 ms, and a wall clock that jumps is noticed within this. */
const checkMs = 600_000;

/**
 * Keeps a leaf young: renews at 70 % of its life, then tries again with backoff (1 s to 5 min) until it has a new one.
 *
 *   waiting ──due──▶ renewing ──ok──▶ waiting
 *                     ▲    └─failed─▶ backing off ──┐
 *                     └─────────────────────────────┘
 */
export class Rotation {
  readonly #options: RotationOptions;
  #timer: Timer | null = null;
  #dueWallMs = 0;
  #validity: Validity | null = null;
  #failures = 0;
  #isClosed = false;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** Renewals that failed since the last that did not. */
  get failures(): number {
    return this.#failures;
  }

  /** Follows a leaf from now on; one that is past its time is renewed at once. */
  follow(validity: Validity): void {
    if (this.#isClosed) return;
    this.#validity = validity;
    this.#failures = 0;
    const lifeMs = validity.notAfterMs - validity.notBeforeMs;
    const jitter = this.#options.rng.float() * jitterRatio;
    this.#dueWallMs = validity.notBeforeMs + lifeMs * (renewAtRatio - jitter);
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer?.cancel();
    const leftMs = this.#dueWallMs - this.#options.clock.wallMs();
    this.#timer = this.#options.clock.after(Math.min(leftMs, checkMs), () => {
      if (this.#options.clock.wallMs() < this.#dueWallMs) this.#wait();
      else void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    let validity: Validity;
    try {
      validity = await this.#options.renew();
    } catch (cause) {
      if (!this.#isClosed) this.#backOff(cause);
      return;
    }
    this.follow(validity);
  }

  #backOff(cause: unknown): void {
    const { clock, rng, log } = this.#options;
    const limitMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    const delayMs = limitMs * (0.5 + rng.float() / 2);
    const fields = {
      failures: this.#failures,
      expiresInMs: (this.#validity?.notAfterMs ?? 0) - clock.wallMs(),
      retryInMs: Math.round(delayMs),
      cause: cause instanceof Error ? cause.message : String(cause),
    };
    // The first says that something is wrong; the others repeat it, for those who look.
    if (this.#failures === 1) log.warn(fields, "certificate not renewed");
    else log.debug(fields, "certificate not renewed");
    this.#timer = clock.after(delayMs, () => void this.#renew());
  }
}
