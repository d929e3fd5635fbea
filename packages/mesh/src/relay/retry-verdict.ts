import { grpcStatusOf } from "../model/grpc.ts";
import type { Fields, ReplyHead } from "../model/head.ts";
import type { RetryDoc } from "../model/policy.ts";
import { type Reason, reasonRow, reasonSaid } from "../model/reason.ts";
import type { BodyLength } from "../net/codec.ts";
import { askedPauseMaxMs, parsePushback, parseRetryAfter } from "../policy/retry-pause.ts";

/** What a broken connection or an attempt beyond its time is told by. */
const connectionErrors: ReadonlySet<Reason> = new Set<Reason>([
  "reset",
  "refused-stream",
  "connect-refused",
  "connect-timeout",
  "request-timeout",
]);

/** Does the policy name a failure of the world for one that is tried again: as such, or by what its caller would be told? */
export function namesFailure(retry: RetryDoc, reason: Reason, isGrpc: boolean): boolean {
  const { status, grpc } = reasonRow(reason);
  if (retry.connectionErrors && connectionErrors.has(reason)) return true;
  return isGrpc ? retry.grpcCodes.includes(grpc) : retry.codes.includes(status);
}

/** Does it name a reply so: by its status, by gRPC's in its head or trailers, or because a peer's proxy tells of such a failure? */
export function namesReply(
  retry: RetryDoc,
  status: number,
  grpcStatus: number,
  reason: Reason | null,
): boolean {
  if (grpcStatus >= 0) return grpcStatus > 0 && retry.grpcCodes.includes(grpcStatus);
  if (retry.codes.includes(status)) return true;
  return reason !== null && retry.connectionErrors && connectionErrors.has(reason);
}

/** May the reply's trailers, should they come before any message, name it yet? Then its head is kept until something follows. */
export function mayYetFail(retry: RetryDoc, head: ReplyHead, length: BodyLength): boolean {
  if (retry.grpcCodes.length === 0 || head.status !== 200) return false;
  return length !== 0 && length !== "tunnel" && grpcStatusOf(head) < 0;
}

/** The pause that a server asks for before a retry, in ms; 0: none. "never" also where it is longer than anybody waits. */
export function askedPauseMs(fields: Fields, isGrpc: boolean, wallMs: number): number | "never" {
  const askedMs = askedMsOf(fields, isGrpc, wallMs) ?? 0;
  return askedMs === "never" || askedMs > askedPauseMaxMs ? "never" : askedMs;
}

/** For how long an endpoint that has too much to do asks to be left alone, in ms; -1: it says nothing. */
export function askedRestMs(fields: Fields, isGrpc: boolean, wallMs: number): number {
  const askedMs = askedMsOf(fields, isGrpc, wallMs) ?? -1;
  return askedMs === "never" ? -1 : askedMs;
}

/** When a server wants to be asked again, by its head or trailers; null: nothing that can be read. */
function askedMsOf(fields: Fields, isGrpc: boolean, wallMs: number): number | "never" | null {
  const pushback = isGrpc ? fields.get("grpc-retry-pushback-ms") : null;
  if (pushback !== null) return parsePushback(pushback);
  const after = fields.get("retry-after");
  return after === null ? null : parseRetryAfter(after, wallMs);
}

/** Why a hedge's reply is not the one that is waited for: a peer has not processed it, or the policy calls it failed. */
export function isNoAnswer(head: ReplyHead, retry: RetryDoc | null, isFromPeer: boolean): boolean {
  const reason = isFromPeer ? reasonSaid(head) : null;
  if (reason !== null && reasonRow(reason).processed === "no") return true;
  return retry !== null && namesReply(retry, head.status, grpcStatusOf(head), reason);
}
