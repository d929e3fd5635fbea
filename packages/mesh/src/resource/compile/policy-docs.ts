import { grpcStatusWords } from "../../model/grpc-status.ts";
import type {
  AffinityDoc,
  BreakerDoc,
  BudgetDoc,
  CapsDoc,
  ConcurrencyDoc,
  HealthCheckDoc,
  HedgeDoc,
  OutlierDoc,
  RateLimitDoc,
  RetryDoc,
  SlowStartDoc,
  SubsetDoc,
  ZonesDoc,
} from "../../model/policy.ts";
import type { BalancingPolicySpec } from "../heddle/balancing-policy.ts";
import type { CircuitBreakerSpec } from "../heddle/circuit-breaker.ts";
import type { ConcurrencyLimitSpec } from "../heddle/concurrency-limit.ts";
import type { HealthCheckSpec } from "../heddle/health-check.ts";
import { msOf } from "../heddle/policy-formats.ts";
import type { RateLimitRule } from "../heddle/rate-limit.ts";
import type { RetryPolicySpec } from "../heddle/retry-policy.ts";

/**
 * Each stanza of a policy as its document. Total: a resource may come from a door that fills in no defaults, so that they stand here
 * as in the schemas (a test compares); and a default gives way where what is said contradicts it.
 */

type Stanza<S, K extends keyof S> = NonNullable<S[K]>;

export function retryDoc(given: Stanza<RetryPolicySpec, "retry">): RetryDoc {
  const baseMs = msOf(given.backoff, "25ms");
  return {
    retriesMax: given.attempts ?? 1,
    codes: given.codes ?? [502, 503, 504],
    grpcCodes: (given.grpcCodes ?? []).map((word) => grpcStatusWords.indexOf(word)),
    connectionErrors: given.connectionErrors ?? true,
    backoff: { baseMs, maxMs: Math.max(baseMs, msOf(given.backoffMax, "250ms")) },
    methods: given.methods ?? "safe",
    bodyBytesMax: given.bodyBytesMax ?? 65_536,
  };
}

export function hedgeDoc({ delay, attempts }: Stanza<RetryPolicySpec, "hedge">): HedgeDoc {
  return { delayMs: msOf(delay, "100ms"), attemptsMax: attempts ?? 2 };
}

export function budgetDoc(given: Stanza<RetryPolicySpec, "budget">): BudgetDoc {
  const { percent = 20, perSecondMin = 10, window } = given;
  return { ratio: percent / 100, perSecondMin, windowMs: msOf(window, "10s") };
}

export function breakerDoc(given: Stanza<CircuitBreakerSpec, "breaker">): BreakerDoc {
  const { successRate: rate, penalty } = given;
  const minMs = msOf(penalty?.min, "1s");
  return {
    failuresMax: given.consecutiveFailures ?? 7,
    rate:
      rate === undefined
        ? null
        : {
            successMin: (rate.percentMin ?? 80) / 100,
            windowMs: msOf(rate.window, "10s"),
            requestsMin: rate.requestsMin ?? 5,
          },
    penalty: {
      minMs,
      maxMs: Math.max(minMs, msOf(penalty?.max, "1m")),
      jitter: (penalty?.jitterPercent ?? 50) / 100,
    },
    ejectedMax: (given.ejectedPercentMax ?? 50) / 100,
  };
}

export function outlierDoc(given: Stanza<CircuitBreakerSpec, "outlier">): OutlierDoc {
  const { successRate: rate, failureShare: failures, ejection } = given;
  const baseMs = msOf(ejection?.base, "30s");
  return {
    intervalMs: msOf(given.interval, "10s"),
    consecutive5xx: given.consecutive5xx ?? 5,
    ejection: { baseMs, maxMs: Math.max(baseMs, msOf(ejection?.max, "5m")) },
    ejectedMax: (given.ejectedPercentMax ?? 10) / 100,
    successRate:
      rate === undefined
        ? null
        : {
            hostsMin: rate.endpointsMin ?? 5,
            requestsMin: rate.requestsMin ?? 100,
            stdevFactor: (rate.stdevFactorMilli ?? 1900) / 1000,
          },
    failureShare:
      failures === undefined
        ? null
        : {
            threshold: (failures.percentMax ?? 85) / 100,
            hostsMin: failures.endpointsMin ?? 5,
            requestsMin: failures.requestsMin ?? 50,
          },
  };
}

export function capsDoc(given: Stanza<CircuitBreakerSpec, "limits">): CapsDoc {
  const { connections, pendingRequests, requests, retries } = given;
  return {
    ...(connections === undefined ? {} : { connectionsMax: connections }),
    ...(pendingRequests === undefined ? {} : { pendingMax: pendingRequests }),
    ...(requests === undefined ? {} : { requestsMax: requests }),
    ...(retries === undefined ? {} : { retriesMax: retries }),
  };
}

export function affinityDoc(given: Stanza<BalancingPolicySpec, "affinity">): AffinityDoc {
  const { keys, tableSize } = given;
  return { keys: keys.map(affinityKey), ...(tableSize === undefined ? {} : { tableSize }) };
}

function affinityKey(
  key: Stanza<BalancingPolicySpec, "affinity">["keys"][number],
): AffinityDoc["keys"][number] {
  if (key.header !== undefined) return { kind: "header", name: key.header.toLowerCase() };
  if (key.cookie !== undefined) return { kind: "cookie", name: key.cookie };
  if (key.pathSegment !== undefined) return { kind: "path-segment", index: key.pathSegment };
  if (key.query !== undefined) return { kind: "query", name: key.query };
  return { kind: key.source === true ? "source" : "identity" };
}

export function slowStartDoc(given: Stanza<BalancingPolicySpec, "slowStart">): SlowStartDoc {
  return {
    windowMs: msOf(given.window, "30s"),
    aggression: (given.aggressionPercent ?? 100) / 100,
    weightMin: (given.weightPercentMin ?? 10) / 100,
  };
}

export function zonesDoc(given: Stanza<BalancingPolicySpec, "zones">): ZonesDoc {
  const { endpointsMin = 6, overprovisioningPercent = 140 } = given;
  return { endpointsMin, overprovisioning: overprovisioningPercent / 100 };
}

export function subsetDoc({ labels, fallback }: Stanza<BalancingPolicySpec, "subset">): SubsetDoc {
  return {
    labels: labels.map(({ label, value, header }) => ({
      label,
      is: header === undefined ? { value: value ?? "" } : { header: header.toLowerCase() },
    })),
    fallback: fallback ?? "none",
  };
}

export function healthDoc(given: HealthCheckSpec): HealthCheckDoc {
  const timeoutMs = msOf(given.timeout, "1s");
  return {
    check: healthCheck(given),
    intervalMs: Math.max(timeoutMs, msOf(given.interval, "5s")),
    timeoutMs,
    unhealthyAfter: given.failureThreshold ?? 3,
    healthyAfter: given.successThreshold ?? 2,
  };
}

function healthCheck({ http, grpc }: HealthCheckSpec): HealthCheckDoc["check"] {
  if (grpc !== undefined) return { protocol: "grpc", service: grpc.service ?? "" };
  if (http === undefined) return { protocol: "tcp" };
  const { start = 200, end = 299 } = http.expectedStatuses ?? {};
  return { protocol: "http", path: http.path ?? "/", statuses: [start, end] };
}

/** @param name `RateLimit/<namespace>/<name>`, with the index of the limit */
export function rateLimitDoc(
  given: RateLimitRule,
  name: string,
  route: string | null,
): RateLimitDoc {
  const { requests, by } = given;
  return {
    name,
    route,
    by:
      by === undefined
        ? { kind: "all" }
        : by.header === undefined
          ? { kind: "identity" }
          : { kind: "header", name: by.header.toLowerCase() },
    identities: given.identities ?? null,
    requests,
    perMs: msOf(given.per, "1s"),
    burst: given.burst ?? requests,
    scope: given.scope ?? "service",
  };
}

/** Without a `priority` of its own a request has the middle one. */
const middlePriority = 5;

export function concurrencyDoc(
  given: Stanza<ConcurrencyLimitSpec, "adaptive">,
  said: Pick<ConcurrencyLimitSpec, "priority" | "priorityHeader">,
  priorities: ConcurrencyDoc["priorities"],
): ConcurrencyDoc {
  const max = given.max ?? Math.max(1000, given.min ?? 0, given.initial ?? 0);
  const min = given.min ?? Math.min(3, max);
  return {
    min,
    initial: Math.min(max, Math.max(min, given.initial ?? 20)),
    max,
    tolerance: (given.tolerancePercent ?? 150) / 100,
    priority: said.priority ?? middlePriority,
    priorityHeader: said.priorityHeader?.toLowerCase() ?? null,
    priorities,
  };
}
