import type { Processed } from "../model/reason.ts";

/** What is known when an attempt has failed before its caller saw anything of a reply. */
export interface FailedAttempt {
  /** Was the request executed? A reset before any byte was sent counts as "no". */
  readonly processed: Processed;
  /** Did a connection that had carried an exchange before break without a byte of this one's reply? */
  readonly isIdleRace: boolean;
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
}

/**
 * `replay`: once more on a fresh connection to the same endpoint, free of the budget. `again`: the same, if the budget
 * has one. `elsewhere`, `same`: another attempt, if the budget has one. `later`: after a pause, by what is known then, if the
 * budget has one; for as long as a key's process would be waited for. `give-up`: the failure is the answer.
 */
export type RetryDecision = "replay" | "again" | "elsewhere" | "same" | "later" | "give-up";

/** Attempts of one exchange, the first and a replay included. A pinned one is bounded by its wait instead. */
export const attemptsMax = 4;

/**
 * Retries speak one vocabulary (DESIGN §5). `no` may always be retried. `unknown` only if the method is idempotent (RFC
 * 9110 §9.2.2), and then only where it may have happened already: at the same endpoint, whose proxy most likely died and
 * is there again. Free of charge is the idle race alone, where the server closed a connection that lay idle just as we
 * used it (RFC 9112 §9.3.1). Placement restricts where, never whether.
 */
export function decideRetry(failed: FailedAttempt): RetryDecision {
  if (!failed.isReplayable) return "give-up";
  const isSafe =
    failed.processed === "no" || (failed.processed === "unknown" && failed.isIdempotent);
  if (!isSafe) return "give-up";
  if (failed.isIdleRace && !failed.isReplayed) return "replay";
  if (failed.processed === "no" && failed.isPinned) return "same";
  if (failed.attempts >= attemptsMax) return failed.isMisdirected ? "later" : "give-up";
  return failed.processed === "no" ? "elsewhere" : "again";
}
