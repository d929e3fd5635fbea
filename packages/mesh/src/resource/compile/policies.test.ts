import { describe, expect, test } from "vitest";
import type { RuleDoc, ServiceDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { KnownResource } from "../index.ts";
import { compileAll, inputsOf } from "./all.ts";
import { effectivePolicy } from "./effective-policy.ts";
import { admit, claimsIn, gateway, route, service, to, worldOf } from "./samples.fixture.ts";

type PolicyKindName =
  | "RetryPolicy"
  | "TimeoutPolicy"
  | "CircuitBreaker"
  | "BalancingPolicy"
  | "HealthCheck"
  | "RateLimit"
  | "ConcurrencyLimit"
  | "Fault";

/** A policy on Service `kvs`, where nothing else is said. */
function policy(
  kind: PolicyKindName,
  spec: object,
  name = "p",
  created = "2026-01-01",
): KnownResource {
  return admit({
    apiVersion: "heddle.dev/v1alpha1",
    kind,
    metadata: { name, namespace: "default", creationTimestamp: created },
    spec: { targetRefs: [{ kind: "Service", name: "kvs" }], ...spec },
  });
}

const shop = { kind: "HTTPRoute", name: "shop" };
const shopRoute = (more: object = {}) =>
  route({
    name: "shop",
    parentRefs: [to("web")],
    rules: [
      { name: "pay", backendRefs: [{ name: "kvs", port: 80 }], ...more },
      { backendRefs: [{ name: "web", port: 80 }] },
    ],
  });

const world = (...policies: readonly KnownResource[]) =>
  compileAll(inputsOf([service("kvs"), service("web"), shopRoute(), ...policies]));
const docOf = (name: string, ...policies: readonly KnownResource[]): ServiceDoc =>
  world(...policies).services.get(`default/${name}`)!.doc;
const rulesOf = (...policies: readonly KnownResource[]): readonly RuleDoc[] =>
  docOf("web", ...policies).ports[0]!.routes!.rules;
/** `Accepted`'s reason and message, of policies in the order given. */
const saidOf = (...policies: readonly KnownResource[]) => {
  const claims = claimsIn([service("kvs"), service("web"), shopRoute(), ...policies]);
  return policies.map((one) => {
    const [accepted] = claims.get(`${one.kind as "Fault"}/default/${one.metadata.name}`)!
      .conditions!;
    return accepted!.reason === "Accepted"
      ? "Accepted"
      : `${accepted!.reason}: ${accepted!.message}`;
  });
};

describe("on a Service", () => {
  test("nothing said: nothing in its document", () => {
    const doc = docOf("kvs");
    expect(doc.policy).toEqual({
      picker: "p2c-ewma",
      connectTimeoutMs: 1000,
      requestTimeoutMs: null,
      queueMax: 100,
      failfastMs: 3000,
    });
    expect("admission" in doc).toBe(false);
    expect(rulesOf()[0]).not.toHaveProperty("policy");
    expect(rulesOf()[0]).not.toHaveProperty("isTold");
  });

  test("each kind says its part", () => {
    const { policy: said, fault } = docOf(
      "kvs",
      policy("RetryPolicy", { retry: { attempts: 3 }, budget: { percent: 50 } }),
      policy("TimeoutPolicy", { connect: "200ms", request: "2s", attempt: "500ms", idle: "1m" }),
      policy("CircuitBreaker", { breaker: {}, limits: { requests: 5 }, queue: { requests: 7 } }),
      policy("BalancingPolicy", { affinity: { keys: [{ header: "X-User" }] }, panicPercent: 0 }),
      policy("HealthCheck", { tcp: {} }),
      policy("Fault", { abort: { percent: 50 }, identities: [web] }),
    );
    expect(said).toMatchObject({
      retry: { retriesMax: 3, codes: [502, 503, 504], grpcCodes: [], methods: "safe" },
      budget: { ratio: 0.5, perSecondMin: 10, windowMs: 10_000 },
      connectTimeoutMs: 200,
      requestTimeoutMs: 2000,
      attemptTimeoutMs: 500,
      idleTimeoutMs: 60_000,
      breaker: { failuresMax: 7, rate: null, penalty: { minMs: 1000, maxMs: 60_000, jitter: 0.5 } },
      caps: { requestsMax: 5 },
      queueMax: 7,
      failfastMs: 3000,
      picker: "maglev",
      affinity: { keys: [{ kind: "header", name: "x-user" }] },
      panicThreshold: 0,
      health: { check: { protocol: "tcp" }, intervalMs: 5000, unhealthyAfter: 3, healthyAfter: 2 },
    });
    expect(fault).toMatchObject({
      abort: { share: 0.5, status: 503, grpcStatus: 14 },
      identities: [web],
      delay: null,
    });
  });

  test("a policy's picker is before the annotation's; a limit of 0s is none", () => {
    const annotations = { "heddle.dev/picker": "round-robin" };
    const asked = admit<ReturnType<typeof service>>({
      ...service("kvs"),
      metadata: { name: "kvs", namespace: "default", annotations },
    });
    const of = (...policies: readonly KnownResource[]) =>
      compileAll(inputsOf([asked, ...policies])).services.get("default/kvs")!.doc.policy;
    expect(of().picker).toBe("round-robin");
    expect(of(policy("BalancingPolicy", { picker: "random" })).picker).toBe("random");
    expect(of(policy("BalancingPolicy", { panicPercent: 10 })).picker).toBe("round-robin");
    expect(of(policy("TimeoutPolicy", { request: "0s" })).requestTimeoutMs).toBeNull();
  });

  test("what was stored without defaults has them all the same", () => {
    const bare = {
      ...policy("RetryPolicy", { retry: {} }),
      spec: { targetRefs: [{ kind: "Service", name: "kvs" }], retry: {}, hedge: {}, budget: {} },
    } as KnownResource;
    const full = policy("RetryPolicy", { retry: {}, hedge: {}, budget: {} });
    expect(docOf("kvs", bare).policy).toEqual(docOf("kvs", full).policy);
    const breaker = {
      breaker: { successRate: {} },
      outlier: { successRate: {}, failureShare: {} },
    };
    const bareBreaker = {
      ...policy("CircuitBreaker", breaker),
      spec: { targetRefs: [{ kind: "Service", name: "kvs" }], ...breaker, queue: {} },
    } as KnownResource;
    expect(docOf("kvs", bareBreaker).policy).toEqual(
      docOf("kvs", policy("CircuitBreaker", { ...breaker, queue: {} })).policy,
    );
  });
});

const web = "spiffe://cluster.local/ns/default/sa/web";

describe("on routes and their rules", () => {
  test("a rule's word wins over its route's, field by field", () => {
    const [pay, other] = rulesOf(
      policy("TimeoutPolicy", { targetRefs: [shop], request: "5s", attempt: "1s" }, "route"),
      policy(
        "TimeoutPolicy",
        { targetRefs: [{ ...shop, sectionName: "pay" }], request: "9s" },
        "rule",
      ),
      policy("RetryPolicy", { targetRefs: [{ ...shop, sectionName: "1" }], retry: {} }),
    );
    expect([pay!.requestTimeoutMs, pay!.policy]).toEqual([9000, { attemptTimeoutMs: 1000 }]);
    expect(other).toMatchObject({
      requestTimeoutMs: 5000,
      policy: { attemptTimeoutMs: 1000, retry: { retriesMax: 1 } },
    });
  });

  test("a rule's own stanza wins over all policies", () => {
    const said = compileAll(
      inputsOf([
        service("kvs"),
        service("web"),
        shopRoute({ timeouts: { request: "3s" } }),
        policy("TimeoutPolicy", {
          targetRefs: [{ ...shop, sectionName: "pay" }],
          request: "9s",
          idle: "1s",
        }),
      ]),
    );
    const [pay] = said.services.get("default/web")!.doc.ports[0]!.routes!.rules;
    expect([pay!.requestTimeoutMs, pay!.policy]).toEqual([3000, { idleTimeoutMs: 1000 }]);
  });

  test("hold at a Gateway as within the mesh", () => {
    const front = gateway([{ name: "http", protocol: "HTTP", port: 80 }]);
    const outside = route({
      name: "shop",
      parentRefs: [{ name: "front" }],
      rules: [{ backendRefs: [{ name: "kvs", port: 80 }] }],
    });
    const limit = policy("RateLimit", { targetRefs: [shop], limits: [{ requests: 1 }] });
    const { services, gateways } = compileAll(inputsOf([service("kvs"), front, outside, limit]));
    const [rule] = gateways.get("default/front")!.sockets[0]!.routes.rules;
    expect(rule!.isTold).toBe(true);
    expect(services.get("default/kvs")!.doc.admission!.rates[0]!.route).toBe(
      "HTTPRoute/default/shop",
    );
  });

  test("a rule's Fault is its own", () => {
    const fault = policy("Fault", {
      targetRefs: [{ ...shop, sectionName: "pay" }],
      bandwidth: { bytesPerSecond: 9 },
    });
    const [pay, other] = rulesOf(fault);
    expect(pay!.fault).toMatchObject({ bandwidth: { share: 1, bytesPerSecond: 9 } });
    expect(other!.fault).toBeUndefined();
    expect(docOf("kvs", fault).fault).toBeNull();
  });
});

describe("what destinations enforce", () => {
  const limits = [{ requests: 5 }, { requests: 1, per: "2s", by: { header: "X-User" } }];

  test("rates of a Service, and of routes that send to it", () => {
    const onRoute = { targetRefs: [shop], limits: [{ requests: 7, scope: "replica" }] };
    const onRule = { targetRefs: [{ ...shop, sectionName: "pay" }], limits: [{ requests: 8 }] };
    const policies = [
      policy("RateLimit", { limits }, "all"),
      policy("RateLimit", onRoute, "route"),
      policy("RateLimit", onRule, "rule"),
    ];
    const { rates } = docOf("kvs", ...policies).admission!;
    expect(rates.map(({ name, route, requests }) => [name, route, requests])).toEqual([
      ["RateLimit/default/all[0]", null, 5],
      ["RateLimit/default/all[1]", null, 1],
      ["RateLimit/default/route[0]", "HTTPRoute/default/shop", 7],
      ["RateLimit/default/rule[0]", "HTTPRoute/default/shop#pay", 8],
    ]);
    expect(rates[1]).toMatchObject({
      by: { kind: "header", name: "x-user" },
      perMs: 2000,
      burst: 1,
      scope: "service",
    });
    // The other rule sends to `web`, by the same route.
    expect(docOf("web", ...policies).admission!.rates.map(({ requests }) => requests)).toEqual([7]);
    expect(rulesOf(...policies).map(({ isTold }) => isTold)).toEqual([true, true]);
    expect(rulesOf(policies[2]!).map(({ isTold }) => isTold)).toEqual([true, undefined]);
  });

  test("concurrency, and priorities of rules before those of their routes", () => {
    const { concurrency } = docOf(
      "kvs",
      policy("ConcurrencyLimit", { adaptive: { max: 10 }, priorityHeader: "X-Priority" }, "all"),
      policy("ConcurrencyLimit", { targetRefs: [shop], priority: 2 }, "route"),
      policy(
        "ConcurrencyLimit",
        { targetRefs: [{ ...shop, sectionName: "pay" }], priority: 9 },
        "rule",
      ),
    ).admission!;
    expect(concurrency).toEqual({
      min: 3,
      initial: 10,
      max: 10,
      tolerance: 1.5,
      priority: 5,
      priorityHeader: "x-priority",
      priorities: [
        { route: "HTTPRoute/default/shop#pay", priority: 9 },
        { route: "HTTPRoute/default/shop", priority: 2 },
      ],
    });
  });

  test("a priority where nobody has to wait has no effect, and says so", () => {
    const toldOf = (...policies: readonly KnownResource[]) => {
      const claims = claimsIn([service("kvs"), service("web"), shopRoute(), ...policies]);
      const of = policies.flatMap((one) => {
        return claims.get(`ConcurrencyLimit/default/${one.metadata.name}`)!.events ?? [];
      });
      return of.map(({ message, path }) => `${path!.join(".")}: ${message}`);
    };
    const none = (services: string) =>
      `spec.targetRefs.0: No ConcurrencyLimit with \`adaptive\` is on Service ${services}: a priority has no effect there.`;
    const route = policy("ConcurrencyLimit", { targetRefs: [shop], priority: 2 }, "route");
    const pay = [{ ...shop, sectionName: "pay" }];
    const rule = policy("ConcurrencyLimit", { targetRefs: pay, priority: 2 }, "rule");
    const first = policy("ConcurrencyLimit", { priority: 7 }, "first");
    const limit = policy("ConcurrencyLimit", { adaptive: {}, priority: 7 }, "limit", "2026-01-02");

    expect(toldOf(first)).toEqual([none("default/kvs")]);
    expect(toldOf(route, rule)).toEqual([none("default/kvs, default/web"), none("default/kvs")]);
    expect(toldOf(limit, route, rule)).toEqual([]);
    // The older one holds, and has no limit.
    expect(toldOf(first, limit)).toEqual([none("default/kvs"), none("default/kvs")]);
    const nowhere = [{ kind: "Service", name: "gone" }];
    expect(toldOf(policy("ConcurrencyLimit", { targetRefs: nowhere, priority: 1 }))).toEqual([]);
  });
});

test("what holds is told with who says it: policies, stanzas, annotations, or nobody", () => {
  const all = [
    service("kvs"),
    service("web"),
    shopRoute({ timeouts: { request: "3s" } }),
    policy("RetryPolicy", {
      targetRefs: [{ kind: "Service", name: "web" }],
      retry: { attempts: 2 },
    }),
    policy("TimeoutPolicy", { targetRefs: [shop], idle: "1s", request: "9s" }, "times"),
    policy(
      "RateLimit",
      { targetRefs: [{ kind: "Service", name: "web" }], limits: [{ requests: 5 }] },
      "rate",
    ),
  ];
  const fields = effectivePolicy(all[1] as Service, worldOf(...all));
  const of = (what: string) =>
    fields.filter((one) => one.of === what).map(({ field, from }) => `${field} ${from}`);
  expect(of("Service/default/web")).toEqual([
    "retry RetryPolicy/default/p",
    "picker null",
    "connectTimeoutMs null",
    "queueMax null",
    "failfastMs null",
    "rate RateLimit/default/rate",
  ]);
  expect(of("HTTPRoute/default/shop#pay")).toEqual([
    "requestTimeoutMs HTTPRoute/default/shop#pay",
    "idleTimeoutMs TimeoutPolicy/default/times",
  ]);
  expect(of("HTTPRoute/default/shop#1")).toEqual([
    "requestTimeoutMs TimeoutPolicy/default/times",
    "idleTimeoutMs TimeoutPolicy/default/times",
  ]);
  expect(fields.find(({ field }) => field === "retry")!.value).toMatchObject({ retriesMax: 2 });
});

describe("what is said of policies", () => {
  test("of one kind on one target the oldest holds; on a rule, its route and a Service they are apart", () => {
    const old = policy("RetryPolicy", { retry: { attempts: 1 } }, "old", "2026-01-01");
    const young = policy("RetryPolicy", { retry: { attempts: 9 } }, "young", "2026-01-02");
    const onRoute = policy("RetryPolicy", { targetRefs: [shop], retry: {} }, "route");
    const onRule = policy(
      "RetryPolicy",
      { targetRefs: [{ ...shop, sectionName: "pay" }], retry: {} },
      "rule",
    );
    expect(saidOf(young, old, onRoute, onRule)).toEqual([
      "Conflicted: RetryPolicy old is older and says how requests are tried again of Service kvs.",
      "Accepted",
      "Accepted",
      "Accepted",
    ]);
    expect(docOf("kvs", young, old).policy.retry!.retriesMax).toBe(1);
  });

  test("a target that is not there, a rule that is not there", () => {
    const targets = (target: object) =>
      saidOf(policy("TimeoutPolicy", { targetRefs: [target], request: "1s" }))[0];
    expect(targets({ kind: "Service", name: "kvz" })).toMatch(/^TargetNotFound: /);
    expect(targets({ kind: "GRPCRoute", name: "shop" })).toMatch(/^TargetNotFound: /);
    expect(targets({ ...shop, sectionName: "0" })).toMatch(/^TargetNotFound: /);
    expect(targets({ ...shop, sectionName: "1" })).toBe("Accepted");
  });

  test("requests that nobody reads have no policy", () => {
    const opaque = service("kvs", { ports: [{ port: 80, appProtocol: "tcp" }] });
    const all = [
      policy("RateLimit", { limits: [{ requests: 1 }] }),
      policy("HealthCheck", { http: {} }),
      policy("CircuitBreaker", { limits: { connections: 5 } }),
    ];
    const claims = claimsIn([opaque, ...all]);
    const reasons = all.map(
      ({ kind }) => claims.get(`${kind as "Fault"}/default/p`)!.conditions![0]!.reason,
    );
    expect(reasons).toEqual(["UnsupportedProtocol", "UnsupportedProtocol", "Accepted"]);
  });
});
