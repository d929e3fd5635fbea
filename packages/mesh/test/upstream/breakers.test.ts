import { SeededRng } from "@heddle/mesh/base/rng.ts";
import type { BreakerDoc, OutlierDoc } from "@heddle/mesh/model/policy.ts";
import { BalancerMetrics } from "@heddle/mesh/proxy/balancer-metrics.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import { renderMetrics } from "@heddle/mesh/telemetry/metrics-text.ts";
import { PickWish } from "@heddle/mesh/upstream/pick-wish.ts";
import { RuleBreakers } from "@heddle/mesh/upstream/rule-breakers.ts";
import { describe, expect, test } from "vitest";
import { BackendRig, outcome } from "./backend-rig.ts";

const breaker: BreakerDoc = {
  failuresMax: 7,
  rate: null,
  penalty: { minMs: 1000, maxMs: 60_000, jitter: 0 },
  ejectedMax: 1,
};
const outlier: OutlierDoc = {
  intervalMs: 10_000,
  consecutive5xx: 5,
  ejection: { baseMs: 30_000, maxMs: 300_000 },
  ejectedMax: 0.1,
  successRate: null,
  failureShare: null,
};
const failed = { status: 503 };
const three = ["e0", "e1", "e2"];

describe("a service's breaker", () => {
  test("takes an endpoint out, and sends it one request when its pause is over", () => {
    const rig = new BackendRig({ breaker }, three);
    rig.report("e1", failed, 7);
    expect(rig.picked(10)).toEqual({ e0: 5, e2: 5 });
    rig.clock.advance(1010);
    expect(rig.pick()!.uid).toBe("e1");
    expect(rig.picked(10)).toEqual({ e0: 5, e2: 5 });
    rig.report("e1", { status: 200 });
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
  });

  test("pauses for twice as long when the probe fails", () => {
    const rig = new BackendRig({ breaker }, three);
    rig.report("e1", failed, 7);
    rig.clock.advance(1010);
    rig.pick();
    rig.report("e1", failed);
    rig.clock.advance(1990);
    expect(rig.picked(2)).toEqual({ e0: 1, e2: 1 });
    rig.clock.advance(20);
    expect(rig.pick()!.uid).toBe("e1");
  });

  test("a probe that nobody hears of is made again after 10 s", () => {
    const rig = new BackendRig({ breaker }, three);
    rig.report("e1", failed, 7);
    rig.clock.advance(1010);
    expect(rig.pick()!.uid).toBe("e1");
    rig.clock.advance(9990);
    expect(rig.picked(4)).toEqual({ e0: 2, e2: 2 });
    rig.clock.advance(20);
    expect(rig.pick()!.uid).toBe("e1");
  });

  test("keeps its state when documents change, and forgets it when they ask for none", () => {
    const rig = new BackendRig({ breaker }, three);
    rig.report("e1", failed, 7);
    rig.apply({ breaker: { ...breaker, failuresMax: 3 } }, [...three, "e3"]);
    expect(rig.picked(9)).toEqual({ e0: 3, e2: 3, e3: 3 });
    rig.apply({}, three);
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
  });

  test("where more than half are out all are used, and picks say so", () => {
    const rig = new BackendRig({ breaker }, three);
    rig.report("e0", failed, 7);
    rig.report("e1", failed, 7);
    expect(rig.backend.choice.isPanic).toBe(true);
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
    expect(rig.backend.choice.panics).toBe(9);
    rig.clock.advance(1010);
    rig.report("e0", { status: 200 });
    expect(rig.backend.choice.isPanic).toBe(false);
  });

  test("without panic none is left when all are out", () => {
    const rig = new BackendRig({ breaker, panicThreshold: 0 }, three);
    for (const uid of three) rig.report(uid, failed, 7);
    expect(rig.pick()).toBeNull();
  });

  test("no more are out than its share says, but one may be", () => {
    const rig = new BackendRig({ breaker: { ...breaker, ejectedMax: 0.1 } }, three);
    for (const uid of three) rig.report(uid, failed, 7);
    expect(rig.picked(10)).toEqual({ e1: 5, e2: 5 });
  });
});

describe("a detector of outliers", () => {
  test("ejects at the fifth failure in a row, for 30 s, and no second one below its share", () => {
    const rig = new BackendRig({ outlier }, three);
    rig.report("e0", failed, 5);
    rig.report("e1", failed, 5);
    expect(rig.picked(10)).toEqual({ e1: 5, e2: 5 });
    rig.clock.advance(30_010);
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
  });

  test("looks at all once in an interval", () => {
    const failureShare = { threshold: 0.85, hostsMin: 3, requestsMin: 10 };
    const rig = new BackendRig({ outlier: { ...outlier, consecutive5xx: 0, failureShare } }, three);
    for (const uid of three) rig.report(uid, { status: uid === "e2" ? 500 : 200 }, 20);
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
    rig.clock.advance(10_010);
    expect(rig.picked(10)).toEqual({ e0: 5, e1: 5 });
  });

  test("what it has ejected comes back when an active check passes", () => {
    const rig = new BackendRig({ outlier }, three);
    rig.report("e0", failed, 5);
    rig.target("e0").health.check(true);
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
  });
});

describe("a rule's breakers", () => {
  const wished = (breakers: RuleBreakers) => Object.assign(new PickWish(), { breakers });
  const fail = (rig: BackendRig, breakers: RuleBreakers, uid: string) => {
    for (let time = 0; time < 7; time++) rig.target(uid).report(outcome(failed), breakers);
  };

  test("count and act for that rule alone", () => {
    const rig = new BackendRig({ breaker }, three);
    const breakers = new RuleBreakers(breaker, new SeededRng(1));
    fail(rig, breakers, "e1");
    expect(rig.picked(20, wished(breakers))).not.toHaveProperty("e1");
    expect(rig.picked(9)).toEqual({ e0: 3, e1: 3, e2: 3 });
  });

  test("let one request through when the pause is over, and the rest once it went well", () => {
    const rig = new BackendRig({}, three);
    const breakers = new RuleBreakers(breaker, new SeededRng(1));
    fail(rig, breakers, "e1");
    rig.clock.advance(1010);
    expect(rig.picked(30, wished(breakers))).toMatchObject({ e1: 1 });
    rig.target("e1").report(outcome({}), breakers);
    expect(rig.picked(30, wished(breakers))).toEqual({ e0: 10, e1: 10, e2: 10 });
  });

  test("send a session elsewhere whose endpoint is out", () => {
    const rig = new BackendRig({}, three);
    const breakers = new RuleBreakers(breaker, new SeededRng(1));
    const wish = Object.assign(wished(breakers), { stickTo: "e1" });
    expect(rig.picked(3, wish)).toEqual({ e1: 3 });
    fail(rig, breakers, "e1");
    expect(rig.picked(10, wish)).not.toHaveProperty("e1");
  });

  test("where all are out, all are used", () => {
    const rig = new BackendRig({}, three);
    const breakers = new RuleBreakers(breaker, new SeededRng(1));
    for (const uid of three) fail(rig, breakers, uid);
    expect(rig.pick(wished(breakers))).not.toBeNull();
    expect(rig.backend.choice.panics).toBe(1);
  });
});

test("what was taken out, and how often none but panic was left, is in the metrics", () => {
  const rig = new BackendRig({ breaker }, three);
  const metrics = new Metrics();
  new BalancerMetrics(metrics, rig.upstream);
  rig.report("e0", failed, 7);
  rig.report("e1", failed, 7);
  rig.picked(4);
  const subject = 'dst_namespace="default",dst_service="kvs",dst_port="80"';
  const lines = renderMetrics(metrics, "prometheus").split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      `outbound_http_balancer_endpoints{${subject},endpoint_state="ready"} 1`,
      `outbound_http_balancer_endpoints{${subject},endpoint_state="pending"} 2`,
      `outbound_http_balancer_p2c_endpoints{${subject}} 3`,
      `heddle_balancer_ejections_total{${subject}} 2`,
      `heddle_balancer_panic_picks_total{${subject}} 4`,
    ]),
  );
  rig.upstream.close();
  expect(renderMetrics(metrics, "prometheus")).toContain(
    `outbound_http_balancer_p2c_endpoints{${subject}} 0`,
  );
});
