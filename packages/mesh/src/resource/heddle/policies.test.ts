import { describe, expect, test } from "vitest";
import { checkResource } from "../check.ts";
import type { Kind } from "../kind.ts";
import { apiVersion } from "../kind.ts";
import type { Resource } from "../meta.ts";
import { formatProblem } from "../schema/problem.ts";
import { balancingPolicyKind } from "./balancing-policy.ts";
import { circuitBreakerKind } from "./circuit-breaker.ts";
import { concurrencyLimitKind } from "./concurrency-limit.ts";
import { faultKind } from "./fault.ts";
import { healthCheckKind } from "./health-check.ts";
import { rateLimitKind } from "./rate-limit.ts";
import { retryPolicyKind } from "./retry-policy.ts";
import { timeoutPolicyKind } from "./timeout-policy.ts";

const policyKinds = [
  retryPolicyKind,
  timeoutPolicyKind,
  circuitBreakerKind,
  balancingPolicyKind,
  healthCheckKind,
  rateLimitKind,
  concurrencyLimitKind,
];
const service = { kind: "Service", name: "kvs" };
const route = { kind: "HTTPRoute", name: "shop" };

const check = (kind: Kind, spec: object) =>
  checkResource(kind, {
    apiVersion: apiVersion(kind.group, kind.version),
    kind: kind.kind,
    metadata: { name: "x" },
    spec: { targetRefs: [service], ...spec },
  });
const problemsOf = (kind: Kind, spec: object): readonly string[] => {
  const checked = check(kind, spec);
  return checked.ok ? [] : checked.problems.map(formatProblem);
};
/** What the API server stores, without the targets. */
const stored = (kind: Kind, spec: object): unknown => {
  const checked = check(kind, spec);
  if (!checked.ok) throw new Error(checked.problems.map(formatProblem).join("\n"));
  const { targetRefs: _, ...rest } = (checked.resource as Resource).spec as Record<string, unknown>;
  return rest;
};
const columns = (kind: Kind, spec: object) => {
  const checked = check(kind, spec);
  if (!checked.ok) throw new Error(checked.problems.map(formatProblem).join("\n"));
  return kind.columns.map(({ value }) => value(checked.resource));
};

describe("targets", () => {
  const retry = { retry: {} };
  const targets = (...targetRefs: readonly object[]) =>
    problemsOf(retryPolicyKind, { ...retry, targetRefs });

  test("are Services, routes and their rules, of the group that the kind has", () => {
    expect(targets(service, route, { ...route, sectionName: "checkout" })).toEqual([]);
    expect(targets({ ...service, group: "" }, { ...service, group: "core", name: "b" })).toEqual(
      [],
    );
    expect(targets({ ...route, group: "gateway.networking.k8s.io" })).toEqual([]);
    expect(targets({ ...route, group: "" })).toEqual([
      'spec.targetRefs[0].group: expected "gateway.networking.k8s.io" for HTTPRoute, got ""',
    ]);
    expect(targets({ kind: "Gateway", name: "front" })[0]).toMatch(
      /^spec\.targetRefs\[0\]\.kind: expected Service, HTTPRoute, GRPCRoute/,
    );
  });

  test("a Service has no rules, and nothing is named twice", () => {
    expect(targets({ ...service, sectionName: "a" })).toEqual([
      "spec.targetRefs[0].sectionName: a Service has no rules; name an HTTPRoute or GRPCRoute",
    ]);
    expect(targets(route, route)).toHaveLength(1);
    expect(targets()).toHaveLength(1);
  });

  test("what all callers of a Service share is not said of a route", () => {
    const targetRefs = [service, route];
    expect(problemsOf(retryPolicyKind, { targetRefs, ...retry, budget: {} })).toEqual([
      "spec.budget: holds for Services alone, and HTTPRoute shop is targeted",
    ]);
    expect(problemsOf(circuitBreakerKind, { targetRefs, breaker: {} })).toEqual([]);
    expect(problemsOf(circuitBreakerKind, { targetRefs, outlier: {}, queue: {} })).toHaveLength(2);
    expect(problemsOf(healthCheckKind, { targetRefs, tcp: {} })).toEqual([
      'spec.targetRefs[1].kind: expected Service, got "HTTPRoute"',
    ]);
    expect(problemsOf(concurrencyLimitKind, { targetRefs, priority: 1 })).toEqual([]);
    expect(problemsOf(concurrencyLimitKind, { targetRefs, adaptive: {} })).toHaveLength(1);
  });
});

test.each(policyKinds.map((kind) => [kind.kind, kind] as const))(
  "a %s that says nothing is a mistake",
  (_name, kind) => {
    expect(problemsOf(kind, {})).toHaveLength(1);
  },
);

describe("a stanza given empty has the numbers of Linkerd and Envoy", () => {
  test("RetryPolicy", () => {
    expect(stored(retryPolicyKind, { retry: {}, hedge: {}, budget: {} })).toEqual({
      retry: {
        attempts: 1,
        codes: [502, 503, 504],
        grpcCodes: [],
        connectionErrors: true,
        backoff: "25ms",
        backoffMax: "250ms",
        methods: "safe",
        bodyBytesMax: 65_536,
      },
      hedge: { delay: "100ms", attempts: 2 },
      budget: { percent: 20, perSecondMin: 10, window: "10s" },
    });
    expect(columns(retryPolicyKind, { retry: {} })).toEqual(["kvs", 1, "502,503,504", null, null]);
  });

  test("CircuitBreaker", () => {
    expect(
      stored(circuitBreakerKind, {
        breaker: { successRate: {} },
        outlier: { successRate: {}, failureShare: {} },
        queue: {},
      }),
    ).toEqual({
      breaker: {
        consecutiveFailures: 7,
        successRate: { percentMin: 80, window: "10s", requestsMin: 5 },
        penalty: { min: "1s", max: "1m", jitterPercent: 50 },
        ejectedPercentMax: 50,
      },
      outlier: {
        interval: "10s",
        consecutive5xx: 5,
        ejection: { base: "30s", max: "5m" },
        ejectedPercentMax: 10,
        successRate: { endpointsMin: 5, requestsMin: 100, stdevFactorMilli: 1900 },
        failureShare: { percentMax: 85, endpointsMin: 5, requestsMin: 50 },
      },
      queue: { requests: 100, failfast: "3s" },
    });
  });

  test("BalancingPolicy", () => {
    expect(stored(balancingPolicyKind, { slowStart: {}, zones: {} })).toEqual({
      slowStart: { window: "30s", aggressionPercent: 100, weightPercentMin: 10 },
      zones: { endpointsMin: 6, overprovisioningPercent: 140 },
    });
  });

  test("HealthCheck", () => {
    expect(stored(healthCheckKind, { http: {} })).toEqual({
      http: { path: "/", expectedStatuses: { start: 200, end: 299 } },
      interval: "5s",
      timeout: "1s",
      failureThreshold: 3,
      successThreshold: 2,
    });
    expect(columns(healthCheckKind, { grpc: { service: "shop.Cart" } })).toEqual([
      "kvs",
      "grpc shop.Cart",
      "5s",
    ]);
  });

  test("RateLimit and ConcurrencyLimit", () => {
    expect(stored(rateLimitKind, { limits: [{ requests: 5 }] })).toEqual({
      limits: [{ requests: 5, per: "1s", scope: "service" }],
    });
    expect(columns(rateLimitKind, { limits: [{ requests: 5, by: { identity: true } }] })).toEqual([
      "kvs",
      "5/1s by identity",
    ]);
    expect(stored(concurrencyLimitKind, { adaptive: {} })).toEqual({
      adaptive: { min: 3, initial: 20, max: 1000, tolerancePercent: 150 },
    });
  });
});

describe("what contradicts itself is told with its place", () => {
  test("times", () => {
    expect(problemsOf(timeoutPolicyKind, { request: "1s", attempt: "2s" })).toEqual([
      "spec.attempt: expected <= request, 1s",
    ]);
    expect(problemsOf(timeoutPolicyKind, { request: "0s", attempt: "2s" })).toEqual([]);
    expect(problemsOf(timeoutPolicyKind, { connect: "0s" })).toEqual([
      'spec.connect: expected more than 0, got "0s"',
    ]);
    expect(problemsOf(timeoutPolicyKind, { request: "soon" })).toHaveLength(1);
    expect(problemsOf(retryPolicyKind, { retry: { backoff: "1s", backoffMax: "1ms" } })).toEqual([
      "spec.retry.backoff: expected <= backoffMax, 1ms",
    ]);
    expect(problemsOf(healthCheckKind, { tcp: {}, interval: "1s", timeout: "2s" })).toEqual([
      "spec.timeout: expected <= interval, 1s",
    ]);
  });

  test("codes", () => {
    expect(problemsOf(retryPolicyKind, { retry: { codes: [200] } })).toEqual([
      "spec.retry.codes[0]: expected a whole number >= 400, got 200",
    ]);
    expect(problemsOf(retryPolicyKind, { retry: { grpcCodes: ["Unavailble"] } })[0]).toMatch(
      /did you mean "Unavailable"\?$/,
    );
  });

  test("pickers and their keys", () => {
    const keys = [{ header: "x-user" }];
    expect(problemsOf(balancingPolicyKind, { picker: "maglev" })).toEqual([
      "spec.affinity: required for maglev",
    ]);
    expect(problemsOf(balancingPolicyKind, { picker: "random", affinity: { keys } })).toEqual([
      'spec.picker: expected ring-hash or maglev with affinity, got "random"',
    ]);
    expect(columns(balancingPolicyKind, { affinity: { keys } }).slice(1, 3)).toEqual([
      "maglev",
      "header x-user",
    ]);
    const two = { keys: [{ header: "a", cookie: "b" }, {}] };
    expect(problemsOf(balancingPolicyKind, { affinity: two })).toHaveLength(2);
    const session = { cookieConfig: { lifetimeType: "Permanent" } };
    expect(problemsOf(balancingPolicyKind, { sessionPersistence: session })).toEqual([
      "spec.sessionPersistence.absoluteTimeout: required for lifetimeType Permanent",
    ]);
    const fields = [
      { type: "Header", sessionName: "Content-Length" },
      { type: "Header", header: { name: "upgrade" } },
      { type: "Cookie", sessionName: "te" },
    ];
    expect(
      fields.map((one) => problemsOf(balancingPolicyKind, { sessionPersistence: one })),
    ).toEqual([
      ["spec.sessionPersistence.sessionName: content-length belongs to one hop"],
      ["spec.sessionPersistence.header.name: upgrade belongs to one hop"],
      [],
    ]);
    const labels = [{ label: "version" }];
    expect(problemsOf(balancingPolicyKind, { subset: { labels } })).toEqual([
      "spec.subset.labels[0]: expected one of value, header",
    ]);
  });

  test("limits", () => {
    const limits = [{ requests: 0 }, { requests: 1, by: {} }, { requests: 1, identities: ["web"] }];
    expect(problemsOf(rateLimitKind, { limits })).toEqual([
      "spec.limits[0].requests: expected a whole number >= 1, got 0",
      "spec.limits[1].by: expected one of identity, header",
      'spec.limits[2].identities[0]: expected a SPIFFE ID such as spiffe://cluster.local/ns/default/sa/web, got "web"',
    ]);
    expect(problemsOf(concurrencyLimitKind, { adaptive: { max: 10 } })).toEqual([]);
    expect(problemsOf(concurrencyLimitKind, { adaptive: { max: 10, initial: 11 } })).toEqual([
      "spec.adaptive.initial: expected <= max, 10",
    ]);
  });
});

test("a Fault aborts and slows, too, and one of before is still a Fault", () => {
  const before = { seed: 7, delay: { percent: 10, milliseconds: 5 }, reset: { percent: 1 } };
  expect(stored(faultKind, before)).toEqual(before);
  expect(stored(faultKind, { abort: { percent: 5 }, bandwidth: { bytesPerSecond: 100 } })).toEqual({
    seed: 0,
    abort: { percent: 5, httpStatus: 503, grpcStatus: "Unavailable" },
    bandwidth: { percent: 100, bytesPerSecond: 100 },
  });
  expect(problemsOf(faultKind, { seed: 1 })).toEqual([
    "spec: expected one or more of delay, reset, abort, bandwidth",
  ]);
});
