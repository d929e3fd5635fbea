import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { pickerNames } from "@heddle/mesh/model/policy.ts";
import { PickWish } from "@heddle/mesh/upstream/pick-wish.ts";
import { expect, test } from "vitest";
import { BackendRig, type Member } from "./backend-rig.ts";

const policy = {
  breaker: {
    failuresMax: 3,
    rate: { successMin: 0.8, windowMs: 10_000, requestsMin: 5 },
    penalty: { minMs: 1000, maxMs: 8000, jitter: 0.5 },
    ejectedMax: 0.5,
  },
  outlier: {
    intervalMs: 5000,
    consecutive5xx: 4,
    ejection: { baseMs: 3000, maxMs: 9000 },
    ejectedMax: 0.3,
    successRate: { hostsMin: 3, requestsMin: 10, stdevFactor: 1.9 },
    failureShare: { threshold: 0.85, hostsMin: 3, requestsMin: 10 },
  },
  slowStart: { windowMs: 5000, aggression: 1, weightMin: 0.1 },
  zones: { endpointsMin: 2, overprovisioning: 1.4 },
  health: {
    check: { protocol: "tcp" },
    intervalMs: 1e9,
    timeoutMs: 100,
    unhealthyAfter: 1,
    healthyAfter: 1,
  },
} as const;

/** Endpoints come, go, drain, fail, are sick and well again; requests go on. */
function live(seed: number, steps: number): void {
  const rng = new SeededRng(seed);
  const picker = pickerNames[seed % pickerNames.length]!;
  const members = new Map<string, Member>();
  const rig = new BackendRig({ ...policy, picker }, []);
  rig.zone = "a";
  const failing = new Set<string>();
  const apply = () => rig.apply({ ...policy, picker }, [...members.values()]);
  for (let step = 0; step < steps; step++) {
    const uid = `e${rng.below(6)}`;
    switch (rng.below(9)) {
      case 0:
        members.set(uid, {
          uid,
          phase: (["ready", "ready", "ready", "draining", "away"] as const)[rng.below(5)]!,
          zone: rng.below(2) === 0 ? "a" : "b",
          priority: rng.below(2),
        });
        apply();
        break;
      case 1:
        members.delete(uid);
        apply();
        break;
      case 2:
        if (failing.has(uid)) failing.delete(uid);
        else failing.add(uid);
        break;
      case 3:
        if (members.has(uid)) rig.target(uid).health.check(rng.below(3) > 0);
        break;
      case 4:
        rig.clock.advance(rng.below(4000));
        break;
      default: {
        const wish = Object.assign(new PickWish(), { hash: rng.next() >>> 1 });
        const target = rig.pick(rng.below(2) === 0 ? wish : null);
        const phases = [...members.values()].map(({ phase }) => phase);
        const isAnybody = phases.includes("ready") || phases.includes("draining");
        expect(target !== null).toBe(isAnybody);
        if (target === null) break;
        const phase = members.get(target.uid)?.phase;
        expect(phase).toBe(phases.includes("ready") ? "ready" : "draining");
        rig.report(target.uid, { status: failing.has(target.uid) ? 503 : 200 });
      }
    }
    const ready = [...members.values()].filter(({ phase }) => phase === "ready");
    const out = ready.filter(({ uid: one }) => rig.target(one).health.isEjected);
    const { group } = rig.backend.choice;
    expect([group.total, group.out]).toEqual([ready.length, out.length]);
  }
  // Once nothing fails any more, all come back.
  failing.clear();
  for (const { uid } of members.values()) rig.target(uid).health.check(true);
  for (let turn = 0; turn < 200; turn++) {
    rig.clock.advance(500);
    for (let pick = 0; pick < 4; pick++) {
      const target = rig.pick();
      if (target !== null) rig.report(target.uid, { status: 200 });
    }
  }
  expect(rig.backend.choice.group.out).toBe(0);
  expect(rig.backend.choice.isPanic).toBe(false);
  expect(rig.wheel.size).toBeLessThan(20);
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  "in any life there is an endpoint where one is ready, never one that is gone, and all come back (seed %i)",
  (seed) => live(seed, 1500),
);
