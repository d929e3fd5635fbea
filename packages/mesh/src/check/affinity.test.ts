import { describe, expect, test } from "vitest";
import { checkAffinity } from "./affinity.ts";
import {
  base,
  batchOf,
  type Call,
  evidence,
  heddle,
  placement,
  recordOf,
  resource,
} from "./evidence.fixture.ts";

const bound = (keys: readonly object[], more: object = {}) => [
  ...base,
  resource(heddle, "BalancingPolicy", "kvs", {
    targetRefs: [{ kind: "Service", name: "kvs" }],
    affinity: { keys, tableSize: 251 },
    ...more,
  }),
];
const bySegment = bound([{ pathSegment: 1 }]);
const ask = (path: string, to: string, more: Partial<Call> = {}): Call => ({ path, to, ...more });

/** Another key, often enough for every table to be whole. */
const first = Array.from({ length: 4 }, () => ask("/0?user=0", "kvs-0"));

function judge(calls: readonly Call[], resources = bySegment) {
  return checkAffinity(evidence(resources, recordOf([...first, ...calls])));
}

test("one key at one endpoint holds, whatever the others do", () => {
  const calls = [
    ask("/1", "kvs-0"),
    ask("/2", "kvs-1"),
    ask("/1/x?y", "kvs-0"),
    ask("/2", "kvs-1"),
  ];
  expect(judge(calls)).toMatchObject({ verdict: "holds", subjects: 1, judged: 4 + first.length });
});

test("a key that moves though nothing has changed is a violation", () => {
  const { violations } = judge([ask("/1", "kvs-0"), ask("/2", "kvs-1"), ask("/1", "kvs-1")]);
  expect(violations).toMatchObject([
    {
      what: "default/visitor-0 sent key 1 of default/kvs to another endpoint, and nothing had changed",
      expected: "kvs-0, as 20 ms before",
      found: "kvs-1",
    },
  ]);
});

test("by the query, by who asks, and by the first key that a request has", () => {
  const byQuery = bound([{ query: "user" }, { pathSegment: 1 }]);
  expect(judge([ask("/1?user=a", "kvs-0"), ask("/1", "kvs-1")], byQuery).verdict).toBe("holds");
  expect(judge([ask("/1?user=a", "kvs-0"), ask("/2?user=a", "kvs-1")], byQuery).verdict).toBe(
    "violated",
  );
  const bySource = bound([{ source: true }]);
  const two = [ask("/1", "kvs-0"), ask("/2", "kvs-1", { from: "visitor-1" })];
  expect(judge(two, bySource).verdict).toBe("holds");
  expect(judge([ask("/1", "kvs-0"), ask("/2", "kvs-1")], bySource).verdict).toBe("violated");
});

describe("a key may move", () => {
  test("after an attempt that failed", () => {
    const failed = ask("/9", "kvs-0", { outbound: { status: 503, reason: "connect-refused" } });
    expect(judge([ask("/1", "kvs-0"), failed, ask("/1", "kvs-1")]).verdict).toBe("holds");
  });

  test("to one that has just been started", () => {
    const batches = recordOf([
      ...first.map((one) => ({ ...one, atMs: 0 })),
      ask("/1", "kvs-0", { atMs: 5 }),
      ask("/1", "kvs-1", { atMs: 100 }),
    ]);
    const later = batches.map((batch) =>
      batch.workload.name === "kvs-1" ? { ...batch, sinceMs: 50 } : batch,
    );
    expect(checkAffinity(evidence(bySegment, later)).verdict).toBe("holds");
  });

  test("where nothing is known of one of both", () => {
    const [caller] = recordOf([...first, ask("/1", "kvs-0"), ask("/1", "kvs-1")]);
    const alone = batchOf("visitor-0", caller!.exchanges);
    expect(checkAffinity(evidence(bySegment, [alone])).verdict).toBe("holds");
  });
});

test("keys in fields, and sessions, are not recorded: undecided, and said so", () => {
  const moved = [ask("/1", "kvs-0"), ask("/1", "kvs-1")];
  expect(judge(moved, bound([{ header: "x-user" }]))).toMatchObject({
    verdict: "undecided",
    notJudged: { "header fields are not recorded": 6 },
  });
  expect(judge(moved, bound([{ pathSegment: 1 }], { sessionPersistence: {} }))).toMatchObject({
    verdict: "undecided",
    notJudged: { "a session may hold it, and its token is not recorded": 6 },
  });
});

test("keys that a Placement binds are its checker's, and without intent nothing is asked", () => {
  const moved = [ask("/1", "kvs-0"), ask("/1", "kvs-1")];
  expect(judge(moved, [...bySegment, placement()])).toMatchObject({
    verdict: "holds",
    subjects: 0,
  });
  expect(judge(moved, [...base])).toMatchObject({ verdict: "holds", subjects: 0 });
});

test("while a large table is made, at first, keys may move", () => {
  const large = bound([{ pathSegment: 1 }], { affinity: { keys: [{ pathSegment: 1 }] } });
  const moves = [ask("/1", "kvs-0"), ask("/1", "kvs-1")];
  expect(judge(moves, large).verdict).toBe("holds");
  const later = Array.from({ length: 64 }, () => ask("/0", "kvs-0"));
  expect(judge([...later, ...moves], large).verdict).toBe("violated");
});
