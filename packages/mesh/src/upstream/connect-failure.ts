import { unreachable } from "../base/assert.ts";
import type { Reason } from "../model/reason.ts";
import type { TransportFailure } from "../net/transport.ts";

/** Why no connection came about; `bad-response`: what came on it is not the version of HTTP that was asked for. None of them has executed anything. */
export type ConnectReason = Extract<
  Reason,
  | "bad-response"
  | "connect-refused"
  | "connect-timeout"
  | "identity-mismatch"
  | "misdirected"
  | "queue-full"
  | "shed"
>;

/** The reason for a dial that ended in `failure` before the connection was open. */
export function connectReason(failure: TransportFailure | null): ConnectReason {
  if (failure === null) return "connect-refused";
  switch (failure.kind) {
    case "refused":
    case "unreachable":
    case "reset":
    case "tls":
      return "connect-refused";
    case "timeout":
      return "connect-timeout";
    case "identity-mismatch":
      return "identity-mismatch";
    case "misdirected":
      return "misdirected";
    case "exhausted":
      return "shed";
    default:
      return unreachable(failure.kind);
  }
}
