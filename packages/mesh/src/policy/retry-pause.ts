import type { Rng } from "../base/rng.ts";
import type { RetryDoc } from "../model/policy.ts";

/**
 * A server that asks for a longer pause than this, in ms, is not asked again: its reply is the answer, and the caller knows better
 * what to do meanwhile. Default 10000.
 */
export const askedPauseMaxMs = 10_000;

/**
 * The pause before a retry: `baseMs` before the first, twice that before the next, up to `maxMs`, and as much again at most, by
 * chance, so that callers who failed together do not come back together (Linkerd's backoff with jitter 1). Never less than said:
 * GEP-1731's `backoff` is a minimum, where Envoy's full jitter begins at 0.
 * @param retries made before this one
 */
export function backoffPauseMs({ backoff }: RetryDoc, retries: number, rng: Rng): number {
  const stepMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(retries, 30));
  return stepMs * (1 + rng.float());
}

/** What `Retry-After` says (RFC 9110 §10.2.3), in ms from now: seconds, or a date. Null: it cannot be read. */
export function parseRetryAfter(text: string, wallMs: number): number | null {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  if (!DATE.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - wallMs);
}

/** IMF-fixdate, the one form that is generated (RFC 9110 §5.6.7). */
const DATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/** What `grpc-retry-pushback-ms` says (gRFC A6): a pause in ms; "never" where it is negative or cannot be read. */
export function parsePushback(text: string): number | "never" {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : "never";
}
