import type { Reason } from "../../model/reason.ts";

/** Why a head that was decoded is refused. */
export interface HeadFault {
  /**
   * `bad-request` and `bad-response`: malformed (RFC 9113 §8.1.1), the stream ends with PROTOCOL_ERROR. The others are answered
   * with their status.
   */
  readonly reason: Extract<
    Reason,
    "bad-request" | "bad-response" | "bad-expectation" | "target-too-long" | "unsupported"
  >;
  readonly detail: string;
}

export function malformedRequest(detail: string): HeadFault {
  return { reason: "bad-request", detail };
}

export function malformedReply(detail: string): HeadFault {
  return { reason: "bad-response", detail };
}
