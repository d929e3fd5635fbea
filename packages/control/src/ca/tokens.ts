import type { Clock } from "@heddle/mesh/base/clock.ts";

/** How long a token may wait to be used, in ms. */
export const tokenLifeMs = 60_000;
/** Tokens not yet used, of all workloads; beyond it the oldest go. */
const tokensMax = 10_000;

interface Issued {
  readonly workloadUid: string;
  readonly keyFingerprint: string;
  readonly expiresMs: number;
}

export type Redeemed = { readonly ok: true } | { readonly ok: false; readonly detail: string };

/**
 * One-time tokens by which a proxy enrols: each is good once, for 60 s, for one workload and one key. They travel by
 * inherited channels only. Lost with the process: a proxy without an answer asks again.
 */
export class Tokens {
  readonly #clock: Clock;
  readonly #random: () => string;
  readonly #issued = new Map<string, Issued>();

  /** @param random an unguessable text, at least 128 bits. */
  constructor(clock: Clock, random: () => string) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A token for this workload and key. */
  issue(workloadUid: string, keyFingerprint: string): string {
    this.#forgetExpired();
    const token = this.#random();
    const expiresMs = this.#clock.monotonicMs() + tokenLifeMs;
    this.#issued.set(token, { workloadUid, keyFingerprint, expiresMs });
    return token;
  }

  /** Uses a token up. Any attempt does, so that one that leaked to the wrong hands is of no use to them twice. */
  redeem(token: string, workloadUid: string, keyFingerprint: string): Redeemed {
    const issued = this.#issued.get(token);
    this.#issued.delete(token);
    if (issued === undefined) return { ok: false, detail: "unknown token, or used before" };
    if (this.#clock.monotonicMs() >= issued.expiresMs)
      return { ok: false, detail: "token expired" };
    if (issued.workloadUid !== workloadUid) {
      return { ok: false, detail: "token of another workload" };
    }
    if (issued.keyFingerprint !== keyFingerprint)
      return { ok: false, detail: "token of another key" };
    return { ok: true };
  }

  /** Tokens are in order of issue, and live equally long. */
  #forgetExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [token, issued] of this.#issued) {
      if (issued.expiresMs > nowMs && this.#issued.size < tokensMax) break;
      this.#issued.delete(token);
    }
  }
}
