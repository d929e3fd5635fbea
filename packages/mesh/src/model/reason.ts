import type { Fields } from "./head.ts";

/** Was the request executed by the process it was meant for? `final` is never retried. */
export type Processed = "no" | "unknown" | "yes" | "final";

export interface ReasonRow {
  /** Status of the reply the proxy makes; 0 where nobody is left to answer. */
  readonly status: number;
  /** gRPC status code of that reply. */
  readonly grpc: number;
  /** Envoy's response flag, or null where Envoy has none. */
  readonly flag: string | null;
  readonly processed: Processed;
  /** Must the caller's connection close after the reply? */
  readonly closes: boolean;
}

const row = (
  status: number,
  grpc: number,
  flag: string | null,
  processed: Processed,
  closes = false,
): ReasonRow => ({ status, grpc, flag, processed, closes });

/**
 * Every way in which the world can fail a request: the only source of status, gRPC code, flag, metric label and
 * of whether a retry is safe. Each has a page in `docs/reasons/`.
 */
export const reasons = {
  "no-route": row(404, 12, "NR", "final"),
  "no-endpoint": row(503, 14, "UH", "no"),
  "slot-away": row(503, 14, "UH", "no"),
  "queue-full": row(503, 14, "UO", "no"),
  shed: row(503, 14, "OM", "no"),
  "connect-refused": row(502, 14, "UF", "no"),
  "connect-timeout": row(504, 14, "UF", "no"),
  misdirected: row(502, 14, "UF", "no"),
  reset: row(502, 14, "UC", "unknown"),
  "refused-stream": row(502, 14, "UR", "no"),
  "invalid-backend": row(500, 14, "NC", "final"),
  "request-timeout": row(504, 4, "UT", "unknown"),
  "deadline-passed": row(504, 4, "DT", "final"),
  denied: row(403, 7, null, "final"),
  "rate-limited": row(429, 8, "RL", "final"),
  "identity-mismatch": row(502, 14, "UF", "no"),
  "bad-request": row(400, 13, "DPE", "final", true),
  "head-too-large": row(431, 13, "DPE", "final", true),
  "target-too-long": row(414, 13, "DPE", "final", true),
  "bad-expectation": row(417, 13, "DPE", "final", true),
  "bad-version": row(505, 13, "DPE", "final", true),
  "bad-response": row(502, 14, "UPE", "yes"),
  unsupported: row(501, 12, null, "final"),
  "client-slow": row(408, 4, null, "final", true),
  "client-gone": row(0, 1, "DC", "unknown", true),
  /** Of an attempt alone: its reply was one that a policy has tried again. */
  "failed-reply": row(502, 14, null, "yes"),
  /** Of an attempt alone: another one's reply came first. */
  outrun: row(503, 14, null, "unknown"),
  /** On purpose; the Fault says which status. */
  fault: row(503, 14, "FI", "final"),
} as const satisfies Record<string, ReasonRow>;

export type Reason = keyof typeof reasons;

/** The row of `reason`. */
export function reasonRow(reason: Reason): ReasonRow {
  return reasons[reason];
}

export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}

/** The field that says that a proxy made the reply, and why. Never taken from an application. */
export const reasonField = "x-heddle-reason";

/** Why a proxy made the reply, as its head says; null: it says nothing that is known. */
export function reasonSaid(head: Fields): Reason | null {
  const text = head.get(reasonField);
  return text !== null && isReason(text) ? text : null;
}
