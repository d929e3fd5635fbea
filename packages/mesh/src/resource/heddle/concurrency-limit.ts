import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { headerName } from "../schema/formats.ts";
import { defaulted, integer, object, type TypeOf } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { onServicesAlone, policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

const some = integer({ minimum: 1, maximum: 1_000_000 });

const adaptive = object(
  {
    /** Envoy `min_concurrency`. */
    min: defaulted(some, 3),
    /** Netflix concurrency-limits. */
    initial: defaulted(some, 20),
    /** Envoy `max_concurrency_limit`. */
    max: defaulted(some, 1000),
    /** Latency may grow to this share of what it is without load before the limit falls. Netflix: 150. */
    tolerancePercent: defaulted(integer({ minimum: 100, maximum: 1000 }), 150),
  },
  // A default gives way to what is said.
  ({ min, initial, max }, problems) => {
    if (min !== undefined && max !== undefined && min > max) {
      problems.add(`expected <= max, ${max}`, "min");
    }
    if (initial === undefined) return;
    if (min !== undefined && initial < min) problems.add(`expected >= min, ${min}`, "initial");
    if (max !== undefined && initial > max) problems.add(`expected <= max, ${max}`, "initial");
  },
);

export const concurrencyLimitSpec = object(
  {
    targetRefs: policyTargets,
    /** As many requests at a time as each process can take, found by its latency. */
    adaptive,
    /** Who is let in where not all can be: 9 before 0. Default 5. Said of a route, of its requests. */
    priority: integer({ minimum: 0, maximum: 9 }),
    /** A field of requests that says it instead, 0 to 9. */
    priorityHeader: headerName,
  },
  saysOneOf("adaptive", "priority", "priorityHeader"),
  onServicesAlone("adaptive", "priorityHeader"),
);

const concurrencyLimitStatus = object({ conditions });

export type ConcurrencyLimitSpec = TypeOf<typeof concurrencyLimitSpec>;
export type ConcurrencyLimit = ResourceOf<
  "ConcurrencyLimit",
  ConcurrencyLimitSpec,
  TypeOf<typeof concurrencyLimitStatus>
>;

/** `heddle.dev ConcurrencyLimit`: how many requests a process gets at a time, and which go first when there are more. */
export const concurrencyLimitKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "ConcurrencyLimit",
  plural: "concurrencylimits",
  isNamespaced: true,
  spec: concurrencyLimitSpec,
  status: concurrencyLimitStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "LIMIT", type: "text", value: (one) => rangeOf(specOf(one).adaptive) },
    { name: "PRIORITY", type: "number", value: (one) => specOf(one).priority ?? null },
    { name: "HEADER", type: "text", value: (one) => specOf(one).priorityHeader ?? null },
  ],
});

function rangeOf(given: ConcurrencyLimitSpec["adaptive"]): string | null {
  return given === undefined ? null : `${given.min ?? 3} to ${given.max ?? 1000}`;
}

function specOf(resource: Resource): ConcurrencyLimitSpec {
  return resource.spec as ConcurrencyLimitSpec;
}
