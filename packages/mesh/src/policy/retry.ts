import type { Processed } from "../model/reason.ts";

/** What is known when an attempt has failed before its caller saw anything of a reply. */
export interface FailedAttempt {
  /** Was the request executed? A reset before any byte was sent counts as "no". */
  readonly processed: Processed;
  /** Did a connection that had carried an exchange before break without a byte of this one's reply? */
  readonly isIdleRace: boolean;
  /** By its method; where a policy says so also by `Idempotency-Key`, or because its owner takes all methods for it. */
  readonly isIdempotent: boolean;
  /** Is all of the body that was read so far still here? */
  readonly isReplayable: boolean;
  /** Attempts made, this one included. */
  readonly attempts: number;
  /** Has the one free replay been used? */
  readonly isReplayed: boolean;
  /** Does a placement forbid every other endpoint? */
  readonly isPinned: boolean;
  /** Did a peer say that the request is not its to answer? Then its documents and ours are not of one time. */
  readonly isMisdirected: boolean;
  /** What a policy says of this failure. Null: there is none for retries. */
  readonly policy: {
    /** Does it count as one that is tried again? */
    readonly isNamed: boolean;
    readonly retriesMax: number;
  } | null;
}

/**
 * `replay`: once more on a fresh connection to the same endpoint, free of the budget. `again`: the same, if the budget
 * has one. `elsewhere`, `same`: another attempt, if the budget has one. `later`: after a pause, by what is known then, if the
 * budget has one; for as long as a key's process would be waited for. `give-up`: the failure is the answer. `limit`: it is, for
 * there were retries enough.
 */
export type RetryDecision =
  | "replay"
  | "again"
  | "elsewhere"
  | "same"
  | "later"
  | "give-up"
  | "limit";

/** Attempts of one exchange, the first and a replay included. A pinned one is bounded by its wait instead. */
export const attemptsMax = 4;

/**
 * Retries speak one vocabulary (DESIGN §5). `no` may always be retried. `unknown` only if the method is idempotent (RFC
 * 9110 §9.2.2), and without a policy only where it may have happened already: at the same endpoint, whose proxy most likely
 * died and is there again. A policy names failures that are tried again, `yes` among them, at another endpoint, and only those;
 * but never more than once what is not idempotent. Free of charge is the idle race alone, where the server closed a connection
 * that lay idle just as we used it (RFC 9112 §9.3.1). Placement restricts where, never whether.
 */
export function decideRetry(failed: FailedAttempt): RetryDecision {
  const { processed, policy, attempts, isPinned } = failed;
  if (!failed.isReplayable || processed === "final") return "give-up";
  if (processed === "no") {
    if (failed.isIdleRace && !failed.isReplayed) return "replay";
    if (isPinned) return "same";
    if (attempts < Math.max(attemptsMax, 1 + (policy?.retriesMax ?? 0))) return "elsewhere";
    return failed.isMisdirected ? "later" : "limit";
  }
  if (!failed.isIdempotent) return "give-up";
  if (processed === "unknown" && failed.isIdleRace && !failed.isReplayed) return "replay";
  if (policy === null) {
    if (processed !== "unknown") return "give-up";
    return attempts < attemptsMax ? "again" : "limit";
  }
  if (!policy.isNamed) return "give-up";
  const retries = attempts - 1 - (failed.isReplayed ? 1 : 0);
  if (retries >= policy.retriesMax) return "limit";
  return isPinned ? "same" : "elsewhere";
}
