/** Words for gRPC's status codes, by number, as Go's library and Linkerd's tap write them. */
export const grpcStatusWords: readonly string[] = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

/** `NotFound`, or `Code(17)` for a number that stands for nothing yet. */
export function grpcStatusWord(status: number): string {
  return grpcStatusWords[status] ?? `Code(${status})`;
}
