import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { duration, objectName } from "../schema/formats.ts";
import {
  boolean,
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { percent } from "./policy-formats.ts";

/** What a Rollout may step, and the groups they are of. */
export const rolloutTargets = {
  HTTPRoute: "gateway.networking.k8s.io",
  GRPCRoute: "gateway.networking.k8s.io",
  TrafficSplit: "split.smi-spec.io",
  Service: "",
} as const;

const targetRef = object(
  {
    group: text(),
    kind: required(oneOf("HTTPRoute", "GRPCRoute", "TrafficSplit", "Service")),
    name: required(objectName),
    /** The rule: its name, or its index. Default: the only one that names both backends. */
    sectionName: text({ minLength: 1, maxLength: 253 }),
  },
  ({ group, kind, sectionName }, problems) => {
    const expected = rolloutTargets[kind];
    if (group !== undefined && group !== expected) {
      problems.add(`expected ${JSON.stringify(expected)}, the group of a ${kind}`, "group");
    }
    if (sectionName !== undefined && !kind.endsWith("Route")) {
      problems.add(`a ${kind} has no rules to name`, "sectionName");
    }
  },
);

const step = object({
  /** Percent of the requests that the canary gets. */
  weight: required(percent),
  /** How long it is watched before the next. */
  pause: defaulted(duration, "60s"),
});

/** A share of answers that are no failures: `99%`, `99.5%`. */
const percentage = text({
  pattern: /^(100|\d{1,2}(\.\d{1,2})?)%$/,
  words: "a percentage such as 99% or 99.5%",
});

const thresholds = object({
  /** Below this share of successes it goes back. */
  minSuccess: defaulted(percentage, "99%"),
  /** Above this latency to the reply's head, of 99 in 100 requests, it goes back. Default: it is not looked at. */
  maxLatencyP99: duration,
  /** Nothing is judged, and no step taken, before the canary has answered so many in this step. */
  minRequests: defaulted(integer({ minimum: 1, maximum: 1_000_000 }), 20),
});

export const rolloutSpec = object(
  {
    targetRef: required(targetRef),
    /** The Services of the two backends. Of an HTTPRoute's rule or a TrafficSplit they are all there are. */
    stable: required(objectName),
    canary: required(objectName),
    steps: required(list(step, { minItems: 1, maxItems: 64 })),
    thresholds: defaulted(thresholds, { minSuccess: "99%", minRequests: 20 }),
    /** No step is taken, and nothing is judged, while it is true. */
    paused: boolean(),
  },
  ({ stable, canary, steps }, problems) => {
    if (stable === canary) problems.add("expected another Service than stable", "canary");
    steps.forEach(({ weight }, index) => {
      if (weight < (steps[index - 1]?.weight ?? 0)) {
        problems.add(
          `expected at least ${steps[index - 1]!.weight}, as before it`,
          "steps",
          index,
          "weight",
        );
      }
    });
  },
);

const weights = object({ stable: required(integer()), canary: required(integer()) });

const rolloutStatus = object({
  phase: required(oneOf("Pending", "Progressing", "Paused", "RolledBack", "Promoted")),
  /** Index of the step that holds. */
  step: required(integer()),
  /** Percent that the canary gets by its word. */
  weight: required(integer()),
  /** Since when the step holds: what it is timed by, also across restarts. */
  stepStartedAt: required(text()),
  /** What the split said before the first step: where it goes back to. */
  startedFrom: required(weights),
  /** What it said when this Rollout wrote it last. */
  written: required(weights),
  /** Of what it was begun: a changed schedule or target begins anew. */
  plan: required(text()),
  /** What was seen of the canary, last. */
  requests: required(integer()),
  /** Absent: none was answered. */
  success: text(),
  latencyP99: text(),
  observedGeneration: integer(),
  conditions,
});

export type RolloutSpec = TypeOf<typeof rolloutSpec>;
export type RolloutStatus = TypeOf<typeof rolloutStatus>;
export type Rollout = ResourceOf<"Rollout", RolloutSpec, RolloutStatus>;

/** `heddle.dev Rollout`: steps a split by schedule, watches the new backend, and goes back by itself (Argo Rollouts, Flagger). */
export const rolloutKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Rollout",
  plural: "rollouts",
  isNamespaced: true,
  spec: rolloutSpec,
  status: rolloutStatus,
  columns: [
    { name: "TARGET", type: "text", value: (resource) => targetName(specOf(resource)) },
    { name: "STEP", type: "text", value: (resource) => stepName(resource) },
    {
      name: "WEIGHT",
      type: "text",
      value: (resource) => ifKnown(resource, ({ weight }) => `${weight}%`),
    },
    { name: "STATUS", type: "text", value: (resource) => statusOf(resource)?.phase ?? "Pending" },
    {
      name: "REQUESTS",
      type: "number",
      isWide: true,
      value: (resource) => ifKnown(resource, ({ requests }) => requests),
    },
    { name: "SUCCESS", type: "text", value: (resource) => statusOf(resource)?.success ?? null },
    { name: "P99", type: "text", value: (resource) => statusOf(resource)?.latencyP99 ?? null },
  ],
});

/** `HTTPRoute/front#0` */
function targetName({ targetRef: { kind, name, sectionName } }: RolloutSpec): string {
  return `${kind}/${name}${sectionName === undefined ? "" : `#${sectionName}`}`;
}

/** `2/3` */
function stepName(resource: Resource): string | null {
  const { steps } = specOf(resource);
  return ifKnown(resource, ({ step }) => `${Math.min(step + 1, steps.length)}/${steps.length}`);
}

function ifKnown<T>(resource: Resource, value: (status: RolloutStatus) => T): T | null {
  const status = statusOf(resource);
  return status === undefined ? null : value(status);
}

function specOf(resource: Resource): RolloutSpec {
  return resource.spec as RolloutSpec;
}

function statusOf(resource: Resource): RolloutStatus | undefined {
  return resource.status as RolloutStatus | undefined;
}
