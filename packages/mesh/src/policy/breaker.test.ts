import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import type { BreakerDoc } from "../model/policy.ts";
import { Breaker } from "./breaker.ts";
import { type Outcome, type Verdict, verdictOf } from "./outcome.ts";

const doc: BreakerDoc = {
  failuresMax: 7,
  rate: { successMin: 0.8, windowMs: 10_000, requestsMin: 5 },
  penalty: { minMs: 1000, maxMs: 60_000, jitter: 0.5 },
  ejectedMax: 1,
};
const rowOnly: BreakerDoc = { ...doc, rate: null };

const built = (given: BreakerDoc = doc) => new Breaker(given, new SeededRng(1));

/** Which of the verdicts calls for opening, counted from 1; 0: none. */
function tripsAt(breaker: Breaker, verdicts: readonly Verdict[], everyMs = 0): number {
  for (const [index, verdict] of verdicts.entries()) {
    if (breaker.trips(verdict, index * everyMs)) return index + 1;
  }
  return 0;
}

const times = (count: number, ...verdicts: Verdict[]) =>
  Array.from({ length: count }, () => verdicts).flat();

describe("failures in a row", () => {
  test("the seventh opens, and a success before it begins anew", () => {
    expect(tripsAt(built(rowOnly), times(7, "failure"))).toBe(7);
    const broken = [...times(6, "failure"), "success", ...times(6, "failure")] as Verdict[];
    expect(tripsAt(built(rowOnly), broken)).toBe(0);
  });

  test("429 neither counts nor begins anew, and what says nothing of the endpoint is left out", () => {
    expect(tripsAt(built(rowOnly), times(100, "limited"))).toBe(0);
    const mixed = [...times(6, "failure"), "limited", "none", "failure"] as Verdict[];
    expect(tripsAt(built(rowOnly), mixed)).toBe(9);
  });

  test("0 counts none", () => {
    expect(tripsAt(built({ ...rowOnly, failuresMax: 0 }), times(100, "failure"))).toBe(0);
  });
});

describe("the share of successes", () => {
  const rateOnly: BreakerDoc = { ...doc, failuresMax: 0 };

  test("below 80 % of at least five requests opens, 80 % does not", () => {
    expect(tripsAt(built(rateOnly), ["success", "success", "success", "failure", "failure"])).toBe(
      5,
    );
    expect(
      tripsAt(built(rateOnly), times(50, "success", "success", "success", "success", "failure")),
    ).toBe(0);
    expect(tripsAt(built(rateOnly), times(4, "failure"))).toBe(0);
  });

  test("429 counts", () => {
    expect(tripsAt(built(rateOnly), times(5, "limited"))).toBe(5);
  });

  test("what is older than the window does not", () => {
    expect(tripsAt(built(rateOnly), times(20, "failure"), 2600)).toBe(0);
    expect(tripsAt(built(rateOnly), times(20, "failure"), 2400)).toBe(5);
  });

  test("nor what was counted in a window of another length, and the new one slides as well", () => {
    const breaker = built({ ...rateOnly, rate: { ...rateOnly.rate!, windowMs: 1000 } });
    for (let count = 0; count < 4; count++) {
      expect(breaker.trips("failure", 100_000)).toBe(false);
    }
    breaker.doc = rateOnly;
    for (let atMs = 100_000; atMs < 400_000; atMs += 2600) {
      expect(breaker.trips("failure", atMs)).toBe(false);
    }
  });
});

describe("the pause", () => {
  test("doubles with each failed probe from 1 s to 60 s, each up to a half longer", () => {
    const breaker = built();
    for (const leastMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      breaker.open(0);
      expect(breaker.untilMs).toBeGreaterThanOrEqual(leastMs);
      expect(breaker.untilMs).toBeLessThanOrEqual(leastMs * 1.5);
    }
  });

  test("begins at 1 s again once it was closed", () => {
    const breaker = built();
    for (let row = 0; row < 5; row++) breaker.open(0);
    breaker.ready();
    breaker.probe();
    expect(breaker.judge("success", 0)).toBe(false);
    expect(breaker.phase).toBe("closed");
    breaker.open(0);
    expect(breaker.untilMs).toBeLessThanOrEqual(1500);
  });

  test.each(["failure", "limited"] as const)(
    "a probe that ends in %s opens it again",
    (verdict) => {
      const breaker = built();
      breaker.open(0);
      breaker.ready();
      breaker.probe();
      expect(breaker.judge(verdict, 0)).toBe(true);
      expect(breaker.phase).toBe("open");
    },
  );

  test("a probe that says nothing of the endpoint leaves it waiting for another", () => {
    const breaker = built();
    breaker.open(0);
    breaker.ready();
    breaker.probe();
    expect(breaker.judge("none", 0)).toBe(false);
    expect(breaker.phase).toBe("ready");
  });

  test("what was counted before is forgotten", () => {
    const breaker = built();
    tripsAt(breaker, times(7, "failure"));
    breaker.open(0);
    breaker.judge("success", 0);
    expect(tripsAt(breaker, times(4, "failure"))).toBe(0);
  });
});

test.each<[Partial<Outcome>, Verdict]>([
  [{ status: 200 }, "success"],
  [{ status: 404 }, "success"],
  [{ status: 500 }, "failure"],
  [{ status: 503 }, "failure"],
  [{ status: 429 }, "limited"],
  [{ status: 200, grpcStatus: 0 }, "success"],
  [{ status: 200, grpcStatus: 5 }, "success"],
  [{ status: 200, grpcStatus: 8 }, "limited"],
  [{ status: 200, grpcStatus: 14 }, "failure"],
  [{ status: 200, grpcStatus: 2 }, "failure"],
  [{ reason: "connect-refused" }, "failure"],
  [{ reason: "request-timeout" }, "failure"],
  [{ status: 503, reason: "shed" }, "limited"],
  [{ status: 429, reason: "rate-limited" }, "limited"],
  [{ reason: "client-gone" }, "none"],
  [{ status: 403, reason: "denied" }, "none"],
  [{ reason: "misdirected" }, "none"],
])("%o is %s", (given, verdict) => {
  const outcome = { status: 0, grpcStatus: -1, reason: null, latencyMs: 1, retryAfterMs: -1 };
  expect(verdictOf({ ...outcome, ...given })).toBe(verdict);
});
