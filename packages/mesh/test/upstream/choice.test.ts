import { Subset } from "@heddle/mesh/balance/subset.ts";
import { PickWish } from "@heddle/mesh/upstream/pick-wish.ts";
import { describe, expect, test } from "vitest";
import { BackendRig, type Member } from "./backend-rig.ts";

const three = ["e0", "e1", "e2"];
const wish = (given: Partial<PickWish>) => Object.assign(new PickWish(), given);

describe("a slow start", () => {
  const slowStart = { windowMs: 10_000, aggression: 1, weightMin: 0.1 };

  test("a new endpoint gets a tenth, then half, then all of a share", () => {
    const rig = new BackendRig({ slowStart }, three);
    rig.clock.advance(60_000);
    rig.apply({ slowStart }, [...three, "e3"]);
    expect(rig.picked(310)).toEqual({ e0: 100, e1: 100, e2: 100, e3: 10 });
    rig.clock.advance(5000);
    expect(rig.picked(350)["e3"]).toBe(50);
    rig.clock.advance(5000);
    expect(rig.picked(400)["e3"]).toBe(100);
  });

  test("goes on where it was when documents change, and begins again after it was away", () => {
    const rig = new BackendRig({ slowStart }, three);
    rig.clock.advance(60_000);
    rig.apply({ slowStart }, [...three, "e3"]);
    rig.clock.advance(5000);
    rig.apply({ slowStart, queueMax: 7 }, [...three, "e3", "e4"]);
    expect(rig.target("e3").weight(rig.clock.monotonicMs())).toBe(0.5);
    rig.apply({ slowStart }, [...three, { uid: "e3", phase: "away" }]);
    rig.apply({ slowStart }, [...three, "e3"]);
    expect(rig.target("e3").weight(rig.clock.monotonicMs())).toBe(0.1);
  });
});

describe("documents that change nothing for the choice", () => {
  test("a round goes on where it was", () => {
    const rig = new BackendRig({}, three);
    const seen = [];
    for (let pick = 0; pick < 6; pick++) {
      seen.push(rig.pick()!.uid);
      rig.apply({ queueMax: 50 + pick }, three);
    }
    expect(seen.slice(0, 3)).toEqual(seen.slice(3));
    expect(new Set(seen).size).toBe(3);
  });
});

describe("a draining endpoint", () => {
  test("gets nothing new, but where there is no other", () => {
    const rig = new BackendRig({}, ["e0", { uid: "e1", phase: "draining" }]);
    expect(rig.picked(10)).toEqual({ e0: 10 });
    rig.apply({}, [{ uid: "e1", phase: "draining" }]);
    expect(rig.picked(10)).toEqual({ e1: 10 });
  });
});

describe("zones and priorities", () => {
  const zones = { endpointsMin: 2, overprovisioning: 1.4 };
  const members: readonly Member[] = [
    { uid: "e0", zone: "a" },
    { uid: "e1", zone: "a" },
    { uid: "e2", zone: "b" },
  ];

  test("the own zone has all; with half of it out, three in ten go elsewhere", () => {
    const rig = new BackendRig({}, members);
    rig.zone = "a";
    rig.apply({ zones }, members);
    expect(rig.picked(100)).toEqual({ e0: 50, e1: 50 });
    rig.apply({ zones }, [members[0]!, { ...members[1]!, phase: "away" }, members[2]!]);
    expect(rig.picked(100)).toEqual({ e0: 100 }); // who is away is no part of the zone
    rig.apply({ zones, health: healthDoc }, members);
    rig.target("e1").health.check(false);
    const { e0, e2 } = rig.picked(10_000);
    expect(e0! / (e0! + e2!)).toBeCloseTo(0.7, 1);
  });

  test("the second priority helps out when the first cannot", () => {
    const rig = new BackendRig({}, ["e0", { uid: "e1", priority: 1 }]);
    expect(rig.picked(10)).toEqual({ e0: 10 });
    rig.apply({}, [
      { uid: "e0", phase: "draining" },
      { uid: "e1", priority: 1 },
    ]);
    expect(rig.picked(10)).toEqual({ e1: 10 });
  });

  const healthDoc = {
    check: { protocol: "tcp" },
    intervalMs: 1000,
    timeoutMs: 100,
    unhealthyAfter: 1,
    healthyAfter: 1,
  } as const;
});

describe("a subset", () => {
  const members: readonly Member[] = [
    { uid: "e0", labels: { version: "v1" } },
    { uid: "e1", labels: { version: "v2" } },
    { uid: "e2", labels: { version: "v2" } },
  ];
  const asked = (version: string, fallback: "any" | "none") => {
    const labels = [{ label: "version", is: { header: "x-version" } }];
    return wish({ subset: new Subset({ labels, fallback }), subsetKey: [version] });
  };

  test("has the endpoints with its labels, each in its turn", () => {
    const rig = new BackendRig({}, members);
    expect(rig.picked(10, asked("v1", "none"))).toEqual({ e0: 10 });
    const v2 = asked("v2", "none");
    expect(rig.picked(10, v2)).toEqual({ e1: 5, e2: 5 });
  });

  test("that no endpoint is in falls back to any, or to none", () => {
    const rig = new BackendRig({}, members);
    expect(rig.picked(9, asked("v3", "any"))).toEqual({ e0: 3, e1: 3, e2: 3 });
    expect(rig.picked(1, asked("v3", "none"))).toEqual({ none: 1 });
  });

  test("follows endpoints that come", () => {
    const rig = new BackendRig({}, members);
    const v1 = asked("v1", "none");
    rig.picked(1, v1);
    rig.apply({}, [...members, { uid: "e3", labels: { version: "v1" } }]);
    expect(rig.picked(10, v1)).toEqual({ e0: 5, e3: 5 });
  });
});

describe("a session", () => {
  test("stays with its endpoint, and goes elsewhere when that drains, is out, or is gone", () => {
    const rig = new BackendRig({}, three);
    expect(rig.picked(9, wish({ stickTo: "e1" }))).toEqual({ e1: 9 });
    expect(rig.backend.pick(0, -1, rig.target("e1"), wish({ stickTo: "e1" }))!.uid).not.toBe("e1");
    for (const members of [
      ["e0", "e2", { uid: "e1", phase: "draining" as const }],
      ["e0", "e2"],
    ]) {
      rig.apply({}, members);
      expect(rig.picked(10, wish({ stickTo: "e1" }))).toEqual({ e0: 5, e2: 5 });
    }
  });
});

describe("caps", () => {
  test("requests and retries beyond them are refused, and each that ends lets one in", () => {
    const { backend } = new BackendRig({ caps: { requestsMax: 2, retriesMax: 1 } }, three);
    expect([backend.enter(), backend.enter(), backend.enter()]).toEqual([null, null, "queue-full"]);
    backend.leave();
    expect(backend.enter()).toBeNull();
    expect([backend.tryRetry(), backend.tryRetry()]).toEqual([true, false]);
    backend.endRetry();
    expect(backend.tryRetry()).toBe(true);
  });

  const taker = (told: string[]) => ({
    onSession() {},
    onNoSession: (reason: string) => void told.push(reason),
  });

  test("connections: each endpoint may have one, further ones only below the cap", () => {
    const rig = new BackendRig({ caps: { connectionsMax: 2 } }, three);
    for (const uid of three) rig.target(uid).poolOf("http/1.1").take(taker([]), false, 0);
    expect(rig.servers.length).toBe(3);
    rig.target("e0").poolOf("http/1.1").take(taker([]), false, 0);
    expect(rig.servers.length).toBe(3);
  });

  test("requests that wait for a connection, over all endpoints", () => {
    const rig = new BackendRig({ caps: { pendingMax: 2 } }, three);
    const told: string[] = [];
    for (const uid of three) rig.target(uid).poolOf("http/1.1").take(taker(told), false, 0);
    expect(told).toEqual(["queue-full"]);
  });
});
