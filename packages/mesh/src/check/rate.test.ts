import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBuckets } from "../policy/token-buckets.ts";
import {
  base,
  type Call,
  evidence,
  heddle,
  recordOf,
  resource,
  route,
} from "./evidence.fixture.ts";
import { checkRate } from "./rate.ts";

const target = { group: "", kind: "Service", name: "kvs" };
const limited = (limit: object, more: readonly object[] = []) => [
  ...base,
  resource(heddle, "RateLimit", "kvs", { targetRefs: [target], limits: [limit, ...more] }),
];
const ten = { requests: 10, per: "1s", burst: 10, scope: "replica" };

/** So many requests at these moments, of one caller, at one process. */
const at = (moments: readonly number[], more: Partial<Call> = {}): Call[] =>
  moments.map((atMs) => ({ to: "kvs-0", atMs, lastsMs: 3, ...more }));
const every = (stepMs: number, count: number) =>
  Array.from({ length: count }, (_, index) => index * stepMs);

function judge(calls: readonly Call[], resources = limited(ten)) {
  return checkRate(evidence(resources, recordOf(calls)));
}

test("what the bucket lets in holds: its burst at once, and then the rate", () => {
  expect(judge(at([...every(0, 10), ...every(100, 50)]))).toMatchObject({
    verdict: "holds",
    subjects: 1,
    judged: 60,
  });
});

test("more than burst and rate are a violation, with how many came in which time", () => {
  const { verdict, violations } = judge(at(every(0, 30)));
  expect(verdict).toBe("violated");
  expect(violations).toMatchObject([
    {
      about: "RateLimit/default/kvs[0]",
      what: "default/kvs took in 13 requests within 0 ms",
      expected: "at most 12: 10 per 1s, burst 10",
    },
  ]);
  expect(judge(at(every(50, 200))).verdict).toBe("violated");
});

test("whatever a token bucket lets in, holds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 150 }),
      (requests, burst, steps) => {
        const buckets = new TokenBuckets({ ratePerMs: requests / 1000, burst, bucketsMax: 10 });
        let nowMs = 0;
        const moments: number[] = [];
        for (const step of steps) {
          nowMs += step;
          if (buckets.waitMs("", nowMs) > 0) continue;
          buckets.take("", nowMs);
          moments.push(nowMs);
        }
        expect(judge(at(moments), limited({ ...ten, requests, burst })).violations).toEqual([]);
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

test("each replica has a bucket of its own; of scope service they have parts of one", () => {
  const both = [...at(every(0, 10)), ...at(every(0, 10), { to: "kvs-1" })];
  expect(judge(both).verdict).toBe("holds");
  expect(judge(both, limited({ ...ten, scope: "service" })).verdict).toBe("violated");
});

test("by identity each caller has a bucket; those of others are not counted", () => {
  const calls = [
    ...at(every(0, 10)),
    ...at(every(0, 10), { front: { peer: "spiffe://heddle.local/ns/default/sa/other" as never } }),
  ];
  expect(judge(calls).verdict).toBe("violated");
  expect(judge(calls, limited({ ...ten, by: { identity: true } })).verdict).toBe("holds");
  const ofOthers = limited({ ...ten, identities: ["spiffe://heddle.local/ns/default/sa/web"] });
  expect(judge(calls, ofOthers)).toMatchObject({ verdict: "undecided", judged: 0 });
});

test("a field is not recorded, and what it would tell is undecided", () => {
  const byHeader = limited({ ...ten, by: { header: "x-user" } });
  expect(judge(at(every(0, 30)), byHeader)).toMatchObject({
    verdict: "undecided",
    notJudged: { "header fields are not recorded": 30 },
  });
});

test("who is refused took nothing; and nobody is refused where nothing limits", () => {
  const refused: Call = {
    to: "kvs-0",
    inbound: { status: 429, reason: "rate-limited", attempts: [] },
  };
  const calls = [
    ...at(every(0, 10)),
    ...Array.from({ length: 20 }, () => ({ ...refused, atMs: 5 })),
  ];
  expect(judge(calls).verdict).toBe("holds");
  expect(judge([refused], [...base]).violations[0]!.what).toContain(
    "no RateLimit is about default/kvs",
  );
  const onRoute = resource(heddle, "RateLimit", "kvs", {
    targetRefs: [{ kind: "HTTPRoute", name: "kvs" }],
    limits: [ten],
  });
  expect(judge([refused], [...base, route([{}]), onRoute]).verdict).toBe("holds");
});

test("without a limit there is nothing to ask", () => {
  expect(judge(at(every(0, 500)), [...base])).toMatchObject({ verdict: "holds", subjects: 0 });
});
