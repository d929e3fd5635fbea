import {
  base,
  type Call,
  gatewayApi,
  heddle,
  placement,
  process,
  recordOf,
  resource,
  route,
  service,
} from "@heddle/mesh/check/evidence.fixture.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { resourceKey } from "@heddle/mesh/resource/meta.ts";
import { describe, expect, test } from "vitest";
import type { Effect } from "./effects.ts";
import { planChange } from "./plan.ts";
import { type Replay, Replayer } from "./replay.ts";

const to = (name: string, weight?: number) => ({
  name,
  port: 80,
  ...(weight !== undefined && { weight }),
});
const prefix = (value: string) => [{ path: { type: "PathPrefix", value } }];

function plan(
  before: readonly KnownResource[],
  stated: readonly KnownResource[],
  deleted: readonly KnownResource[] = [],
) {
  const gone = new Set(deleted.map(resourceKey));
  return planChange({ before, stated, deleted: gone, world: null, nowWallMs: 0 });
}

function effects(
  before: readonly KnownResource[],
  stated: readonly KnownResource[],
  deleted: readonly KnownResource[] = [],
): readonly Effect[] {
  return plan(before, stated, deleted).effects;
}

function replay(
  before: readonly KnownResource[],
  stated: readonly KnownResource[],
  calls: readonly Call[],
): Replay {
  const planned = plan(before, stated);
  const replayer = new Replayer(planned.before, planned.after);
  replayer.add(recordOf(calls));
  return replayer.result();
}

describe("what differs", () => {
  test("nothing, where nothing is stated anew", () => {
    const split = route([{ backendRefs: [to("kvs", 9), to("other", 1)] }]);
    expect(plan([...base, split], [...base, split])).toMatchObject({ resources: [], effects: [] });
  });

  test("a first route takes the service's requests, and its processes lose them", () => {
    const found = effects(base, [route([{ backendRefs: [to("other")] }])]);
    expect(found).toEqual([
      expect.objectContaining({
        kind: "route",
        rule: "the service itself",
        before: "default/kvs:80",
        after: null,
      }),
      {
        kind: "route",
        frontend: "default/kvs:80",
        rule: "HTTPRoute/default/kvs#0",
        matches: ["everything"],
        before: null,
        after: "default/other:80",
      },
      {
        kind: "endpoint",
        frontend: "default/kvs:80",
        workload: "default/kvs-0",
        before: 0.5,
        after: 0,
      },
      {
        kind: "endpoint",
        frontend: "default/kvs:80",
        workload: "default/kvs-1",
        before: 0.5,
        after: 0,
      },
      {
        kind: "endpoint",
        frontend: "default/kvs:80",
        workload: "default/other-0",
        before: 0,
        after: 1,
      },
    ]);
  });

  test("other weights of the same backends are a split that shifts, and who gains and loses by it", () => {
    const at = (weight: number) =>
      route([{ backendRefs: [to("kvs", 100 - weight), to("other", weight)] }]);
    expect(effects([...base, at(10)], [at(50)])).toEqual([
      expect.objectContaining({
        kind: "split",
        shares: [
          { to: "default/kvs:80", before: 0.9, after: 0.5 },
          { to: "default/other:80", before: 0.1, after: 0.5 },
        ],
      }),
      expect.objectContaining({
        kind: "endpoint",
        workload: "default/kvs-0",
        before: 0.45,
        after: 0.25,
      }),
      expect.objectContaining({ kind: "endpoint", workload: "default/kvs-1" }),
      expect.objectContaining({
        kind: "endpoint",
        workload: "default/other-0",
        before: 0.1,
        after: 0.5,
      }),
    ]);
  });

  test("other requests, and limits by which some would be refused", () => {
    const of = (path: string, more: object = {}) =>
      route([{ matches: prefix(path), backendRefs: [to("kvs")], ...more }]);
    const found = effects([...base, of("/a")], [of("/b", { timeouts: { request: "200ms" } })]);
    expect(found).toMatchObject([
      { kind: "match", before: ["/a/*"], after: ["/b/*"] },
      { kind: "policy", field: "requestTimeoutMs", before: "none", after: "200", refuses: true },
    ]);
  });

  test("a backend that is not there is a share that fails", () => {
    const found = effects(base, [route([{ backendRefs: [to("kvs", 1), to("gone", 1)] }])]);
    expect(found).toContainEqual(
      expect.objectContaining({ kind: "route", after: "default/kvs:80 50%, nobody (500) 50%" }),
    );
  });

  test("more processes: who gains, and how many keys of a Placement move to them", () => {
    const found = effects(
      [...base, placement({ pathSegment: 1, type: "integer" }, { slots: 90 })],
      [process("kvs", 3)],
    );
    expect(found).toContainEqual({
      kind: "endpoint",
      frontend: "default/kvs:80",
      workload: "default/kvs-2",
      before: 0,
      after: 1 / 3,
    });
    expect(found).toContainEqual({
      kind: "slots",
      service: "default/kvs",
      placement: "by-key",
      moved: 30,
      slots: 90,
    });
  });

  test("what is deleted goes, and so does what it led to", () => {
    const split = route([{ backendRefs: [to("other")] }]);
    const { resources, effects: found } = plan([...base, split], [], [split]);
    expect(resources).toMatchObject([{ change: "-", kind: "HTTPRoute", name: "kvs" }]);
    expect(found).toContainEqual(
      expect.objectContaining({ kind: "route", before: "default/other:80", after: null }),
    );
  });

  test("a resource that is changed says where", () => {
    expect(plan(base, [process("kvs", 5)]).resources).toEqual([
      {
        change: "~",
        kind: "Process",
        namespace: "default",
        name: "kvs",
        fields: [{ path: "spec.replicas", before: 2, after: 5 }],
      },
    ]);
  });

  test("at a gateway, too", () => {
    const gateway = resource(gatewayApi, "Gateway", "front", {
      gatewayClassName: "heddle",
      listeners: [{ name: "http", protocol: "HTTP", port: 8080 }],
    });
    const front = resource(gatewayApi, "HTTPRoute", "front", {
      parentRefs: [{ name: "front" }],
      rules: [{ matches: prefix("/kvs"), backendRefs: [to("kvs")] }],
    });
    expect(effects([...base, gateway], [front])).toContainEqual(
      expect.objectContaining({
        kind: "route",
        frontend: "gateway default/front:8080",
        matches: ["/kvs/*"],
        after: "default/kvs:80",
      }),
    );
  });
});

describe("recorded requests, decided again", () => {
  const calls = (count: number, call: Partial<Call>): Call[] =>
    Array.from({ length: count }, () => ({ to: "kvs-0", ...call }));

  test("those that would get 404, by whom and since when", () => {
    const recorded = [...calls(30, { path: "/7" }), ...calls(3, { path: "/v2/7", method: "PUT" })];
    const found = replay(
      base,
      [route([{ matches: prefix("/7"), backendRefs: [to("kvs")] }])],
      recorded,
    );
    expect(found).toMatchObject({ requests: 33, sinceWallMs: 0, undecided: [] });
    expect(found.changed).toEqual([
      {
        frontend: "default/kvs:80",
        before: "default/kvs:80",
        after: "404",
        status: 404,
        why: "no rule matches the request",
        requests: 3,
        first: {
          atWallMs: 300,
          method: "PUT",
          path: "/v2/7",
          from: "default/visitor-0",
          id: "c30.1.q",
        },
      },
    ]);
  });

  test("what was matched before a rewrite is what came, not what was forwarded", () => {
    const outbound = { receivedPath: "/v2/7", path: "/7" };
    const rule = { matches: prefix("/v2"), backendRefs: [to("kvs")] };
    expect(replay(base, [route([rule])], calls(2, { path: "/7", outbound })).changed).toEqual([]);
  });

  test("those that would go elsewhere, or by other shares, and those that would fail with nobody to answer", () => {
    const rules = [
      { matches: prefix("/a"), backendRefs: [to("other")] },
      { matches: prefix("/b"), backendRefs: [to("kvs", 3), to("other", 1)] },
      { matches: prefix("/c"), backendRefs: [to("idle")] },
      { matches: prefix("/"), backendRefs: [to("kvs")] },
    ];
    const recorded = ["/a", "/b", "/b", "/c", "/d"].flatMap((path) => calls(1, { path }));
    const { changed } = replay([...base, service("idle")], [route(rules)], recorded);
    expect(changed.map(({ after, requests }) => [after, requests])).toEqual([
      ["503", 1],
      ["default/kvs:80 75%, default/other:80 25%", 2],
      ["default/other:80", 1],
    ]);
  });

  test("a rule that looks at header fields leaves undecided what it may have taken, and nothing else", () => {
    const rules = [
      {
        matches: [
          {
            path: { type: "PathPrefix", value: "/a" },
            headers: [{ name: "x-user", value: "dana" }],
          },
        ],
        backendRefs: [to("other")],
      },
      { backendRefs: [to("kvs")] },
    ];
    const recorded = [...calls(4, { path: "/a" }), ...calls(6, { path: "/b" })];
    const found = replay(base, [route(rules)], recorded);
    expect(found).toMatchObject({
      changed: [],
      undecided: [
        {
          why: "header fields are not recorded, and HTTPRoute/default/kvs#0 looks at some",
          requests: 4,
        },
      ],
    });
    // Whatever the header says, both lead to one place.
    const same = [{ ...rules[0]!, backendRefs: [to("kvs")] }, rules[1]!];
    expect(replay(base, [route(same)], recorded)).toMatchObject({ changed: [], undecided: [] });
    // An unchanged rule is as undecided as before, and nothing that the change would do.
    expect(replay([...base, route(rules)], [service("idle")], recorded).undecided).toEqual([]);
  });

  test("those that took longer than the new limit", () => {
    const limited = route([{ backendRefs: [to("kvs")], timeouts: { request: "100ms" } }]);
    const recorded = [...calls(2, { lastsMs: 50 }), ...calls(1, { lastsMs: 400 })];
    expect(replay(base, [limited], recorded).changed).toMatchObject([
      {
        after: "504",
        status: 504,
        why: "it took 400 ms, and the limit would be 100 ms",
        requests: 1,
      },
    ]);
  });

  test("by the routes of the caller's own namespace, where it has some", () => {
    const own = resource(gatewayApi, "HTTPRoute", "kvs", {
      parentRefs: [{ group: "", kind: "Service", name: "kvs", namespace: "default" }],
      rules: [{ backendRefs: [to("other")] }],
    });
    const inShop = { ...own, metadata: { ...own.metadata, namespace: "shop" } } as KnownResource;
    expect(replay(base, [inShop], calls(3, {})).changed).toEqual([]);
  });

  test("a path that was recorded in part is undecided where routes look at paths", () => {
    const path = `/a/${"x".repeat(126)}`.slice(0, 128);
    const recorded = calls(2, { path });
    const rule = { matches: prefix("/a"), backendRefs: [to("other")] };
    expect(replay(base, [route([rule])], recorded).undecided).toMatchObject([{ requests: 2 }]);
    expect(replay(base, [route([{ backendRefs: [to("other")] }])], recorded).changed).toMatchObject(
      [{ requests: 2 }],
    );
  });

  test("a proxy's own copies of requests are not asked by anybody", () => {
    const [one] = recordOf(calls(1, {}))[0]!.exchanges;
    const copy = { outbound: { front: { ...one!.front, ordinal: 0 } } };
    const found = replay(base, [route([{ backendRefs: [to("other")] }])], calls(2, copy));
    expect(found.requests).toBe(0);
  });

  test("connections of octets and what came in are not requests that anybody asked", () => {
    const octets = { outbound: { protocol: "tcp" as const } };
    expect(replay(base, [route([{ backendRefs: [to("other")] }])], calls(2, octets)).requests).toBe(
      0,
    );
  });
});

test("a Mesh in the walk profile is compiled all the same", () => {
  const mesh = resource(heddle, "Mesh", "mesh", { profile: "walk" });
  expect(effects([...base, mesh], [process("kvs", 2)])).toEqual([]);
});
