import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { apiGroup, duration, kindName, objectName, parseDurationMs } from "../schema/formats.ts";
import {
  defaulted,
  integer,
  list,
  object,
  type Rule,
  required,
  type TextSchema,
  type Typed,
  type TypeOf,
} from "../schema/schema.ts";
import { policyStatus, targetsColumn } from "./policy-status.ts";
import { sessionPersistence } from "./session-persistence.ts";

/** Kinds of the Gateway API that may still change. */
export const experimentalGroup = "gateway.networking.x-k8s.io";

/** A duration of so many ms at least, and an hour at most. */
function upToAnHour(leastMs: number, words: string): Typed<string, TextSchema> {
  const rule: Rule<string> = (value, problems) => {
    const valueMs = parseDurationMs(value) ?? 0;
    if (valueMs < leastMs || valueMs > 3_600_000) problems.add(`expected ${words}, got ${value}`);
  };
  return { ...duration, rules: [rule as Rule] };
}

const retryConstraint = object({
  budget: defaulted(
    object({
      percent: defaulted(integer({ minimum: 0, maximum: 100 }), 20),
      interval: defaulted(upToAnHour(1_000, "1s to 1h"), "10s"),
    }),
    { interval: "10s", percent: 20 },
  ),
  minRetryRate: defaulted(
    object({
      count: integer({ minimum: 1, maximum: 1_000_000 }),
      interval: upToAnHour(1, "more than 0s, to 1h"),
    }),
    { count: 10, interval: "1s" },
  ),
});

/** `gateway.networking.x-k8s.io/v1alpha1 XBackendTrafficPolicySpec`, whole (GEP-3388). */
export const backendTrafficPolicySpec = object({
  targetRefs: required(
    list(
      object({ group: required(apiGroup), kind: required(kindName), name: required(objectName) }),
      { minItems: 1, maxItems: 16, uniqueBy: ["group", "kind", "name"] },
    ),
  ),
  retryConstraint,
  sessionPersistence,
});

export type BackendTrafficPolicySpec = TypeOf<typeof backendTrafficPolicySpec>;
export type BackendTrafficPolicy = ResourceOf<
  "XBackendTrafficPolicy",
  BackendTrafficPolicySpec,
  TypeOf<typeof policyStatus>
>;

/** How many retries callers may add to a Service's load, and whether a client stays with an endpoint. */
export const backendTrafficPolicyKind = buildKind({
  group: experimentalGroup,
  version: "v1alpha1",
  kind: "XBackendTrafficPolicy",
  plural: "xbackendtrafficpolicies",
  shortNames: ["xbtrafficpolicy"],
  isNamespaced: true,
  spec: backendTrafficPolicySpec,
  status: policyStatus,
  columns: [
    targetsColumn(),
    {
      name: "BUDGET",
      type: "text",
      value: (resource) => {
        const { retryConstraint } = resource.spec as Partial<BackendTrafficPolicySpec>;
        const percent = retryConstraint?.budget?.percent;
        return percent === undefined ? null : `${percent}%`;
      },
    },
  ],
});
