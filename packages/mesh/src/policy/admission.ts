import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { Reason } from "../model/reason.ts";

/**
 * By which a caller's proxy tells the destination's which rule a request fell under, `<kind>/<namespace>/<name>#<rule>`: where
 * `RuleDoc.isTold` alone. Between proxies only: an application's own is dropped, and the process beside the destination never sees it.
 */
export const ruleField = "x-heddle-route";

/** Who asks. */
export interface AdmissionCaller {
  /** Null on a plain connection: then nothing that it says of itself is believed, its rule neither. */
  readonly identity: SpiffeId | null;
}

/** Why a request is not taken in. */
export interface AdmissionRefusal {
  /** `rate-limited` is final; `shed` was not processed and may be tried at another endpoint. */
  readonly reason: Extract<Reason, "rate-limited" | "shed">;
  /** Which limit, and what it is. */
  readonly detail: string;
  /** Fields of the answer besides those of any failure, whatever its caller speaks. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What a destination takes in: asked by its own proxy before anything of a request is sent to the process. */
export interface Admission {
  /**
   * Takes a request in, or says why not. One that is taken in must be ended.
   * @param rule what `ruleField` said; null: it was not there
   */
  enter(
    head: RequestHead,
    caller: AdmissionCaller,
    rule: string | null,
    nowMs: number,
  ): AdmissionRefusal | null;

  /**
   * A request that was taken in has left: its reply has ended, or its tunnel was granted, or it failed. Once for each.
   * @param latencyMs from `enter` to the head of its reply, or to its end where there was none
   * @param reason why it failed; null: the process has answered
   */
  onEnd(latencyMs: number, reason: Reason | null): void;
}
