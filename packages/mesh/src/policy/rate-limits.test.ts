import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SpiffeId } from "../model/identity.ts";
import type { RateLimitDoc } from "../model/policy.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import { RateLimits } from "./rate-limits.ts";
import { TokenBuckets } from "./token-buckets.ts";

const limit = (said: Partial<RateLimitDoc> = {}): RateLimitDoc => ({
  name: "RateLimit/default/web[0]",
  route: null,
  by: { kind: "all" },
  identities: null,
  requests: 10,
  perMs: 1000,
  burst: 10,
  scope: "replica",
  ...said,
});
const web = { identity: "spiffe://cluster.local/ns/default/sa/web" as SpiffeId };
const job = { identity: "spiffe://cluster.local/ns/default/sa/job" as SpiffeId };
const plain = { identity: null };
const head = (...fields: [string, string][]) =>
  new PlainRequestHead({ method: "GET", path: "/", authority: "kvs" }, fields);

function build(docs: readonly RateLimitDoc[], replicas = 1) {
  const refused: string[] = [];
  let forgotten = 0;
  const limits = new RateLimits({
    onRefused: (name) => void refused.push(name),
    onForgotten: () => void forgotten++,
  });
  limits.apply(docs, replicas, 0);
  /** How many of so many at once are let in. */
  const burst = (
    count: number,
    nowMs: number,
    { caller = web, rule = null, of = head() }: Partial<Asked> = {},
  ) => {
    let letIn = 0;
    for (let index = 0; index < count; index++) {
      if (limits.check(of, caller, rule, nowMs) !== null) continue;
      limits.take(of, caller, rule, nowMs);
      letIn++;
    }
    return letIn;
  };
  return { limits, refused, burst, forgotten: () => forgotten };
}

interface Asked {
  readonly caller: { readonly identity: SpiffeId | null };
  readonly rule: string | null;
  readonly of: ReturnType<typeof head>;
}

describe("a bucket", () => {
  const arrivals = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 300 });

  test("lets in at most burst + rate × t in any time, whatever comes when", () => {
    fc.assert(
      fc.property(
        arrivals,
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        (gapsMs, ratePerMs, burst) => {
          const buckets = new TokenBuckets({ ratePerMs, burst, bucketsMax: 1 });
          const taken: number[] = [];
          let nowMs = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            if (buckets.waitMs("", nowMs) > 0) continue;
            buckets.take("", nowMs);
            taken.push(nowMs);
          }
          taken.forEach((fromMs, first) => {
            for (let last = first; last < taken.length; last++) {
              const bound = burst + ratePerMs * (taken[last]! - fromMs);
              expect(last - first + 1).toBeLessThanOrEqual(bound + 1e-6);
            }
          });
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });

  test("lets in all of the rate where it is asked for more, and all that is asked where that is less", () => {
    const buckets = new TokenBuckets({ ratePerMs: 0.1, burst: 10, bucketsMax: 1 });
    let taken = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 2) {
      if (buckets.waitMs("", nowMs) > 0) continue;
      buckets.take("", nowMs);
      taken++;
    }
    expect(taken).toBeGreaterThanOrEqual(1000);
    expect(taken).toBeLessThanOrEqual(1010);
    const calm = new TokenBuckets({ ratePerMs: 0.1, burst: 1, bucketsMax: 1 });
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
      expect(calm.waitMs("", nowMs)).toBe(0);
      calm.take("", nowMs);
    }
  });

  test("waits as long as it says", () => {
    const buckets = new TokenBuckets({ ratePerMs: 0.1, burst: 1, bucketsMax: 1 });
    buckets.take("", 0);
    const waitMs = buckets.waitMs("", 3);
    expect(buckets.waitMs("", 3 + waitMs - 0.01)).toBeGreaterThan(0);
    expect(buckets.waitMs("", 3 + waitMs)).toBeCloseTo(0);
  });

  test("of too many the one goes that was asked longest ago, and it is told where that lets more in", () => {
    const buckets = new TokenBuckets({ ratePerMs: 0.001, burst: 1, bucketsMax: 2 });
    expect(buckets.take("a", 0)).toBe(false);
    expect(buckets.take("b", 1)).toBe(false);
    expect(buckets.take("c", 2)).toBe(true);
    expect(buckets.size).toBe(2);
    expect(buckets.waitMs("a", 3)).toBe(0);
    expect(buckets.waitMs("b", 3)).toBeGreaterThan(0);
    expect(buckets.take("d", 5000)).toBe(false);
  });

  test("keeps what was taken when its rate changes", () => {
    const buckets = new TokenBuckets({ ratePerMs: 0.01, burst: 10, bucketsMax: 5 });
    for (let count = 0; count < 10; count++) buckets.take("", 0);
    buckets.change({ ratePerMs: 0.02, burst: 10 }, 0);
    expect(buckets.waitMs("", 0)).toBeCloseTo(50);
    buckets.change({ ratePerMs: 0.02, burst: 12 }, 0);
    expect(buckets.waitMs("", 0)).toBe(0);
  });
});

describe("limits", () => {
  test("are of all, or of each identity, or of each value of a field", () => {
    expect(build([limit()]).burst(20, 0)).toBe(10);
    const each = build([limit({ by: { kind: "identity" } })]);
    expect(each.burst(20, 0)).toBe(10);
    expect(each.burst(20, 0, { caller: job })).toBe(10);
    const users = build([limit({ by: { kind: "header", name: "x-user" } })]);
    expect(users.burst(20, 0, { of: head(["x-user", "a"]) })).toBe(10);
    expect(users.burst(20, 0, { of: head(["x-user", "b"]) })).toBe(10);
    expect(users.burst(20, 0)).toBe(10);
  });

  test("hold for some callers, or for requests of a route or rule that a peer's proxy names", () => {
    const some = build([limit({ identities: [web.identity] })]);
    expect(some.burst(20, 0)).toBe(10);
    expect(some.burst(20, 0, { caller: job })).toBe(20);
    const route = "HTTPRoute/default/shop";
    const ofRoute = build([limit({ route })]);
    expect(ofRoute.burst(20, 0, { rule: `${route}#pay` })).toBe(10);
    expect(ofRoute.burst(20, 0, { rule: "HTTPRoute/default/shopping#pay" })).toBe(20);
    expect(ofRoute.burst(20, 0)).toBe(20);
    expect(ofRoute.burst(20, 0, { caller: plain, rule: `${route}#pay` })).toBe(20);
    const ofRule = build([limit({ route: `${route}#pay` })]);
    expect(ofRule.burst(20, 0, { rule: `${route}#pay` })).toBe(10);
    expect(ofRule.burst(20, 0, { rule: `${route}#payment` })).toBe(20);
  });

  test("all have a token for a request, or none loses one", () => {
    const { limits, burst, refused } = build([
      limit({ name: "RateLimit/default/wide[0]" }),
      limit({ name: "RateLimit/default/narrow[0]", burst: 2 }),
    ]);
    expect(burst(20, 0)).toBe(2);
    expect(new Set(refused)).toEqual(new Set(["RateLimit/default/narrow[0]"]));
    limits.apply([limit({ name: "RateLimit/default/wide[0]" })], 1, 0);
    expect(burst(20, 0)).toBe(8);
  });

  test("over all replicas add up to no more than the service has", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (replicas) => {
        const one = limit({ scope: "service", requests: 100, burst: 20 });
        const each = Array.from({ length: replicas }, () => build([one], replicas));
        let letIn = 0;
        for (let nowMs = 0; nowMs < 2000; nowMs += 5) {
          for (const replica of each) letIn += replica.burst(3, nowMs);
        }
        expect(letIn).toBeLessThanOrEqual(20 + 100 * 2);
        expect(letIn).toBeGreaterThanOrEqual(100 * 2 - replicas);
      }),
      { seed: 5, numRuns: 15 },
    );
  });

  test("go on where they were when intent or the number of replicas changes", () => {
    const { limits, burst } = build([limit({ scope: "service" })]);
    expect(burst(20, 0)).toBe(10);
    limits.apply([limit({ scope: "service" })], 2, 0);
    expect(burst(20, 0)).toBe(0);
    expect(burst(20, 1000)).toBe(0); // ten taken at a rate of five a second: five are left to pay, and no burst beyond
    expect(burst(20, 3000)).toBe(5);
    limits.apply([limit({ scope: "service", by: { kind: "identity" } })], 2, 3000);
    expect(burst(20, 3000)).toBe(5);
  });
});

describe("a refusal", () => {
  const refusalOf = (doc: RateLimitDoc, of = head()) => {
    const { limits } = build([doc]);
    for (let count = 0; count < doc.burst; count++) limits.take(of, web, null, 0);
    return limits.check(of, web, null, 0)!;
  };

  test("tells which limit it was, and when to come again", () => {
    expect(refusalOf(limit({ burst: 1, requests: 1, perMs: 5000 }))).toEqual({
      reason: "rate-limited",
      detail: "RateLimit/default/web[0] lets in 1 per 5 s",
      fields: [
        ["ratelimit-policy", '"web[0]";q=1;w=5'],
        ["ratelimit", '"web[0]";r=0;t=5'],
        ["retry-after", "5"],
      ],
    });
    expect(refusalOf(limit({ by: { kind: "header", name: "x-user" }, perMs: 500 })).detail).toBe(
      "RateLimit/default/web[0] lets in 10 per 500 ms of each x-user",
    );
  });

  test("tells gRPC in its own way, too", () => {
    const grpc = head(["content-type", "application/grpc"]);
    const { fields } = refusalOf(limit({ burst: 1 }), grpc);
    expect(fields.at(-1)).toEqual(["grpc-retry-pushback-ms", "100"]);
  });
});
