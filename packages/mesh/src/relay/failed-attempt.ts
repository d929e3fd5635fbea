import type { RequestHead } from "../model/head.ts";
import { type Reason, reasonRow } from "../model/reason.ts";
import { isIdempotent } from "../policy/method.ts";
import type { FailedAttempt } from "../policy/retry.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { RequestBody } from "./request-body.ts";

/** How an attempt ended. */
interface Ending {
  readonly reason: Reason;
  /** Has surely no octet of it left us? */
  readonly isUnsent: boolean;
  readonly isIdleRace: boolean;
  readonly isPinned: boolean;
}

/** What a retry is decided by, once an attempt has failed before its caller saw anything. */
export function failedAttempt(
  { reason, isUnsent, isIdleRace, isPinned }: Ending,
  head: RequestHead,
  body: RequestBody,
  record: ExchangeRecord,
): FailedAttempt {
  const { processed } = reasonRow(reason);
  return {
    processed: processed === "unknown" && isUnsent ? "no" : processed,
    isIdleRace,
    isIdempotent: isIdempotent(head.method),
    isReplayable: body.isReplayable,
    attempts: record.attempts,
    isReplayed: record.replayed,
    isPinned,
    isMisdirected: reason === "misdirected",
  };
}
