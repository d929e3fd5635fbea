import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "../policy/budget.ts";
import { checkBudget } from "./budget.ts";
import {
  base,
  batchOf,
  type Call,
  evidence,
  heddle,
  recordOf,
  resource,
} from "./evidence.fixture.ts";

/** A request with so many attempts, each sent at once. */
function request(atMs: number, attempts: number, more: Partial<Call> = {}): Call {
  const call: Call = { to: "kvs-0", atMs, ...more };
  const [one] = recordOf([call])[0]!.exchanges[0]!.attempts;
  const failed = { ...one!, sentMs: atMs, reason: "reset" as const };
  const all = [...Array.from({ length: attempts - 1 }, () => failed), { ...one!, sentMs: atMs }];
  return { ...call, outbound: { attempts: all } };
}

const storm = (count: number, attempts: number, stepMs = 10) =>
  Array.from({ length: count }, (_, index) => request(index * stepMs, attempts));
const judge = (calls: readonly Call[], resources = [...base]) =>
  checkBudget(evidence(resources, recordOf(calls)));
const policy = (budget: object) => [
  ...base,
  resource(heddle, "RetryPolicy", "kvs", {
    targetRefs: [{ kind: "Service", name: "kvs" }],
    budget,
  }),
];

test("retries within the share and what is free hold", () => {
  expect(judge([...storm(100, 1), ...storm(20, 2)])).toMatchObject({
    verdict: "holds",
    judged: 120,
  });
});

test("every request tried again, at length, is a violation: the budget is there without a word of intent", () => {
  const { violations } = judge(storm(1000, 2));
  expect(violations).toMatchObject([
    {
      about: "default/kvs",
      processes: ["default/visitor-0"],
      what: expect.stringContaining("within 10 s"),
    },
  ]);
  expect(violations[0]!.expected).toMatch(/20 % of \d+ requests, and 10 a second/);
});

test("a RetryPolicy's budget is what counts, and so is an XBackendTrafficPolicy's where there is none", () => {
  const strict = policy({ percent: 0, perSecondMin: 1, window: "10s" });
  expect(judge(storm(30, 2), strict).verdict).toBe("violated");
  expect(judge(storm(30, 2)).verdict).toBe("holds");
  const free = policy({ percent: 100, perSecondMin: 100, window: "10s" });
  expect(judge(storm(1000, 2), free).verdict).toBe("holds");
  const constraint = resource(
    "gateway.networking.x-k8s.io/v1alpha1",
    "XBackendTrafficPolicy",
    "kvs",
    {
      targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
      retryConstraint: {
        budget: { percent: 0, interval: "10s" },
        minRetryRate: { count: 1, interval: "1s" },
      },
    },
  );
  expect(judge(storm(30, 2), [...base, constraint]).verdict).toBe("violated");
});

test("callers have budgets of their own", () => {
  const of = (from: string) => storm(100, 2, 50).map((call) => ({ ...call, from }));
  expect(judge([...of("visitor-0"), ...of("visitor-1")]).verdict).toBe("holds");
  expect(judge(storm(400, 2, 12)).verdict).toBe("violated");
});

test("what is not recorded may have earned it", () => {
  const [outbound] = recordOf(storm(400, 2, 12));
  const sparse = outbound!.exchanges.map((one) => ({ ...one, id: one.id * 10 }));
  expect(checkBudget(evidence([...base], [batchOf("visitor-0", sparse)])).verdict).toBe("holds");
});

test("whatever the proxies' own budget lets through, holds", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 3 })), {
        maxLength: 200,
      }),
      (steps) => {
        const budget = new RetryBudget();
        let nowMs = 0;
        const calls = steps.map(([step, wanted]) => {
          nowMs += step;
          budget.earn(nowMs);
          let attempts = 1;
          while (attempts <= wanted && budget.spend(nowMs)) attempts++;
          return request(nowMs, attempts);
        });
        expect(judge(calls).violations).toEqual([]);
      },
    ),
    { seed: 4, numRuns: 60 },
  );
});
