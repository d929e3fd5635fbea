import type { RequestHead } from "../model/head.ts";
import type { RetryDoc } from "../model/policy.ts";
import { type Processed, type Reason, reasonRow } from "../model/reason.ts";
import { isIdempotent, isSafe } from "../policy/method.ts";
import type { FailedAttempt } from "../policy/retry.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { RequestBody } from "./request-body.ts";
import { namesFailure } from "./retry-verdict.ts";

/** How an attempt ended. */
export interface Ending {
  readonly reason: Reason;
  /** Has surely no octet of it left us? */
  readonly isUnsent: boolean;
  readonly isIdleRace: boolean;
  readonly isPinned: boolean;
  /** It ended with a reply that the policy calls failed. */
  readonly isReply: boolean;
}

/** What a retry is decided by, once an attempt has failed before its caller saw anything. */
export function failedAttempt(
  { reason, isUnsent, isIdleRace, isPinned, isReply }: Ending,
  request: { readonly head: RequestHead; readonly body: RequestBody; readonly isGrpc: boolean },
  record: ExchangeRecord,
  retry: RetryDoc | null,
): FailedAttempt {
  const { head, body, isGrpc } = request;
  const row = reasonRow(reason);
  // What a policy names is not final: who limits a rate may be asked again, if that is said.
  let processed: Processed = row.processed;
  if (isReply && processed === "final") processed = "yes";
  // An attempt beyond its time is tried again where that is said, and only there.
  if (reason === "request-timeout" && retry === null && !isUnsent) processed = "final";
  return {
    processed: processed === "unknown" && isUnsent ? "no" : processed,
    isIdleRace,
    isIdempotent: isIdempotent(head.method) || (retry !== null && isMeant(retry, head, isGrpc)),
    isReplayable: body.isReplayable,
    attempts: record.attempts,
    isReplayed: record.replayed,
    isPinned,
    isMisdirected: reason === "misdirected",
    policy:
      retry === null
        ? null
        : {
            isNamed: isReply || namesFailure(retry, reason, isGrpc),
            retriesMax: retry.retriesMax,
          },
  };
}

/**
 * Does a policy take the request for one that may be executed again, whatever its method? Calls of gRPC are all POST: to name a status of
 * gRPC is to speak of calls, and an explicit word.
 */
function isMeant(retry: RetryDoc, head: RequestHead, isGrpc: boolean): boolean {
  if (retry.methods === "all" || head.get("idempotency-key") !== null) return true;
  return isGrpc && retry.grpcCodes.length > 0;
}

/** May a second attempt go on beside the first? All of the request must be here. */
export function mayHedge(head: RequestHead, body: RequestBody): boolean {
  if (!body.isEnded || !body.isReplayable) return false;
  return isSafe(head.method) || head.get("idempotency-key") !== null;
}
