import type { BalancingPolicy } from "../heddle/balancing-policy.ts";
import type { CircuitBreaker } from "../heddle/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../heddle/concurrency-limit.ts";
import type { HealthCheck } from "../heddle/health-check.ts";
import type { RateLimit } from "../heddle/rate-limit.ts";
import type { RetryPolicy } from "../heddle/retry-policy.ts";
import type { TimeoutPolicy } from "../heddle/timeout-policy.ts";
import type { Refusal } from "./claims.ts";
import type { CompiledService } from "./compiled.ts";
import { idlePriorities } from "./idle-priorities.ts";
import { policyAttachable } from "./policy-attachable.ts";
import { octetsAlone } from "./service-port.ts";

/** How heddle's policies are attached. What they say is in `policy-words.ts`, and, where destinations enforce it, in `admission.ts`. */
export const retryPolicies = policyAttachable<RetryPolicy>({
  table: "RetryPolicy",
  does: "says how requests are tried again of",
  refusedBy: octets("retries"),
});

export const timeoutPolicies = policyAttachable<TimeoutPolicy>({
  table: "TimeoutPolicy",
  does: "limits the times of",
});

export const circuitBreakers = policyAttachable<CircuitBreaker>({
  table: "CircuitBreaker",
  does: "is the breaker of",
});

export const balancingPolicies = policyAttachable<BalancingPolicy>({
  table: "BalancingPolicy",
  does: "says how callers choose an endpoint of",
});

export const healthChecks = policyAttachable<HealthCheck>({
  table: "HealthCheck",
  does: "asks for the health of",
  refusedBy: ({ spec }, service) =>
    spec.tcp === undefined ? octets("health checks but tcp")(null, service) : null,
});

export const rateLimits = policyAttachable<RateLimit>({
  table: "RateLimit",
  does: "limits the rate of",
  refusedBy: octets("rate limits"),
});

export const concurrencyLimits = policyAttachable<ConcurrencyLimit>({
  table: "ConcurrencyLimit",
  does: "limits the concurrency of",
  refusedBy: octets("limits of concurrency"),
  tells: idlePriorities,
});

/** What is about requests says nothing of a Service that has none. */
function octets(what: string) {
  return (_: unknown, { doc }: CompiledService): Refusal | null => {
    const carried = octetsAlone(doc.ports);
    if (carried === null) return null;
    return {
      reason: "UnsupportedProtocol",
      message: `Service ${doc.namespace}/${doc.name} carries octets (${carried}), for which there are no ${what}.`,
    };
  };
}
