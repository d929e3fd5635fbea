import type { OutlierDoc } from "../model/policy.ts";
import type { Verdict } from "./outcome.ts";

/** What is counted of one endpoint. */
export class OutlierHost {
  failuresInRow = 0;
  /** Since the last look. */
  successes = 0;
  requests = 0;
  /** -1: it is not ejected. */
  ejectedUntilMs = -1;
  /** How often in a row it was; each look at which it is there takes one back. */
  ejections = 0;

  get isEjected(): boolean {
    return this.ejectedUntilMs >= 0;
  }

  /** Takes in how a request ended. Does that call for ejection at once? */
  counts(doc: OutlierDoc, verdict: Verdict): boolean {
    if (verdict === "none") return false;
    this.requests++;
    if (verdict === "failure") this.failuresInRow++;
    else {
      this.successes++;
      this.failuresInRow = 0;
    }
    return doc.consecutive5xx > 0 && this.failuresInRow >= doc.consecutive5xx;
  }

  /** It is out for as long as it has earned; ms. */
  eject(doc: OutlierDoc, nowMs: number): number {
    this.ejections++;
    const forMs = Math.min(doc.ejection.maxMs, doc.ejection.baseMs * this.ejections);
    this.ejectedUntilMs = nowMs + forMs;
    this.failuresInRow = 0;
    return forMs;
  }

  comeBack(): void {
    this.ejectedUntilMs = -1;
    this.failuresInRow = 0;
  }

  /** A new interval begins. */
  turn(): void {
    this.successes = 0;
    this.requests = 0;
    if (!this.isEjected && this.ejections > 0) this.ejections--;
  }
}

/**
 * Those of `hosts` that do so much worse than others in the last interval that they should go (Envoy's outlier detection): by success
 * rate, below mean − factor × standard deviation, and by share of failures. Each only where enough hosts had enough requests.
 */
export function findOutliers<H extends OutlierHost>(
  doc: OutlierDoc,
  hosts: readonly H[],
): readonly H[] {
  const there = hosts.filter(({ isEjected }) => !isEjected);
  const found = new Set<H>();
  const { successRate, failureShare } = doc;
  if (successRate !== null) {
    const busy = there.filter(({ requests }) => requests >= successRate.requestsMin);
    if (busy.length > 0 && busy.length >= successRate.hostsMin) {
      const rates = busy.map(rateOf);
      const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
      const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
      const least = mean - successRate.stdevFactor * Math.sqrt(variance);
      for (const host of busy) if (rateOf(host) < least) found.add(host);
    }
  }
  if (failureShare !== null) {
    const busy = there.filter(({ requests }) => requests >= failureShare.requestsMin);
    if (busy.length > 0 && busy.length >= failureShare.hostsMin) {
      for (const host of busy) if (1 - rateOf(host) >= failureShare.threshold) found.add(host);
    }
  }
  return [...found];
}

function rateOf({ successes, requests }: OutlierHost): number {
  return successes / requests;
}
