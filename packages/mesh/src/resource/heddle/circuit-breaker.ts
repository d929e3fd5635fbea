import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { defaulted, integer, object, type TypeOf } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { notLonger, percent, someTime } from "./policy-formats.ts";
import { onServicesAlone, policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

const count = integer({ minimum: 0, maximum: 1_000_000 });
const some = integer({ minimum: 1, maximum: 1_000_000 });

/** Linkerd's failure accrual; its numbers. */
const breaker = object({
  /** 0: not counted. Linkerd `max-failures`. */
  consecutiveFailures: defaulted(count, 7),
  /** Opens, too, when fewer of the requests succeed. Absent: not counted (Linkerd `unified`). */
  successRate: object({
    percentMin: defaulted(percent, 80),
    window: defaulted(someTime, "10s"),
    requestsMin: defaulted(some, 5),
  }),
  /** How long an endpoint rests before one request asks it again; doubled after each that fails. */
  penalty: defaulted(
    object(
      {
        min: defaulted(someTime, "1s"),
        max: defaulted(someTime, "1m"),
        jitterPercent: defaulted(percent, 50),
      },
      notLonger("min", "max"),
    ),
    {},
  ),
  /** Share of the endpoints that may rest at a time; at least one may. */
  ejectedPercentMax: defaulted(percent, 50),
});

/** Envoy's outlier detection; its numbers. */
const outlier = object({
  interval: defaulted(someTime, "10s"),
  /** 0: not counted. */
  consecutive5xx: defaulted(count, 5),
  ejection: defaulted(
    object(
      { base: defaulted(someTime, "30s"), max: defaulted(someTime, "5m") },
      notLonger("base", "max"),
    ),
    {},
  ),
  ejectedPercentMax: defaulted(percent, 10),
  successRate: object({
    endpointsMin: defaulted(some, 5),
    requestsMin: defaulted(some, 100),
    /** Thousandths: ejected is what is below mean − 1.9 standard deviations. */
    stdevFactorMilli: defaulted(integer({ minimum: 0, maximum: 100_000 }), 1900),
  }),
  failureShare: object({
    percentMax: defaulted(percent, 85),
    endpointsMin: defaulted(some, 5),
    requestsMin: defaulted(some, 50),
  }),
});

/** Of one caller towards one port of the Service; what is absent is not limited. */
const limits = object(
  { connections: some, pendingRequests: count, requests: some, retries: count },
  saysOneOf("connections", "pendingRequests", "requests", "retries"),
);

const queue = object({
  /** Requests that wait for a ready endpoint. Linkerd: 100. */
  requests: defaulted(count, 100),
  /** Without one for so long, all fail at once until there is one. Linkerd: 3s. */
  failfast: defaulted(someTime, "3s"),
});

export const circuitBreakerSpec = object(
  { targetRefs: policyTargets, breaker, outlier, limits, queue },
  saysOneOf("breaker", "outlier", "limits", "queue"),
  onServicesAlone("outlier", "limits", "queue"),
);

const circuitBreakerStatus = object({ conditions });

export type CircuitBreakerSpec = TypeOf<typeof circuitBreakerSpec>;
export type CircuitBreaker = ResourceOf<
  "CircuitBreaker",
  CircuitBreakerSpec,
  TypeOf<typeof circuitBreakerStatus>
>;

/** `heddle.dev CircuitBreaker`: which endpoints rest because they fail, and how much callers may have open. */
export const circuitBreakerKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "CircuitBreaker",
  plural: "circuitbreakers",
  shortNames: ["breaker", "breakers"],
  isNamespaced: true,
  spec: circuitBreakerSpec,
  status: circuitBreakerStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    {
      name: "FAILURES",
      type: "number",
      value: (one) => specOf(one).breaker?.consecutiveFailures ?? null,
    },
    { name: "SUCCESS", type: "text", value: (one) => rateOf(specOf(one).breaker) },
    { name: "OUTLIER", type: "text", value: (one) => outlierOf(specOf(one).outlier) },
    { name: "LIMITS", type: "text", value: (one) => limitsOf(specOf(one).limits) },
  ],
});

function rateOf(given: CircuitBreakerSpec["breaker"]): string | null {
  const rate = given?.successRate;
  return rate === undefined ? null : `>= ${rate.percentMin ?? 80}%`;
}

function outlierOf(given: CircuitBreakerSpec["outlier"]): string | null {
  return given === undefined ? null : `${given.consecutive5xx ?? 5} x 5xx`;
}

function limitsOf(given: CircuitBreakerSpec["limits"]): string | null {
  if (given === undefined) return null;
  return Object.entries(given)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

function specOf(resource: Resource): CircuitBreakerSpec {
  return resource.spec as CircuitBreakerSpec;
}
