import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { dnsLabel } from "../schema/formats.ts";
import { defaulted, integer, list, object, required, type TypeOf } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { serviceTargets, targetNames } from "./target.ts";

const percent = integer({ minimum: 0, maximum: 100 });

/** Faults that callers' proxies inject, for tests: the same seed and order of requests give the same faults. */
export const faultSpec = object(
  {
    targetRefs: serviceTargets,
    /** Names of workloads whose requests are hit. Default: all. */
    callers: list(dnsLabel, { minItems: 1, maxItems: 256, uniqueBy: [] }),
    seed: defaulted(integer({ minimum: 0 }), 0),
    /** So many of the requests wait so long before they are sent. */
    delay: object({
      percent: required(percent),
      milliseconds: required(integer({ minimum: 0, maximum: 3_600_000 })),
    }),
    /** The caller's connection is reset for so many, half of them before they are sent, half once they are answered. */
    reset: object({ percent: required(percent) }),
  },
  ({ delay, reset }, problems) => {
    if (delay === undefined && reset === undefined) problems.add("expected delay or reset");
  },
);

const faultStatus = object({ conditions });

export type FaultSpec = TypeOf<typeof faultSpec>;
export type Fault = ResourceOf<"Fault", FaultSpec, TypeOf<typeof faultStatus>>;

/** `heddle.dev Fault`: what `heddle verify --faults` makes while it drives. It goes with the workload that owns it. */
export const faultKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Fault",
  plural: "faults",
  isNamespaced: true,
  spec: faultSpec,
  status: faultStatus,
  columns: [
    { name: "SERVICE", type: "text", value: (resource) => targetNames(specOf(resource)) },
    { name: "DELAY", type: "text", value: (resource) => delayOf(specOf(resource)) },
    { name: "RESET", type: "text", value: (resource) => shareOf(specOf(resource).reset) },
    {
      name: "CALLERS",
      type: "text",
      value: (resource) => specOf(resource).callers?.join(",") ?? "all",
    },
  ],
});

function delayOf({ delay }: FaultSpec): string | null {
  return delay === undefined ? null : `${delay.milliseconds}ms for ${delay.percent}%`;
}

function shareOf(reset: FaultSpec["reset"]): string | null {
  return reset === undefined ? null : `${reset.percent}%`;
}

function specOf(resource: Resource): FaultSpec {
  return resource.spec as FaultSpec;
}
