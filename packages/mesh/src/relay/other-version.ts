import type { HttpProtocol } from "../model/protocol.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Pool } from "../upstream/pool.ts";
import type { Target } from "../upstream/target.ts";
import type { Attempt } from "./attempt.ts";

/** Says so where a process is asked in another version of HTTP than its caller's, though none was declared. */
export function noteVersion(
  record: ExchangeRecord,
  target: Target,
  caller: HttpProtocol,
  asked: HttpProtocol,
): void {
  if (asked === caller || target.speaks !== null) return;
  record.detail = `asked in ${nameOf(asked)}, which the process has shown to speak alone`;
}

/**
 * Has what is at the other end shown, in place of a reply, that it speaks the other version, and will it be asked in that one? Then
 * nothing of the request was processed: a server of HTTP/2 takes what does not begin with its preface for an error (RFC 9113 §3.4).
 */
export function isMisfit({ session, target }: Attempt, pool: Pool): boolean {
  return session.codec.misfit !== null && target.onMisfit(pool);
}

/**
 * Can no other attempt follow? One on a connection of HTTP/1.1 that is new: it has not been idle, and an application's failure says
 * nothing of what was done. Until an application has answered it may yet show that it speaks the other version.
 */
export function isOnlyAttempt({ isReused, target }: Attempt, pool: Pool): boolean {
  if (isReused || target.endpoint.identity !== null || pool.protocol !== "http/1.1") return false;
  return pool.isProven || target.speaks !== null;
}

/** Why it failed in both versions, and what its operator can do. */
export function failedInBoth({ protocol: last }: Pool, detail: string): string {
  const first = last === "h2" ? "http/1.1" : "h2";
  return `it speaks no ${nameOf(first)}, and in ${nameOf(last)}: ${detail}; declare what the port speaks (appProtocol)`;
}

function nameOf(protocol: HttpProtocol): string {
  return protocol === "h2" ? "HTTP/2" : "HTTP/1.1";
}
