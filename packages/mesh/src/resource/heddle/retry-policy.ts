import { grpcStatusWords } from "../../model/grpc-status.ts";
import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { duration } from "../schema/formats.ts";
import { boolean, defaulted, integer, list, object, oneOf, type TypeOf } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { notLonger, percent, someTime } from "./policy-formats.ts";
import { onServicesAlone, policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

const retry = object(
  {
    /** Retries, not tries (GEP-1731 `attempts`; Linkerd `limit` and Envoy `num_retries`: 1). */
    attempts: defaulted(integer({ minimum: 0, maximum: 100 }), 1),
    /** Statuses that are tried again. Default: Envoy's `gateway-error`. */
    codes: defaulted(
      list(integer({ minimum: 400, maximum: 599 }), { maxItems: 200, uniqueBy: [] }),
      [502, 503, 504],
    ),
    /**
     * Statuses of gRPC that are, in a head or in trailers before any message. Default none, as Linkerd: no call says whether it may be
     * made twice, so that naming one is the word for it.
     */
    grpcCodes: defaulted(
      list(oneOf(...grpcStatusWords.slice(1)), { maxItems: 16, uniqueBy: [] }),
      [],
    ),
    /** Connections that broke, and attempts beyond their time. */
    connectionErrors: defaulted(boolean(), true),
    /** Pause before the first retry; it doubles, up to `backoffMax`, with jitter. Envoy and Linkerd: 25 ms, 250 ms. */
    backoff: defaulted(duration, "25ms"),
    backoffMax: defaulted(duration, "250ms"),
    /** `safe`: idempotent methods, and requests with `Idempotency-Key`. */
    methods: defaulted(oneOf("safe", "all"), "safe"),
    /** Octets of a request's body that are kept for another attempt; a longer one is not tried again. Linkerd: 64 KiB. */
    bodyBytesMax: defaulted(integer({ minimum: 0, maximum: 16_777_216 }), 65_536),
  },
  notLonger("backoff", "backoffMax"),
);

const hedge = object({
  /** After so long without an answer another endpoint is asked too. */
  delay: defaulted(someTime, "100ms"),
  /** Attempts at a time, the first included. */
  attempts: defaulted(integer({ minimum: 2, maximum: 4 }), 2),
});

const budget = object({
  /** Share of a caller's requests that may be retries and hedges. Linkerd, GEP-3388: 20. */
  percent: defaulted(percent, 20),
  /** So many a second are free. */
  perSecondMin: defaulted(integer({ minimum: 0, maximum: 1_000_000 }), 10),
  window: defaulted(someTime, "10s"),
});

export const retryPolicySpec = object(
  { targetRefs: policyTargets, retry, hedge, budget },
  saysOneOf("retry", "hedge", "budget"),
  onServicesAlone("budget"),
);

const retryPolicyStatus = object({ conditions });

export type RetryPolicySpec = TypeOf<typeof retryPolicySpec>;
export type RetryPolicy = ResourceOf<
  "RetryPolicy",
  RetryPolicySpec,
  TypeOf<typeof retryPolicyStatus>
>;

/** `heddle.dev RetryPolicy`: which failed attempts are made again, and how many of them a caller may add. */
export const retryPolicyKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "RetryPolicy",
  plural: "retrypolicies",
  isNamespaced: true,
  spec: retryPolicySpec,
  status: retryPolicyStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "RETRIES", type: "number", value: (one) => specOf(one).retry?.attempts ?? null },
    { name: "CODES", type: "text", value: (one) => codesOf(specOf(one).retry) },
    { name: "HEDGE", type: "text", value: (one) => specOf(one).hedge?.delay ?? null },
    { name: "BUDGET", type: "text", value: (one) => budgetOf(specOf(one).budget) },
  ],
});

function codesOf(given: RetryPolicySpec["retry"]): string | null {
  if (given === undefined) return null;
  return [...(given.codes ?? []), ...(given.grpcCodes ?? [])].join(",");
}

function budgetOf(given: RetryPolicySpec["budget"]): string | null {
  if (given === undefined) return null;
  return `${given.percent}% + ${given.perSecondMin}/s`;
}

function specOf(resource: Resource): RetryPolicySpec {
  return resource.spec as RetryPolicySpec;
}
