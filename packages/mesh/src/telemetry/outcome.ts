import { isGrpcFailure } from "../model/grpc.ts";
import { reasonRow } from "../model/reason.ts";
import type { ExchangeRecord } from "./record.ts";

/**
 * `success`: answered below 500; of octets that are not read, carried until both sides had enough. `failure`: answered with 500 and
 * above, by gRPC with a status that counts against the server (`isGrpcFailure`), or an answer that broke off or never came.
 * `cancelled`: the caller went away before there was an answer, so nothing is known (Linkerd counts it nowhere either).
 */
export type Outcome = "success" | "failure" | "cancelled";

/** What an exchange counts as. */
export function outcomeOf(record: ExchangeRecord): Outcome {
  const { status, reason, grpcStatus } = record;
  if (reason === null && isOctets(record)) return "success";
  if (reason === "client-gone") return status === 0 ? "cancelled" : byStatus(status);
  if (status === 0 || (reason !== null && reasonRow(reason).status >= 500)) return "failure";
  return isGrpcFailure(grpcStatus) ? "failure" : byStatus(status);
}

/** Was it one connection whose octets nobody on the way has read, and no request? */
export function isOctets({ protocol }: Pick<ExchangeRecord, "protocol">): boolean {
  return protocol === "tcp" || protocol === "tls";
}

function byStatus(status: number): Outcome {
  return status >= 500 ? "failure" : "success";
}
