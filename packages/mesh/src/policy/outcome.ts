import { isGrpcFailure } from "../model/grpc.ts";
import type { Reason } from "../model/reason.ts";

/** How one attempt ended, as its caller saw it. One object may be used again for each. */
export interface Outcome {
  /** Of the reply; 0: none came. */
  readonly status: number;
  /** -1: none, or it is no gRPC. */
  readonly grpcStatus: number;
  /** Why the world, or the peer's proxy, failed it; null: the process answered. */
  readonly reason: Reason | null;
  /** To the reply's head, or to the failure. */
  readonly latencyMs: number;
  /** `Retry-After`, or gRPC's pushback; -1: none. */
  readonly retryAfterMs: number;
}

/** `limited`: the endpoint has too much to do, and says so. `none`: it says nothing of the endpoint. */
export type Verdict = "success" | "failure" | "limited" | "none";

/** gRPC's RESOURCE_EXHAUSTED. */
const exhausted = 8;

/**
 * What an attempt says of its endpoint: 5xx and gRPC's failures count against it (Linkerd's classes), 429 and RESOURCE_EXHAUSTED only
 * where rates are counted, and by a probe.
 */
export function verdictOf({ status, grpcStatus, reason }: Outcome): Verdict {
  if (reason !== null) return verdictOfReason(reason);
  if (grpcStatus === exhausted || status === 429) return "limited";
  if (isGrpcFailure(grpcStatus)) return "failure";
  return status >= 500 ? "failure" : "success";
}

/** The same of a failure that the world, or the peer's proxy, names. */
export function verdictOfReason(reason: Reason): Verdict {
  switch (reason) {
    case "connect-refused":
    case "connect-timeout":
    case "identity-mismatch":
    case "no-endpoint":
    case "reset":
    case "request-timeout":
    case "bad-response":
      return "failure";
    case "rate-limited":
    case "refused-stream":
    case "queue-full":
    case "shed":
      return "limited";
    default:
      return "none"; // the caller's, the request's, or the mesh's own business
  }
}
