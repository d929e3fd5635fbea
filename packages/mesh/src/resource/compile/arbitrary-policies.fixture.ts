import fc from "fast-check";
import { metadata, name } from "./arbitrary-names.fixture.ts";

/** Random policies of heddle's own, for property tests. */

const service = fc.record({ kind: fc.constant("Service"), name });
const route = fc.record(
  {
    kind: fc.constantFrom("HTTPRoute", "GRPCRoute"),
    name,
    sectionName: fc.constantFrom("0", "1", "rule"),
  },
  { requiredKeys: ["kind", "name"] },
);
const target = fc.oneof(service, route);

function policy(
  kind: string,
  on: fc.Arbitrary<object>,
  said: fc.Arbitrary<object>,
): fc.Arbitrary<unknown> {
  const spec = fc.tuple(fc.tuple(on), said).map(([targetRefs, one]) => ({ targetRefs, ...one }));
  const header = { apiVersion: fc.constant("heddle.dev/v1alpha1"), kind: fc.constant(kind) };
  return fc.record({ ...header, metadata, spec });
}

const times = fc.constantFrom(
  { request: "0s" },
  { request: "2s", attempt: "500ms", idle: "1m", responseHeaders: "1s", streamLifetime: "1h" },
);

export const policies: fc.Arbitrary<unknown> = fc.oneof(
  policy(
    "RetryPolicy",
    service,
    fc.constantFrom({ budget: { percent: 0 } }, { retry: { methods: "all" }, hedge: {} }),
  ),
  policy("TimeoutPolicy", target, times),
  policy("TimeoutPolicy", service, fc.constant({ connect: "100ms" })),
  policy("CircuitBreaker", target, fc.constant({ breaker: { successRate: {} } })),
  policy(
    "CircuitBreaker",
    service,
    fc.constantFrom(
      { outlier: { successRate: {}, failureShare: {} }, queue: {} },
      { outlier: {}, limits: { connections: 1, pendingRequests: 0, requests: 5, retries: 0 } },
    ),
  ),
  policy(
    "BalancingPolicy",
    service,
    fc.constantFrom(
      { affinity: { keys: [{ header: "X-A" }, { source: true }], tableSize: 11 } },
      { picker: "ring-hash", affinity: { keys: [{ cookie: "c" }] }, slowStart: {}, zones: {} },
      { panicPercent: 0, subset: { labels: [{ label: "v", header: "X-V" }], fallback: "any" } },
    ),
  ),
  policy(
    "HealthCheck",
    service,
    fc.constantFrom({ http: {} }, { grpc: { service: "a.B" }, interval: "1s" }, { tcp: {} }),
  ),
  {
    weight: 4,
    arbitrary: policy(
      "RateLimit",
      target,
      fc.constantFrom(
        { limits: [{ requests: 5 }] },
        {
          limits: [
            { requests: 1, per: "2s", burst: 3, by: { header: "X-User" }, scope: "replica" },
            { requests: 9, by: { identity: true }, identities: ["spiffe://m/ns/default/sa/a"] },
          ],
        },
      ),
    ),
  },
  policy("ConcurrencyLimit", service, fc.constantFrom({ adaptive: {} }, { adaptive: { max: 2 } })),
  policy("ConcurrencyLimit", target, fc.constantFrom({ priority: 0 }, { priority: 9 })),
  policy(
    "Fault",
    target,
    fc.constantFrom(
      { abort: { percent: 5 } },
      { bandwidth: { bytesPerSecond: 10 }, identities: ["spiffe://m/ns/default/sa/a"] },
    ),
  ),
);
