import type { Rng } from "../base/rng.ts";

/** First pause after a failure. */
const LEAST_MS = 100;
const MOST_MS = 10_000;

/** How long an endpoint is left alone after `failures` failures in a row: doubled each time, the upper half by chance. */
export function backoffMs(failures: number, rng: Rng): number {
  const fullMs = Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(20, failures - 1));
  return fullMs * (0.5 + 0.5 * rng.float());
}
