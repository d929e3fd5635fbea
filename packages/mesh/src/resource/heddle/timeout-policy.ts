import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { duration } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import { object, type Rule, type TypeOf } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { notLonger, someTime } from "./policy-formats.ts";
import { onServicesAlone, policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

/** The fields that may be said of a rule; `0s`: no such limit, also where one is said of the route or the Service. */
export const timeoutFields = [
  "request",
  "attempt",
  "responseHeaders",
  "idle",
  "streamLifetime",
] as const;

export const timeoutPolicySpec = object(
  {
    targetRefs: policyTargets,
    /** A TCP and TLS handshake. Default 1s (Linkerd). */
    connect: someTime,
    /** The whole exchange, attempts included (Gateway API `timeouts.request`). */
    request: duration,
    /** One attempt, to the end of its reply's head (Gateway API `timeouts.backendRequest`, Envoy `per_try_timeout`). */
    attempt: duration,
    /** From the request's last octet to the reply's head. */
    responseHeaders: duration,
    /** Nothing moves either way for so long. */
    idle: duration,
    /** A stream, call or tunnel, whatever goes through it. */
    streamLifetime: duration,
  },
  saysOneOf("connect", ...timeoutFields),
  onServicesAlone("connect"),
  notLongerUnlessOff,
);

const timeoutPolicyStatus = object({ conditions });

export type TimeoutPolicySpec = TypeOf<typeof timeoutPolicySpec>;
export type TimeoutPolicy = ResourceOf<
  "TimeoutPolicy",
  TimeoutPolicySpec,
  TypeOf<typeof timeoutPolicyStatus>
>;

/** `heddle.dev TimeoutPolicy`: how long what may take. */
export const timeoutPolicyKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "TimeoutPolicy",
  plural: "timeoutpolicies",
  isNamespaced: true,
  spec: timeoutPolicySpec,
  status: timeoutPolicyStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "REQUEST", type: "text", value: (one) => specOf(one).request ?? null },
    { name: "ATTEMPT", type: "text", value: (one) => specOf(one).attempt ?? null },
    { name: "CONNECT", type: "text", value: (one) => specOf(one).connect ?? null },
    { name: "IDLE", type: "text", isWide: true, value: (one) => specOf(one).idle ?? null },
  ],
});

function notLongerUnlessOff(
  spec: { readonly request?: string; readonly attempt?: string },
  problems: Problems,
): void {
  // GEP-1742: 0s is no limit, and what is in it may be as long as it likes.
  if (spec.request !== undefined && /^(0+(h|m|s|ms))+$/.test(spec.request)) return;
  attemptInRequest(spec, problems);
}

const attemptInRequest: Rule<{ readonly request?: string; readonly attempt?: string }> = notLonger(
  "attempt",
  "request",
);

function specOf(resource: Resource): TimeoutPolicySpec {
  return resource.spec as TimeoutPolicySpec;
}
