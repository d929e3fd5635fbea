import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import { SmoothWeighted } from "../route/weighted.ts";
import { base, batchOf, type Call, evidence, recordOf, route } from "./evidence.fixture.ts";
import { checkSplit } from "./split.ts";

const weighted = (first: number, second: number) => [
  ...base,
  route([
    {
      backendRefs: [
        { name: "kvs", port: 80, weight: first },
        { name: "other", port: 80, weight: second },
      ],
    },
  ]),
];

const rule = "HTTPRoute/default/kvs#0";
const to = (backend: "kvs" | "other"): Call => ({
  to: `${backend}-0`,
  backend,
  outbound: { route: rule },
});

/** Backends as smooth weighting gives them, from a start of its choice. */
function turns(weights: readonly [number, number], count: number, seed = 1): Call[] {
  const smooth = new SmoothWeighted<"kvs" | "other">(
    [
      ["kvs", weights[0]],
      ["other", weights[1]],
    ],
    new SeededRng(seed),
  );
  return Array.from({ length: count }, () => to(smooth.next()!));
}

test("nine to one, exactly, holds", () => {
  const report = checkSplit(evidence(weighted(9, 1), recordOf(turns([9, 1], 100))));
  expect(report).toMatchObject({ verdict: "holds", subjects: 1, judged: 100 });
});

test("smooth weighting never leaves the bound, whatever the weights and wherever it starts", () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })),
      fc.integer({ min: 1, max: 120 }),
      fc.nat(1000),
      (weights, count, seed) => {
        fc.pre(weights[0] + weights[1] > 0);
        const report = checkSplit(
          evidence(weighted(...weights), recordOf(turns(weights, count, seed))),
        );
        expect(report.violations).toEqual([]);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

test("swapped weights, a choice that is stuck, and two requests too many are seen", () => {
  const judge = (calls: Call[]) => checkSplit(evidence(weighted(9, 1), recordOf(calls))).verdict;
  expect(judge(turns([1, 9], 20))).toBe("violated");
  expect(judge(Array.from({ length: 40 }, () => to("kvs")))).toBe("violated");
  expect(judge([...turns([9, 1], 40), to("other"), to("other"), to("other")])).toBe("violated");
});

test("a backend of weight 0 gets none, not even one", () => {
  const { violations } = checkSplit(
    evidence(weighted(1, 0), recordOf([to("kvs"), to("other"), to("kvs")])),
  );
  expect(violations.map(({ expected }) => expected)).toContain("none: its weight is 0");
});

test("retries are not counted: they stay with their backend", () => {
  const call = turns([1, 1], 10).map((one): Call => {
    const [attempt] = recordOf([one])[0]!.exchanges[0]!.attempts;
    return { ...one, outbound: { ...one.outbound, attempts: [attempt!, attempt!, attempt!] } };
  });
  expect(checkSplit(evidence(weighted(1, 1), recordOf(call)))).toMatchObject({
    verdict: "holds",
    judged: 10,
  });
});

test("what is not recorded may have gone either way", () => {
  const calls = turns([1, 1], 40);
  const [batch] = recordOf(calls);
  const kept = batch!.exchanges.filter(
    ({ backend, id }) => backend === "default/kvs" || id === 1 || id === 2 || id >= 39,
  );
  const sampled = checkSplit(evidence(weighted(1, 1), [batchOf("visitor-0", kept)]));
  expect(sampled.verdict).toBe("holds");
  expect(sampled.notJudged).toEqual({ "not recorded, or of other rules": 40 - kept.length });
});

test("a request that fell under a rule that intent does not give it is a violation", () => {
  const plain = checkSplit(evidence([...base], recordOf([to("kvs")])));
  expect(plain.violations[0]).toMatchObject({ expected: "no rule", found: rule });
  const elsewhere: Call = { to: "other-0", backend: "other" };
  expect(checkSplit(evidence([...base], recordOf([elsewhere]))).violations[0]).toMatchObject({
    expected: "default/kvs:80",
    found: "default/other:80",
  });
});

test("the share of a Service that does not exist fails", () => {
  const resources = weighted(1, 1).filter(({ metadata }) => metadata.name !== "other");
  const failed: Call = {
    to: null,
    outbound: { route: rule, backend: null, status: 500, reason: "invalid-backend" },
  };
  const calls = Array.from({ length: 10 }, () => [to("kvs"), failed]).flat();
  expect(checkSplit(evidence(resources, recordOf(calls))).verdict).toBe("holds");
  const without = Array.from({ length: 10 }, () => to("kvs"));
  expect(checkSplit(evidence(resources, recordOf(without))).verdict).toBe("violated");
});
