import type { Rollout, RolloutSpec } from "@heddle/mesh/resource/heddle/rollout.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideRollout, type NoSplit, planOf, type RolloutDecision } from "./decide.ts";
import { type Figures, noFigures } from "./figures.ts";
import { isSame, type Weights } from "./weights.ts";

const spec: RolloutSpec = {
  targetRef: { kind: "HTTPRoute", name: "split" },
  stable: "v1",
  canary: "v2",
  steps: [
    { weight: 10, pause: "30s" },
    { weight: 50, pause: "1m" },
  ],
  thresholds: { minSuccess: "99%", maxLatencyP99: "250ms", minRequests: 20 },
};
const well: Figures = { requests: 100, success: 1, p99Ms: 12 };
const failing: Figures = { requests: 20, success: 0.9, p99Ms: 12 };

/** A Rollout whose status and split are as its last decision left them. */
class Run {
  spec: RolloutSpec;
  rollout: Rollout;
  split: Weights | NoSplit = { stable: 100, canary: 0 };
  nowMs = 1_000_000;
  last: RolloutDecision | null = null;

  constructor(some: Partial<RolloutSpec> = {}) {
    this.spec = { ...spec, ...some };
    const metadata = { name: "r", namespace: "default" };
    this.rollout = {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "Rollout",
      metadata,
      spec: this.spec,
    };
  }

  look(figures: Figures = noFigures, afterMs = 0): RolloutDecision {
    this.nowMs += afterMs;
    const decision = decideRollout({
      rollout: { ...this.rollout, spec: this.spec },
      split: this.split,
      figures,
      nowWallMs: this.nowMs,
    });
    this.last = decision;
    this.rollout = { ...this.rollout, status: { ...decision.state, conditions: [] } };
    if (decision.write !== null) this.split = decision.write;
    return decision;
  }

  get phase() {
    return this.last!.state.phase;
  }
  get reason() {
    return this.last!.conditions.find(({ type }) => type === "Progressing")!.reason;
  }
}

test("it steps by its schedule and promotes at the end", () => {
  const run = new Run();
  expect(run.look()).toMatchObject({
    write: { stable: 90, canary: 10 },
    doing: "step 1 of 2, 10%",
  });
  expect(run.look(well, 29_000).write).toBeNull();
  expect(run.look(well, 1_000).write).toEqual({ stable: 50, canary: 50 });
  expect(run.look(well, 59_000).write).toBeNull();
  expect(run.look(well, 1_000)).toMatchObject({
    write: { stable: 0, canary: 100 },
    happening: {
      reason: "Promoted",
      message: "v2 gets everything, after 100 requests, success 100.00%, p99 12ms",
    },
  });
  expect(run.phase).toBe("Promoted");
  expect(run.look(failing, 3_600_000).write).toBeNull();
});

test.each([
  ["success", failing, /success 90\.00% of 20 requests, below 99\.00%/],
  ["latency", { ...well, p99Ms: 300 }, /p99 300ms of 100 requests, above 250ms/],
])("it goes back where it came from as soon as %s is beyond its threshold", (_, figures, why) => {
  const run = new Run();
  run.split = { stable: 95, canary: 5 };
  run.look();
  run.look(well, 30_000);
  const { write, happening } = run.look(figures, 2_000);
  expect(write).toEqual({ stable: 95, canary: 5 });
  expect(happening).toMatchObject({ type: "Warning", reason: "RolledBack" });
  expect(happening!.message).toMatch(why);
  expect(run.phase).toBe("RolledBack");
  expect(run.look(well, 3_600_000).write).toBeNull();
});

test("fewer requests than it asks for say nothing, neither for nor against", () => {
  const run = new Run();
  run.look();
  expect(run.look({ requests: 19, success: 0, p99Ms: 9_000 }, 60_000).write).toBeNull();
  expect(run.reason).toBe("TooFewRequests");
  expect(run.look({ ...well, requests: 20 }, 1_000).write).toEqual({ stable: 50, canary: 50 });
});

test("a step that gives the canary nothing waits for no request", () => {
  const run = new Run({
    steps: [
      { weight: 0, pause: "5s" },
      { weight: 100, pause: "5s" },
    ],
  });
  expect(run.look().write).toBeNull();
  expect(run.look(noFigures, 5_000).write).toEqual({ stable: 0, canary: 100 });
});

describe("somebody else's change of the split", () => {
  test("is respected: it stands aside and says why, once", () => {
    const run = new Run();
    run.look();
    run.split = { stable: 70, canary: 30 };
    const { write, happening } = run.look(well, 30_000);
    expect(write).toBeNull();
    expect(happening!.message).toContain("v1:v2 is 70:30, and this Rollout wrote 90:10");
    expect([run.phase, run.reason]).toEqual(["Paused", "SplitChanged"]);
    expect(run.look(failing, 60_000)).toMatchObject({ write: null, happening: null });
  });

  test("taken back, the step is watched for its whole pause again", () => {
    const run = new Run();
    run.look();
    run.split = { stable: 70, canary: 30 };
    run.look(well, 29_000);
    run.split = { stable: 90, canary: 10 };
    run.look(well, 1_000);
    expect([run.phase, run.reason]).toEqual(["Progressing", "Resumed"]);
    expect(run.look(well, 29_000).write).toBeNull();
    expect(run.look(well, 1_000).write).toEqual({ stable: 50, canary: 50 });
  });

  test("after it is over is nobody's business", () => {
    const run = new Run({ steps: [{ weight: 100, pause: "1s" }] });
    run.look();
    run.look(well, 1_000);
    run.split = { stable: 60, canary: 40 };
    expect(run.look(failing, 9_000)).toMatchObject({ write: null, happening: null });
    expect(run.phase).toBe("Promoted");
  });
});

test("paused, nothing happens; then the step goes on", () => {
  const run = new Run({ paused: true });
  expect(run.look().write).toBeNull();
  run.spec = spec;
  expect(run.look().write).toEqual({ stable: 90, canary: 10 });
  run.spec = { ...spec, paused: true };
  expect(run.look(failing, 60_000)).toMatchObject({ write: null, state: { phase: "Paused" } });
  run.spec = spec;
  expect(run.look(well)).toMatchObject({ write: null, isFresh: true, state: { step: 0 } });
  expect(run.look(well, 30_000).write).toEqual({ stable: 50, canary: 50 });
});

test("a changed schedule begins anew, and goes back to where the first one came from", () => {
  const run = new Run();
  run.look();
  run.look(well, 30_000);
  run.spec = { ...spec, steps: [{ weight: 25, pause: "10s" }] };
  expect(run.look(well, 1_000)).toMatchObject({
    write: { stable: 75, canary: 25 },
    state: { step: 0 },
  });
  expect(run.look(failing, 1_000).write).toEqual({ stable: 100, canary: 0 });
  run.spec = { ...spec, steps: [{ weight: 30, pause: "10s" }] };
  expect(run.look().write).toEqual({ stable: 70, canary: 30 });
});

test("other thresholds do not begin it anew", () => {
  expect(planOf({ ...spec, thresholds: { minSuccess: "50%" } })).toBe(planOf(spec));
  expect(planOf({ ...spec, canary: "v3" })).not.toBe(planOf(spec));
});

test("without a split it waits, and what is over stays over", () => {
  const run = new Run();
  const gone: NoSplit = {
    reason: "TargetNotFound",
    message: "There is no HTTPRoute default/split.",
  };
  run.split = gone;
  expect(run.look().conditions[0]).toMatchObject({ type: "Accepted", status: "False", ...gone });
  expect(run.phase).toBe("Pending");
  run.split = { stable: 100, canary: 0 };
  run.look();
  run.split = gone;
  run.look();
  run.split = { stable: 90, canary: 10 };
  run.look();
  expect(run.phase).toBe("Progressing");
  run.look(failing);
  run.split = gone;
  run.look();
  expect(run.phase).toBe("RolledBack");
});

test("whatever is seen: each step's weight is not before its pause, and after a breach never another step", () => {
  const seen = fc.record({
    requests: fc.integer({ min: 0, max: 40 }),
    success: fc.double({ min: 0.97, max: 1, noNaN: true }),
    afterMs: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 40 }), (looks) => {
      const run = new Run();
      run.look();
      let sinceMs = 0;
      let isOver = false;
      for (const { requests, success, afterMs } of looks) {
        sinceMs += afterMs;
        const before = run.last!.state;
        const { write } = run.look({ requests, success, p99Ms: 1 }, afterMs);
        const isBreach = requests >= 20 && success < 0.99;
        if (isOver) expect(write).toBeNull();
        else if (isBreach) expect(run.phase).toBe("RolledBack");
        else if (write !== null) {
          expect(sinceMs).toBeGreaterThanOrEqual([30_000, 60_000][before.step]!);
          expect(requests).toBeGreaterThanOrEqual(20);
          sinceMs = 0;
        }
        isOver ||= run.phase === "RolledBack" || run.phase === "Promoted";
        expect(isSame(run.split as Weights, run.last!.state.written)).toBe(true);
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
