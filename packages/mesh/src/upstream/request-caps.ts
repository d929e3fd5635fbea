import type { CapsDoc } from "../model/policy.ts";

/** Requests and retries to one service port that go on at a time, bounded by its caps (Envoy `circuit_breakers`). */
export class RequestCaps {
  /** Null: none. */
  doc: CapsDoc | null = null;
  /** Going on now. */
  requests = 0;
  retries = 0;
  /** Refused so far. */
  refusedRequests = 0;
  refusedRetries = 0;

  enter(): "queue-full" | null {
    const most = this.doc?.requestsMax;
    if (most !== undefined && this.requests >= most) {
      this.refusedRequests++;
      return "queue-full";
    }
    this.requests++;
    return null;
  }

  leave(): void {
    this.requests--;
  }

  tryRetry(): boolean {
    const most = this.doc?.retriesMax;
    if (most !== undefined && this.retries >= most) {
      this.refusedRetries++;
      return false;
    }
    this.retries++;
    return true;
  }

  endRetry(): void {
    this.retries--;
  }
}
