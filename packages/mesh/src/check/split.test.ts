import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRng } from "../base/rng.ts";
import type { KnownResource } from "../resource/index.ts";
import { SmoothWeighted } from "../route/weighted.ts";
import {
  base,
  batchOf,
  type Call,
  evidence,
  gatewayApi,
  recordOf,
  resource,
  route,
  service,
} from "./evidence.fixture.ts";
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

describe("of a TLSRoute", () => {
  const name = "TLSRoute/default/kvs#0";
  const tls = (
    weights: readonly [number, number],
    ports: readonly string[] = ["tls", "detect"],
  ) => {
    const [kvs, other] = ["kvs", "other"].map((one, index) => ({
      ...service(one),
      metadata: {
        ...service(one).metadata,
        annotations: { "heddle.dev/protocol": ports[index]! },
      },
    }));
    const rule = {
      backendRefs: [
        { name: "kvs", port: 80, weight: weights[0] },
        { name: "other", port: 80, weight: weights[1] },
      ],
    };
    const spec = {
      parentRefs: [{ group: "", kind: "Service", name: "kvs" }],
      hostnames: ["*.example.com"],
      rules: [rule],
    };
    return [
      ...base.slice(2),
      kvs as KnownResource,
      other as KnownResource,
      resource(gatewayApi, "TLSRoute", "kvs", spec),
    ];
  };
  const connection = (backend: "kvs" | "other", more: Call["outbound"] = {}): Call => ({
    to: `${backend}-0`,
    backend,
    method: "",
    path: "",
    outbound: { protocol: "tls", authority: "a.example.com", status: 0, route: name, ...more },
    inbound: { protocol: "tls", status: 0 },
  });
  const judge = (resources: readonly KnownResource[], calls: readonly Call[]) =>
    checkSplit(evidence(resources, recordOf(calls)));

  test("connections are counted", () => {
    const fair = Array.from({ length: 20 }, (_, index) =>
      connection(index % 2 === 0 ? "kvs" : "other"),
    );
    expect(judge(tls([1, 1]), fair)).toMatchObject({ verdict: "holds", subjects: 1, judged: 20 });
    const stuck = Array.from({ length: 20 }, () => connection("kvs"));
    const report = judge(tls([1, 1]), stuck);
    expect(report.verdict).toBe("violated");
    expect(report.violations[0]!.what).toBe(
      `default/visitor-0: default/kvs:80 got 20 of 20 connections of ${name}`,
    );
  });

  test("a connection to another name, or none, that went by the rule is seen", () => {
    for (const authority of ["a.example.org", "example.com", ""]) {
      expect(judge(tls([1, 0]), [connection("kvs", { authority })]).violations[0]).toMatchObject({
        expected: "no rule",
        found: name,
      });
    }
  });

  test("requests, and octets that are no TLS, are none of its business", () => {
    const request: Call = { to: "kvs-0", outbound: { protocol: "h2" } };
    const octets = connection("kvs", { protocol: "tcp", route: null, authority: "" });
    expect(judge(tls([1, 1]), [request, octets])).toMatchObject({ verdict: "holds", judged: 2 });
  });

  test("a backend that carries no TLS is nobody's", () => {
    const refused = connection("kvs", { backend: null, reason: "invalid-backend", attempts: [] });
    const calls = [refused, connection("other")].map((call) => ({ ...call, to: null }));
    const resources = tls([1, 1], ["http1", "tls"]);
    expect(judge(resources, calls)).toMatchObject({ broken: 0, judged: 2 });
  });
});

describe("of other kinds of route, the record says which rule it was", () => {
  const split = (
    backends: Readonly<Record<string, number>>,
    more: object = {},
    metadata: object = {},
  ) => {
    const one = resource("split.smi-spec.io/v1alpha4", "TrafficSplit", "kvs", {
      service: "kvs",
      ...more,
      backends: Object.entries(backends).map(([name, weight]) => ({ service: name, weight })),
    });
    const all = [...base, { ...one, metadata: { ...one.metadata, ...metadata } }];
    return all as readonly KnownResource[];
  };
  const itself: Call = { to: "kvs-0", outbound: { route: "Service/default/kvs#0" } };
  /** As if there were no split. */
  const unsplit: Call = { to: "kvs-0", outbound: { route: null } };
  const rule = "TrafficSplit/default/kvs#0";
  const by = (backend: string): Call => ({
    to: `${backend}-0`,
    backend,
    outbound: { route: rule },
  });
  const nowhere: Call = {
    to: null,
    outbound: { route: rule, backend: null, status: 503, reason: "no-endpoint" },
  };
  const judge = (resources: readonly KnownResource[], calls: readonly Call[]) =>
    checkSplit(evidence(resources, recordOf(calls)));
  const tenTimes = (...calls: readonly Call[]) => Array.from({ length: 10 }, () => calls).flat();

  test("the shares of a TrafficSplit, which gives requests that are not for it to the Service itself", () => {
    const even = split({ kvs: 1, other: 1 });
    expect(judge(even, tenTimes(by("kvs"), by("other")))).toMatchObject({
      verdict: "holds",
      subjects: 1,
    });
    expect(judge(even, tenTimes(by("kvs"))).verdict).toBe("violated");
    expect(judge(even, tenTimes(by("kvs"), by("other"), itself)).verdict).toBe("violated");
    const group = { kind: "HTTPRouteGroup", name: "beta" };
    const ofSome = split({ kvs: 1, other: 1 }, { matches: [group] });
    expect(judge(ofSome, tenTimes(by("kvs"), by("other"), itself)).verdict).toBe("holds");
    expect(judge(ofSome, tenTimes(by("kvs"), unsplit)).verdict).toBe("violated"); // of those for it all were kvs
  });

  test("requests that went by, though all are split", () => {
    const even = split({ kvs: 1, other: 1 });
    expect(judge(even, tenTimes(unsplit)).verdict).toBe("violated");
  });

  test("a backend without the port takes no part, one whose port has no requests fails", () => {
    const ports = (number: number, appProtocol: string) => [
      { ...service("half"), spec: { selector: {}, ports: [{ port: number, appProtocol }] } },
    ];
    const backends = { kvs: 1, half: 1 };
    const without = [...split(backends), ...ports(81, "http")] as KnownResource[];
    expect(judge(without, tenTimes(by("kvs"))).verdict).toBe("holds");
    expect(judge(without, tenTimes(by("kvs"), nowhere)).verdict).toBe("violated");
    const none = [...split({ half: 1 }), ...ports(81, "http")] as KnownResource[];
    expect(judge(none, tenTimes(nowhere)).verdict).toBe("holds");
    expect(judge(none, tenTimes(by("kvs"))).verdict).toBe("violated");
    const opaque = [...split(backends), ...ports(80, "tcp")] as KnownResource[];
    expect(judge(opaque, tenTimes(by("kvs"), nowhere)).verdict).toBe("holds");
    expect(judge(opaque, tenTimes(by("kvs"))).verdict).toBe("violated");
    const portless = { ...service("half"), spec: { selector: {} } } as KnownResource;
    expect(judge([...split(backends), portless], tenTimes(by("kvs"))).verdict).toBe("holds");
  });

  test("none is for another namespace, or for nobody", () => {
    const abroad = split({ "kvs.default": 1, "other.elsewhere": 1 });
    expect(judge(abroad, tenTimes(by("kvs"), nowhere)).verdict).toBe("holds");
    const zero = split({ kvs: 0, other: 0 });
    expect(judge(zero, tenTimes(nowhere)).verdict).toBe("holds");
    expect(judge(zero, tenTimes(nowhere, by("kvs"))).verdict).toBe("violated");
  });

  test("what linkerd's annotation leaves alone splits nothing", () => {
    const annotations = { "smi.linkerd.io/skip": "yes" };
    const skipped = split({ kvs: 1, other: 1 }, {}, { annotations });
    expect(judge(skipped, tenTimes(by("kvs"), by("other"))).verdict).toBe("violated");
    expect(judge(skipped, tenTimes(unsplit)).verdict).toBe("holds");
  });

  test("of two for all requests the older", () => {
    const [younger, older] = [2, 1].map((day) => ({
      creationTimestamp: `2026-01-0${day}T00:00:00Z`,
    }));
    const young = split({ kvs: 1, other: 1 }, {}, younger);
    const old = split({ other: 1 }, {}, { ...older, name: "old" }).at(-1)!;
    const byOld: Call = { ...by("other"), outbound: { route: "TrafficSplit/default/old#0" } };
    expect(judge([...young, old], tenTimes(byOld)).verdict).toBe("holds");
    expect(judge([...young, old], tenTimes(by("kvs"), by("other"))).verdict).toBe("violated");
  });

  test("nothing where a route of the Gateway API has the port", () => {
    const parentRefs = [{ group: "", kind: "Service", name: "kvs", port: 80 }];
    const backendRefs = [{ name: "kvs", port: 80 }];
    for (const kind of ["HTTPRoute", "GRPCRoute"] as const) {
      const rival = resource(gatewayApi, kind, "rival", { parentRefs, rules: [{ backendRefs }] });
      const all = [...split({ kvs: 1, other: 1 }), rival];
      const byRival: Call = { to: "kvs-0", outbound: { route: `${kind}/default/rival#0` } };
      expect(judge(all, tenTimes(byRival)).verdict, kind).toBe("holds");
      expect(judge(all, tenTimes(by("kvs"), by("other"))).verdict, kind).toBe("violated");
    }
  });

  test("a backend that is not there keeps its share, which fails", () => {
    const gone = split({ kvs: 1, gone: 1 });
    expect(judge(gone, tenTimes(by("kvs"), nowhere)).verdict).toBe("holds");
    expect(judge(gone, tenTimes(by("kvs"))).verdict).toBe("violated");
  });

  test("those of a GRPCRoute; a rule that intent does not have is a violation", () => {
    const route = resource(gatewayApi, "GRPCRoute", "kvs", {
      parentRefs: [{ group: "", kind: "Service", name: "kvs" }],
      rules: [
        {
          backendRefs: [
            { name: "kvs", port: 80, weight: 3 },
            { name: "other", port: 80 },
          ],
        },
      ],
    });
    const call = (backend: "kvs" | "other"): Call => ({
      ...by(backend),
      outbound: { route: "GRPCRoute/default/kvs#0" },
    });
    const kvs = call("kvs");
    expect(judge([...base, route], tenTimes(kvs, kvs, kvs, call("other"))).verdict).toBe("holds");
    expect(judge([...base, route], tenTimes(kvs, call("other"))).verdict).toBe("violated");
    expect(judge(base, [kvs]).verdict).toBe("violated");
  });
});
