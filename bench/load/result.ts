/** What a load generator says of one window. */
export interface LoadResult {
  /** Whole answers. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Socket errors, time-outs and answers that are not 2xx. One voids the round. */
  readonly failures: number;
  /** Bytes read, heads and bodies, or null where the generator does not say. */
  readonly wireBytes: number | null;
  /** Answers that may have been cut off by the end of the window. */
  readonly inFlightMax: number;
}

/** What is wrong with a window, or null. Bytes are compared with what the verifier weighed. */
export function faultOf(result: LoadResult, answerBytes: number | null): string | null {
  if (result.requests === 0) return "no request was answered";
  if (result.failures > 0) return `${result.failures} errors or wrong statuses`;
  if (result.wireBytes === null || answerBytes === null) return null;
  const surplus = result.wireBytes - result.requests * answerBytes;
  if (surplus >= 0 && surplus <= result.inFlightMax * answerBytes) return null;
  return `${result.wireBytes} bytes for ${result.requests} answers of ${answerBytes}`;
}
